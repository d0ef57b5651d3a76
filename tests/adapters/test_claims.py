"""Whatever a platform signs, reading it ends in a launch or in a refusal, and never in a crash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import ADAPTERS as ALL
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.errors import LaunchRejected
from tests.fakes.anything import ANYTHING
from tests.fakes.lti_platform import CLAIM, FORM, claims

OURS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("given_name", "family_name", "name", "email"), ANYTHING),
        **{f"{CLAIM}{name}": ANYTHING for name in ("lis", "custom", "ext", "launch_presentation", "context")},
        f"{CLAIM}roles": st.lists(st.text(max_size=20), max_size=3),
        "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": ANYTHING,
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": ANYTHING,
    },
)
ADAPTERS = [adapter for adapter in ALL if adapter.read_claims is not None and adapter.read_form is not None]


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
@given(changes=OURS)
def test_no_claims_are_so_strange_that_they_crash(adapter, changes) -> None:
    try:
        launch = adapter.read_claims(SignedClaims({**claims("n"), **changes}), adapter.settings())
    except LaunchRejected:
        return
    assert isinstance(launch, Launch)
    assert launch.student.student_id


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
@given(
    changes=st.dictionaries(st.sampled_from([*FORM, "custom_student_id", "ext_user_username"]), st.text(max_size=20))
)
def test_no_form_is_so_strange_that_it_crashes(adapter, changes) -> None:
    try:
        launch = adapter.read_form(SignedForm({**FORM, **changes}), adapter.settings())
    except LaunchRejected:
        return
    assert isinstance(launch, Launch)
    assert launch.student.student_id
