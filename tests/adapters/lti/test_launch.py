"""Any other platform: the student ID stands where the connection says, and nowhere else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapters.lti import ADAPTER
from adapters.lti.settings import Settings
from bridge.contracts import SignedClaims, SignedForm
from bridge.errors import LaunchRejected
from tests.fakes.lti_platform import FORM, claims


@pytest.mark.parametrize(
    ("student_id", "found"),
    [
        ("lis_person_sourcedid", "S000101"),
        ("user_id", "a445ca99-1a64"),
        ("email", "zoe@example.edu"),
        ("custom.student_id", "S000101"),
    ],
)
def test_an_id_token_is_read_where_the_connection_says(student_id: str, found: str) -> None:
    launch = ADAPTER.read_claims(SignedClaims(claims("n")), Settings(student_id=student_id))
    assert launch.student.student_id == found


@pytest.mark.parametrize(
    ("student_id", "found"),
    [
        ("lis_person_sourcedid", "S000101"),
        ("user_id", "123456"),
        ("email", "zoe@example.edu"),
        ("custom.Employee_Number", "77"),
    ],
)
def test_a_form_is_read_where_the_connection_says(student_id: str, found: str) -> None:
    form = SignedForm({**FORM, "custom_employee_number": "77"})
    assert ADAPTER.read_form(form, Settings(student_id=student_id)).student.student_id == found


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
