"""What a Moodle administrator enters: in the order of the form, and no more data than a launch needs."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.moodle import ADAPTER
from adapters.moodle.install import installation, registration_request
from adapters.moodle.settings import Settings
from bridge.install.guide import Addresses

PUBLIC = "https://bridge.example.edu"
HERE = Addresses(PUBLIC, "campus")
LTI11 = {"lti11": {"consumer_key": "the-key", "shared_secret": "the-secret"}}
STUDENT_IDS = ("idnumber", "username", "user_id", "email")


def settings(student_id: str = "idnumber", **more: Any) -> Settings:
    return Settings.model_validate({"student_id": student_id, **more})


def fields(student_id: str = "idnumber", addresses: Addresses = HERE, **more: Any) -> dict[str, str]:
    return {
        entry.label: entry.value for entry in installation(settings(student_id, **more), addresses).sections[0].entries
    }


def test_the_fields_stand_in_the_order_of_the_form() -> None:
    assert list(fields()) == [
        "Tool name",
        "Tool URL",
        "Tool description",
        "LTI version",
        "Public key type",
        "Public keyset",
        "Initiate login URL",
        "Redirection URI(s)",
        "Custom parameters",
        "Tool configuration usage",
        "Default launch container",
        "Supports Deep Linking (Content-Item Message)",
        "Icon URL",
        "IMS LTI Assignment and Grade Services",
        "IMS LTI Names and Role Provisioning",
        "Tool Settings",
        "Share launcher's name with tool",
        "Share launcher's email with tool",
        "Accept grades from the tool",
        "Force SSL",
    ]


def test_the_addresses_are_those_of_the_connection() -> None:
    entered = fields()
    assert entered["Tool URL"] == entered["Redirection URI(s)"] == f"{PUBLIC}/lti/campus/launch"
    assert entered["Initiate login URL"] == f"{PUBLIC}/lti/campus/login"
    assert entered["Public keyset"] == f"{PUBLIC}/lti/jwks.json"


@pytest.mark.parametrize("student_id", STUDENT_IDS)
def test_an_email_address_is_shared_only_where_it_is_the_student_id(student_id: str) -> None:
    entered = fields(student_id)
    assert entered["Share launcher's name with tool"] == "Always"
    assert entered["Share launcher's email with tool"] == ("Always" if student_id == "email" else "Never")
    assert ("email" in registration_request(student_id, HERE).claims) is (student_id == "email")


def test_a_teacher_can_pick_a_course_only_where_there_are_courses() -> None:
    picking = fields(addresses=Addresses(PUBLIC, "campus", courses=True))
    assert fields()["Supports Deep Linking (Content-Item Message)"] == "No"
    assert picking["Supports Deep Linking (Content-Item Message)"] == "Yes"
    assert picking["Content Selection URL"] == f"{PUBLIC}/lti/campus/launch"


def test_grades_are_switched_on_only_where_ottolearn_tells_us_of_them() -> None:
    graded = Addresses(PUBLIC, "campus", grades=True)
    service, accepted = "IMS LTI Assignment and Grade Services", "Accept grades from the tool"
    assert (fields()[service], fields()[accepted]) == ("Do not use this service", "Never")
    assert (fields(addresses=graded)[service], fields(addresses=graded)[accepted]) == (
        "Use this service for grade sync only",
        "Always",
    )
    old = fields(addresses=graded, **LTI11)
    assert (old[service], old[accepted]) == ("Do not use this service", "Always")


@pytest.mark.parametrize(("key", "warned"), [("the-key", False), ("r&d-key", True), ("a<b", True)])
def test_a_key_by_which_moodle_takes_no_grades_is_told_without_showing_it(key: str, warned: bool) -> None:
    old = settings(lti11={"consumer_key": key, "shared_secret": "the-secret"})
    entries = {entry.label: entry for entry in installation(old, HERE).sections[0].entries}
    assert ("takes no grades" in entries["Consumer key"].note) is warned
    assert key not in str(entries)


def test_a_bridge_that_is_tried_out_by_plain_http_is_not_forced_to_https() -> None:
    assert fields(addresses=Addresses("http://127.0.0.1:8000", "campus"))["Force SSL"] == "No"
    assert fields()["Force SSL"] == "Yes"


def test_lti_11_gets_the_place_of_the_secret_and_not_the_secret() -> None:
    entered = fields(**LTI11)
    assert entered["LTI version"] == "LTI 1.0/1.1"
    assert entered["Shared secret"] == "connections.campus.lti11.shared_secret in config.yaml"
    guide = str(installation(settings(**LTI11), HERE))
    assert "the-secret" not in guide
    assert "the-key" not in guide


def test_both_versions_have_a_section_each() -> None:
    lti13 = {"issuer": "https://own.example.edu", "client_id": "own-client", "deployment_ids": ["7"]}
    lti13 |= {"auth_url": "https://own.example.edu/a", "jwks_url": "https://own.example.edu/j"}
    guide = installation(settings(lti13=lti13, **LTI11), HERE)
    assert [section.title for section in guide.sections] == [
        "External tool configuration (LTI 1.3)",
        "What to bring back",
        "External tool configuration (LTI 1.1)",
        "Activity",
    ]
    assert "own.example.edu" not in str(guide)


def test_the_adapter_offers_both() -> None:
    assert ADAPTER.installation is installation
    assert ADAPTER.registration_request is registration_request
