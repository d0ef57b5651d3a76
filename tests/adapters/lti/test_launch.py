"""Any other platform: the student ID stands where the connection says, and nowhere else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapters.lti import ADAPTER
from adapters.lti.launch import BRIGHTSPACE
from adapters.lti.settings import Settings
from bridge.contracts import Assurance, SignedClaims, SignedForm
from bridge.errors import LaunchRejected
from tests.fakes.lti_platform import FORM, claims


@pytest.mark.parametrize(
    ("student_id", "found"),
    [
        ("lis_person_sourcedid", "S000101"),
        ("user_id", "a445ca99-1a64"),
        ("email", "zoe@example.edu"),
        ("custom.course_level", "1"),
        ("preferred_username", "zoe"),
        ("org_defined_id", "D2L-7"),
        ("d2l_username", "zoe.d2l"),
    ],
)
def test_an_id_token_is_read_where_the_connection_says(student_id: str, found: str) -> None:
    own = {"preferred_username": "zoe", BRIGHTSPACE: {"username": "zoe.d2l", "org_defined_id": "D2L-7"}}
    launch = ADAPTER.read_claims(SignedClaims({**claims("n"), **own}), Settings(student_id=student_id))
    assert launch.student.student_id == found
    assert launch.assurance == (Assurance.CLAIMED if student_id.startswith("custom.") else Assurance.SIGNED)
    assert launch.record == "a445ca99-1a64"


@pytest.mark.parametrize(
    ("student_id", "found"),
    [
        ("lis_person_sourcedid", "S000101"),
        ("user_id", "123456"),
        ("email", "zoe@example.edu"),
        ("custom.Employee_Number", "77"),
        ("org_defined_id", "D2L-7"),
        ("d2l_username", "zoe.d2l"),
    ],
)
def test_a_form_is_read_where_the_connection_says(student_id: str, found: str) -> None:
    own = {"ext_d2l_orgdefinedid": "D2L-7", "ext_d2l_username": "zoe.d2l", "custom_employee_number": "77"}
    launch = ADAPTER.read_form(SignedForm({**FORM, **own}), Settings(student_id=student_id))
    assert launch.student.student_id == found
    assert launch.assurance == (Assurance.CLAIMED if student_id.startswith("custom.") else Assurance.SIGNED)
    assert launch.record == "123456"


@pytest.mark.parametrize(
    ("inside", "outside", "found"),
    [
        ({"org_defined_id": "D2L-7"}, None, "D2L-7"),
        ({"org_defined_id": "D2L-7"}, {"org_defined_id": "D2L-7"}, "D2L-7"),
        ({"org_defined_id": "D2L-7"}, {"org_defined_id": "D2L-8"}, "identity_contradiction"),
        ("text", ["D2L-7"], "student_id_missing"),
    ],
)
def test_brightspace_s_own_claim_is_found_where_brightspace_puts_it(
    inside: object, outside: object, found: str
) -> None:
    payload = claims("n", launch_presentation={BRIGHTSPACE: inside}) | {BRIGHTSPACE: outside}
    settings = Settings(student_id="org_defined_id")
    try:
        said = ADAPTER.read_claims(SignedClaims(payload), settings).student.student_id
    except LaunchRejected as error:
        said = error.reason
    assert said == found


def test_a_field_that_is_not_there_is_nobody() -> None:
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        ADAPTER.read_claims(SignedClaims(claims("n")), Settings(student_id="custom.other"))
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        ADAPTER.read_form(SignedForm({}), Settings(student_id="custom.other"))


@pytest.mark.parametrize("student_id", ["", "sub", "custom.", "custom", "custom.a b", "custom.é"])
def test_a_field_that_no_launch_has_is_a_mistake_in_the_configuration(student_id: str) -> None:
    with pytest.raises(ValidationError):
        Settings(student_id=student_id)


def test_roles_are_a_list_however_they_are_written() -> None:
    launch = ADAPTER.read_form(SignedForm({**FORM, "roles": "Instructor, urn:lti:role:ims/lis/Learner,,"}), Settings())
    assert launch.roles == ("Instructor", "urn:lti:role:ims/lis/Learner")


PLATFORM = {
    "issuer": "https://lms.example.edu",
    "client_id": "client-1",
    "deployment_ids": ["1"],
    "auth_url": "https://sso.example.edu/auth",
    "token_url": "https://lms.example.edu/token",
    "jwks_url": "https://lms.example.edu/jwks",
}
SERVICE = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"


def course(address: object, **keys: object) -> str:
    said = SignedClaims({**claims("n"), SERVICE: {"context_memberships_url": address}})
    assert ADAPTER.read_course is not None
    return ADAPTER.read_course(said, Settings.model_validate({"lti13": PLATFORM, **keys}))


def test_a_launch_tells_where_the_members_of_its_course_are_listed() -> None:
    assert course("https://lms.example.edu/courses/5/members") == "https://lms.example.edu/courses/5/members"
    assert course("https://LMS.example.edu:443/c/5") == "https://LMS.example.edu:443/c/5"
    assert course("https://sso.example.edu/c/5") == "https://sso.example.edu/c/5"


@pytest.mark.parametrize(
    "address",
    [
        *["https://evil.example.com/members", "http://lms.example.edu/members", "https://lms.example.edu:8443/members"],
        *["https://lms.example.edu@evil.example.com/", "//lms.example.edu/m", "javascript:alert(1)", "", None, 7],
        *["https://lms.example.edu/" + "x" * 1000, "https://lms.example.edu/\u202e", "https://[lms.example.edu/"],
    ],
)
def test_a_member_list_on_another_site_is_never_asked_with_our_token(address: object) -> None:
    assert course(address) == ""


def test_a_site_of_the_platform_may_be_named() -> None:
    address = "https://school.example.com/learn/api/v1/lti/7/members"
    assert course(address) == ""
    assert course(address, services_at=["https://school.example.com"]) == address


def test_custom_fields_are_asked_for_by_a_link_of_the_course() -> None:
    address = "https://lms.example.edu/c/5"
    found = course(address, student_id="custom.number")
    assert found.startswith(f"{address}?rlid=")
    assert course(f"{address}?a=1", student_id="custom.number").startswith(f"{address}?a=1&rlid=")


def test_a_launch_without_the_service_tells_of_no_course() -> None:
    settings = Settings.model_validate({"lti13": PLATFORM})
    for said in (claims("n"), {**claims("n"), SERVICE: "https://lms.example.edu/c/5"}):
        assert ADAPTER.read_course(SignedClaims(said), settings) == ""
    with_service = SignedClaims({**claims("n"), SERVICE: {"context_memberships_url": "https://lms.example.edu/c"}})
    assert ADAPTER.read_course(with_service, Settings()) == ""
