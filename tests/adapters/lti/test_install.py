"""The sheet for a platform whose forms we do not know: addresses, and the fields that must be sent."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.lti import ADAPTER
from adapters.lti.install import installation, registration_request
from adapters.lti.launch import CLAIMS, FIELDS
from adapters.lti.settings import Settings
from bridge.install.guide import Addresses
from bridge.lti.grades import SCORE_SCOPE
from bridge.lti.student import CLAIM

PUBLIC = "https://bridge.example.edu"
HERE = Addresses(PUBLIC, "campus")
LTI11 = {"lti11": {"consumer_key": "the-key", "shared_secret": "the-secret"}}


def entries(student_id: str = "user_id", addresses: Addresses = HERE, **more: Any) -> dict[str, str]:
    guide = installation(Settings.model_validate({"student_id": student_id, **more}), addresses)
    return {entry.label: entry.value for entry in guide.sections[0].entries}


@pytest.mark.parametrize("student_id", [*CLAIMS, "custom.student_no"])
def test_the_claim_of_the_student_id_is_named(student_id: str) -> None:
    place = CLAIMS.get(student_id, ("custom", "student_no"))
    claim = place[0] if len(place) == 1 else f"{CLAIM}{place[0]}, member {place[1]}"
    assert entries(student_id)["Claims that must be sent"].endswith(f", {claim}")


@pytest.mark.parametrize("student_id", [*FIELDS, "custom.Student_no"])
def test_the_field_of_the_student_id_is_named(student_id: str) -> None:
    field = FIELDS.get(student_id, "custom_student_no")
    assert entries(student_id, **LTI11)["Fields that must be sent"].endswith(f", {field}")


def test_a_custom_field_is_entered_by_name() -> None:
    assert entries("custom.student_no")["Custom parameter"] == "student_no="
    assert "Custom parameter" not in entries()


def test_the_addresses_are_those_of_the_connection() -> None:
    entered = entries()
    assert entered["Redirect URI"] == entered["Target link URI (launch URL)"] == f"{PUBLIC}/lti/campus/launch"
    assert entered["Initiate login URL (OIDC initiation)"] == f"{PUBLIC}/lti/campus/login"
    assert entered["JWKS URL (public keyset)"] == f"{PUBLIC}/lti/jwks.json"
    assert entered["Domain"] == "bridge.example.edu"


def test_a_teacher_can_pick_a_course_only_where_there_are_courses() -> None:
    assert entries()["Messages"] == "LtiResourceLinkRequest"
    assert entries()["Deep linking URL"] == ""
    picking = entries(addresses=Addresses(PUBLIC, "campus", courses=True))
    assert picking["Messages"] == "LtiResourceLinkRequest, LtiDeepLinkingRequest"
    assert picking["Deep linking URL"] == f"{PUBLIC}/lti/campus/launch"
    label = "Content selection URL (ContentItemSelectionRequest)"
    assert entries(addresses=Addresses(PUBLIC, "campus", courses=True), **LTI11)[label] == f"{PUBLIC}/lti/campus/launch"
    assert label not in entries(**LTI11)


def test_whoever_wants_a_roster_of_the_courses_is_told_which_service_to_switch_on() -> None:
    assert entries()["Services"].startswith("None; Names and Role Provisioning")


def test_whoever_gives_grades_is_told_which_service_to_switch_on() -> None:
    graded = entries(addresses=Addresses(PUBLIC, "campus", grades=True))["Services"]
    assert graded.startswith(f"Assignment and Grade Services with the scope {SCORE_SCOPE}; Names and Role")


def test_the_sheet_holds_no_secret() -> None:
    guide = str(installation(Settings.model_validate(LTI11), HERE))
    assert "the-secret" not in guide
    assert "the-key" not in guide


@pytest.mark.parametrize("student_id", ["user_id", "email"])
def test_an_email_address_is_asked_for_only_where_it_is_the_student_id(student_id: str) -> None:
    assert ("email" in registration_request(student_id, HERE).claims) is (student_id == "email")


def test_the_adapter_offers_both() -> None:
    assert ADAPTER.installation is installation
    assert ADAPTER.registration_request is registration_request
