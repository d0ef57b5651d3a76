"""Every launch in the Canvas samples, and what Canvas does when it knows no id: nobody becomes somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.canvas import ADAPTER
from adapters.canvas.settings import Settings
from bridge.contracts import Assurance, Kind, SignedClaims, SignedForm
from bridge.errors import LaunchRejected
from bridge.lti import v11, v13
from bridge.lti.settings import Lti11, Lti13
from bridge.lti.state import States, cookie_names
from tests.fakes.lti_platform import CLAIM, FORM, KEY, LAUNCH_URL, NOW, SETTINGS, claims, post, token

LTI11 = Lti11.model_validate({"consumer_key": "bridge-key", "shared_secret": "bridge-secret-synthetic"})
MISSING = "student_id_missing"


def read13(payload: Any, student_id: str) -> tuple[str, ...]:
    try:
        return tuple(ADAPTER.read_claims(SignedClaims(payload), Settings(student_id=student_id)).student)
    except LaunchRejected as error:
        return (error.reason,)


def read11(sample: Any, student_id: str, url: str = "") -> tuple[str, ...]:
    fields = list(sample["params"].items())
    now = float(sample["params"]["oauth_timestamp"])
    form = v11.verify(post(url or sample["_launch_url"], fields), LTI11, now=now, consume=lambda key, until: True)
    try:
        return tuple(ADAPTER.read_form(form, Settings(student_id=student_id)).student)
    except LaunchRejected as error:
        return (error.reason,)


AVERY = ("Avery", "Testcase")
NAMELESS = ("", "")
SIS = {"person_sourcedid": "S1"}


@pytest.mark.parametrize(
    ("sample", "student_id", "tuple_"),
    [
        ("public", "sis_user_id", ("S000101", *AVERY)),
        ("public", "integration_id", ("INT-101", *AVERY)),
        ("public", "login_id", ("atestcase", *AVERY)),
        ("public", "canvas_user_id", ("101", *AVERY)),
        ("public", "email", ("avery.testcase@example.edu", *AVERY)),
        ("name_only", "sis_user_id", ("S000101", *AVERY)),
        ("name_only", "email", (MISSING,)),
        ("email_only", "sis_user_id", ("S000101", *NAMELESS)),
        ("anonymous", "sis_user_id", ("S000101", *NAMELESS)),
        ("anonymous", "email", (MISSING,)),
        ("no_pseudonym_literal", "sis_user_id", (MISSING,)),
        ("no_pseudonym_literal", "login_id", (MISSING,)),
        ("no_sis_id_null_and_int", "sis_user_id", (MISSING,)),
    ],
)
def test_a_sampled_id_token_is_the_person_or_nobody(
    canvas_samples: Path, sample: str, student_id: str, tuple_: tuple[str, ...]
) -> None:
    payload = msgspec.json.decode((canvas_samples / f"lti13_id_token_{sample}.json").read_bytes())
    assert read13(payload, student_id) == tuple_


@pytest.mark.parametrize(
    ("sample", "student_id", "tuple_"),
    [
        ("public", "sis_user_id", ("S000101", *AVERY)),
        ("public", "integration_id", ("INT-101", *AVERY)),
        ("public", "login_id", ("atestcase", *AVERY)),
        ("public", "canvas_user_id", ("101", *AVERY)),
        ("public", "email", ("avery.testcase@example.edu", *AVERY)),
        ("name_only", "sis_user_id", ("S000101", *AVERY)),
        ("email_only", "sis_user_id", ("S000101", *NAMELESS)),
        ("anonymous", "sis_user_id", ("S000101", *NAMELESS)),
        ("no_pseudonym_literal", "sis_user_id", (MISSING,)),
        ("no_sis_id_empty", "sis_user_id", (MISSING,)),
    ],
)
def test_a_sampled_lti11_launch_is_the_person_or_nobody(
    canvas_samples: Path, sample: str, student_id: str, tuple_: tuple[str, ...]
) -> None:
    found = msgspec.json.decode((canvas_samples / f"lti11_launch_{sample}.json").read_bytes())
    assert read11(found, student_id) == tuple_


def test_the_sampled_query_string_quirk_is_understood(canvas_samples: Path) -> None:
    found = msgspec.json.decode((canvas_samples / "lti11_launch_query_string_quirk.json").read_bytes())
    assert read11(found, "sis_user_id", found["_launch_url"])[0] == "S000101"


@pytest.mark.parametrize(
    "sample",
    ["public", "name_only", "email_only", "anonymous", "no_pseudonym_literal", "no_sis_id_null_and_int"],
)
def test_a_sampled_id_token_passes_every_check(canvas_samples: Path, sample: str) -> None:
    payload = msgspec.json.decode((canvas_samples / f"lti13_id_token_{sample}.json").read_bytes())
    states, now, audience = States("k" * 32), float(payload["iat"]), payload["aud"]
    settings = Lti13(
        issuer=payload["iss"],
        client_id=audience if isinstance(audience, str) else audience[0],
        deployment_ids=(payload[f"{CLAIM}deployment_id"],),
        auth_url="https://sso.canvaslms.com/api/lti/authorize_redirect",
        jwks_url="https://sso.canvaslms.com/api/lti/security/jwks",
    )
    state = states.make("campus", payload["nonce"], "secret", now)
    verified = v13.verify(
        post(
            payload[f"{CLAIM}target_link_uri"],
            [("id_token", token(payload)), ("state", state)],
            {cookie_names(payload["nonce"])[0]: "secret"},
        ),
        settings,
        "campus",
        states=states,
        find_key=lambda *_: KEY,
        consume=lambda *_: True,
        now=now,
    )
    assert verified == (payload, None)


@pytest.mark.parametrize("sample", ["launch_no_longer_valid", "response", "unauthorized_client"])
def test_a_sampled_refusal_is_told_in_canvas_own_words(canvas_samples: Path, sample: str) -> None:
    said = msgspec.json.decode((canvas_samples / f"lti13_auth_error_{sample}.json").read_bytes())
    states = States("k" * 32)
    posted = {**said, "state": states.make("campus", "nonce", "secret", NOW)}
    with pytest.raises(LaunchRejected) as caught:
        v13.verify(
            post(LAUNCH_URL, list(posted.items())),
            SETTINGS,
            "campus",
            states=states,
            find_key=lambda *_: KEY,
            consume=lambda *_: True,
            now=NOW,
        )
    assert caught.value.reason == "platform_error"
    assert caught.value.detail == f"{said['error']}: {said['error_description']}"


def test_a_number_is_the_same_id_as_its_digits() -> None:
    assert read13(claims("n", custom={"canvas_user_id": 2}), "canvas_user_id")[0] == "2"


def test_another_id_never_stands_in_for_the_one_that_was_asked_for() -> None:
    payload = claims("n", custom={"login_id": "zoe", "canvas_user_id": "7"}, lis={"person_sourcedid": None})
    assert read13(payload, "sis_user_id") == (MISSING,)
    assert read13(claims("n", custom={}), "login_id") == (MISSING,)


def test_objects_that_are_no_objects_do_not_crash() -> None:
    assert read13(claims("n", custom="text", lis=[1]), "sis_user_id") == (MISSING,)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"custom": {"sortable_name": "Fixture, Cleo, Jr."}}, ("Cleo", "Fixture")),
        ({"custom": {"sortable_name": "Sample, Thi Vi"}, "name": "Thi Vi Sample"}, ("Thi", "Sample")),
        ({"custom": {"sortable_name": "Mononym"}}, ("Mononym", "")),
        ({"custom": {"sortable_name": "$com.instructure.Person.name_sortable"}, "name": "Bo Jr."}, ("Bo", "")),
        ({"custom": {"sortable_name": None}, "name": "Avery Testcase Esquire."}, ("Avery", "Testcase")),
        ({"custom": {"sortable_name": "Fixture, Cleo"}, "given_name": "Solo"}, ("Solo", "")),
        ({"custom": {"sortable_name": 7}}, ("7", "")),
        ({"custom": {}}, NAMELESS),
    ],
)
def test_a_launch_and_the_roster_do_not_overwrite_each_others_names(
    said: dict[str, Any], names: tuple[str, str]
) -> None:
    given = {"given_name": None, "family_name": None, "name": None, **said}
    custom = given.pop("custom")
    assert read13(claims("n", custom=custom, lis=SIS, **given), "sis_user_id") == ("S1", *names)
    fields = {f"custom_{name}": str(value) for name, value in custom.items() if value is not None}
    fields |= {
        "lis_person_sourcedid": "S1",
        "lis_person_name_given": given["given_name"] or "",
        "lis_person_name_family": given["family_name"] or "",
        "lis_person_name_full": given["name"] or "",
    }
    assert tuple(ADAPTER.read_form(SignedForm({**FORM, **fields}), Settings()).student) == ("S1", *names)


def test_a_launch_knows_its_way_back_its_roles_and_who_vouches_for_it() -> None:
    launch = ADAPTER.read_claims(SignedClaims(claims("n")), Settings())
    assert (launch.kind, launch.assurance) == (Kind.LTI13, Assurance.SIGNED)
    assert launch.return_url == "https://lms.example.edu/courses/5"
    assert launch.roles == ("http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",)


@pytest.mark.parametrize(
    ("custom", "reason"),
    [
        ({"student_view": "true"}, "test_student"),
        ({"student_view": True}, "test_student"),
        ({"masquerading_user_id": "7"}, "masquerade"),
        ({"masquerading_user_id": 7}, "masquerade"),
    ],
)
def test_whoever_is_not_themselves_is_refused_or_marked(custom: dict[str, Any], reason: str) -> None:
    payload = SignedClaims(claims("n", custom=custom, lis=SIS))
    with pytest.raises(LaunchRejected, match=reason):
        ADAPTER.read_claims(payload, Settings())
    assert ADAPTER.read_claims(payload, Settings(impersonation="mark")).remark
    form = SignedForm({**FORM, **{f"custom_{name}": str(value).lower() for name, value in custom.items()}})
    with pytest.raises(LaunchRejected, match=reason):
        ADAPTER.read_form(form, Settings())


@pytest.mark.parametrize(
    "custom",
    [
        {"student_view": "$com.instructure.User.student_view", "masquerading_user_id": "$Canvas.masqueradingUser.id"},
        {"student_view": "false", "masquerading_user_id": ""},
        {"student_view": None, "masquerading_user_id": None},
    ],
)
def test_everybody_else_is_themselves(custom: dict[str, Any]) -> None:
    payload = SignedClaims(claims("n", custom=custom, lis=SIS))
    assert ADAPTER.read_claims(payload, Settings()).remark == ""


@pytest.mark.parametrize("field", ["roles", "ext_roles"])
def test_the_test_student_of_lti11_is_nobody_whatever_a_link_says(field: str) -> None:
    role = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
    form = SignedForm({**FORM, "custom_student_view": "false", field: f"Learner, {role}"})
    with pytest.raises(LaunchRejected, match="test_student"):
        ADAPTER.read_form(form, Settings())
