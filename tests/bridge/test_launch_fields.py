"""Two fields of one launch that differ in letter case: one person or two, as the connection says."""

from __future__ import annotations

import pytest

from adapters.canvas import ADAPTER
from adapters.canvas.settings import Settings
from bridge.contracts import Connection, Launch, Learner, Match, SignedClaims, SignedForm
from bridge.launch.redirect import SignInRedirect
from bridge.launch.service import LaunchResult, LaunchService
from tests.fakes.lti_platform import FORM, claims


def by_lti13(lis: str, custom: str) -> Launch:
    assert ADAPTER.read_claims is not None
    payload = claims("n", lis={"person_sourcedid": lis}, custom={"student_id": custom})
    return ADAPTER.read_claims(SignedClaims(payload), Settings())


def by_lti11(lis: str, custom: str) -> Launch:
    assert ADAPTER.read_form is not None
    form = {**FORM, "lis_person_sourcedid": lis, "custom_student_id": custom}
    return ADAPTER.read_form(SignedForm(form), Settings())


def admit(launch: Launch, *, ignore_case: bool) -> LaunchResult:
    launches = LaunchService(
        find=lambda name, launch, student_id: Match(Learner(1, True, {"username": student_id}), "username"),
        record=lambda line: None,
        now=lambda: 1.0,
        reference=lambda: "reference",
        pseudonym_key=b"key",
        policy=lambda name: Connection("campus", ADAPTER, Settings(), ignore_case=ignore_case),
    )
    return launches.complete("campus", launch, lambda match, launch: SignInRedirect("https://learn.example.com"))


@pytest.mark.parametrize("read", [by_lti13, by_lti11])
@pytest.mark.parametrize(
    ("custom", "ignore_case", "reason"),
    [("abc-9", True, ""), ("abc-9", False, "identity_contradiction"), ("ABC-9", False, "")],
)
def test_letter_case_is_a_contradiction_only_where_it_counts(read, custom: str, ignore_case: bool, reason: str) -> None:
    assert admit(read("ABC-9", custom), ignore_case=ignore_case).reason == reason
