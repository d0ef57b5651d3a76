"""What a Canvas administrator pastes: the fields that a launch reads, and no more data than that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters.canvas import ADAPTER
from adapters.canvas.install import (
    IMPERSONATION,
    NAME,
    VARIABLES,
    cartridge,
    custom_fields,
    developer_key,
    installation,
    privacy_level,
    registration_request,
)
from adapters.canvas.launch import PLACES
from adapters.canvas.settings import Settings
from bridge.install.guide import Addresses
from bridge.lti.grades import SCORE_SCOPE

PUBLIC = "https://bridge.example.edu:8443"
HERE = Addresses(PUBLIC, "campus")
WITH_GRADES = Addresses(PUBLIC, "campus", grades=True)
WITH_COURSES = Addresses(PUBLIC, "campus", courses=True)
LTI11 = {"lti11": {"consumer_key": "the-key", "shared_secret": "the-secret"}}
STUDENT_IDS = ("sis_user_id", "integration_id", "login_id", "canvas_user_id", "email")
NAMES = {
    None: "http://www.imsglobal.org/xsd/imslticc_v1p0",
    "blti": "http://www.imsglobal.org/xsd/imsbasiclti_v1p0",
    "lticm": "http://www.imsglobal.org/xsd/imslticm_v1p0",
}
OTHERS = {**NAME, **IMPERSONATION}
by_student_id = pytest.mark.parametrize("student_id", STUDENT_IDS)


def settings(student_id: str = "sis_user_id", **more: Any) -> Settings:
    return Settings.model_validate({"student_id": student_id, **more})


def parsed(student_id: str = "sis_user_id", addresses: Addresses = HERE) -> Any:
    return etree.fromstring(cartridge(settings(student_id, **LTI11), addresses).encode())


def properties(parent: Any, path: str) -> dict[str, str]:
    found = parent.xpath(f"{path}/lticm:property", namespaces={key: value for key, value in NAMES.items() if key})
    return {element.get("name"): element.text for element in found}


@by_student_id
def test_every_custom_field_is_one_that_a_launch_reads(student_id: str) -> None:
    for name in VARIABLES[student_id]:
        assert name in PLACES[student_id].custom


@by_student_id
def test_a_student_id_that_canvas_does_not_send_by_itself_is_asked_for(student_id: str) -> None:
    assert bool(VARIABLES[student_id]) is not bool(PLACES[student_id].platform)


@by_student_id
def test_no_more_is_asked_for_than_the_id_and_the_name(student_id: str) -> None:
    key = developer_key(settings(student_id), HERE)
    level = "public" if student_id == "email" else "name_only"
    assert key["extensions"][0]["privacy_level"] == level == privacy_level(student_id)
    assert len(key["custom_fields"].keys() - OTHERS.keys()) <= 1
    assert key["scopes"] == []
    assert developer_key(settings(student_id), WITH_GRADES)["scopes"] == [SCORE_SCOPE]


def test_the_sis_id_is_not_asked_for_where_a_course_author_could_set_it() -> None:
    assert VARIABLES["sis_user_id"] == {}
    assert properties(parsed(), "blti:extensions")["privacy_level"] == "public"  # LTI 1.1 sends its own field only then


@by_student_id
def test_the_sheet_says_what_an_id_is_worth_that_a_course_author_can_write(student_id: str) -> None:
    titles = [section.title for section in installation(settings(student_id), HERE).sections]
    assert ("Who can write the student ID" in titles) is bool(VARIABLES[student_id])


def test_the_developer_key_has_what_canvas_demands() -> None:
    key = developer_key(settings(), HERE)
    assert key["oidc_initiation_url"] == f"{PUBLIC}/lti/campus/login"
    assert key["target_link_uri"] == f"{PUBLIC}/lti/campus/launch"
    assert key["public_jwk_url"] == f"{PUBLIC}/lti/jwks.json"
    assert key["extensions"][0]["platform"] == "canvas.instructure.com"
    assert key["extensions"][0]["domain"] == "bridge.example.edu:8443"
    assert key["title"]
    assert key["description"]


def test_the_developer_key_has_the_shape_of_canvas_own_documentation(canvas_samples: Path) -> None:
    sample = json.loads((canvas_samples / "developer_key_config.json").read_text("utf-8"))
    ours = developer_key(settings(), WITH_COURSES)
    assert set(ours) <= set(sample)
    assert set(ours["extensions"][0]) <= set(sample["extensions"][0])
    assert ours["custom_fields"].items() - OTHERS.items() <= set(sample["custom_fields"].items())


def test_a_teacher_can_pick_a_course_only_where_there_are_courses() -> None:
    def messages(addresses: Addresses) -> set[str]:
        placements = developer_key(settings(), addresses)["extensions"][0]["settings"]["placements"]
        return {placement["message_type"] for placement in placements}

    assert messages(HERE) == {"LtiResourceLinkRequest"}
    assert messages(WITH_COURSES) == {"LtiResourceLinkRequest", "LtiDeepLinkingRequest"}


@by_student_id
def test_the_cartridge_asks_for_the_same_as_the_key(student_id: str) -> None:
    root = parsed(student_id)
    assert root.tag == f"{{{NAMES[None]}}}cartridge_basiclti_link"
    assert properties(root, "blti:custom") == custom_fields(student_id)
    level = "public" if student_id == "sis_user_id" else privacy_level(student_id)
    assert properties(root, "blti:extensions")["privacy_level"] == level
    assert properties(root, "blti:extensions")["domain"] == "bridge.example.edu:8443"
    assert root.findtext("blti:launch_url", namespaces=NAMES) == f"{PUBLIC}/lti/campus/launch"


def test_the_cartridge_has_the_shape_of_canvas_own_documentation(canvas_samples: Path) -> None:
    def shape(root: Any) -> set[str]:
        return {element.tag for element in root.iter()}

    sample = etree.parse(canvas_samples / "lti11_cartridge.xml").getroot()
    assert shape(parsed()) == shape(sample)
    assert properties(parsed(), "blti:custom").items() - OTHERS.items() <= properties(sample, "blti:custom").items()


def test_an_ampersand_in_an_address_does_not_break_the_cartridge() -> None:
    odd = Addresses("https://bridge.example.edu", "a&b<c")
    assert parsed(addresses=odd).findtext("blti:launch_url", namespaces=NAMES).endswith("/lti/a&b<c/launch")


def test_the_sheet_holds_no_secret() -> None:
    guide = str(installation(settings(**LTI11), HERE))
    assert "the-secret" not in guide
    assert "the-key" not in guide
    assert "connections.campus.lti11.shared_secret in config.yaml" in guide


def test_the_sheet_has_the_sections_of_what_is_configured() -> None:
    lti13 = {"issuer": "https://own.example.edu", "client_id": "own-client", "deployment_ids": ["d"]}
    lti13 |= {"auth_url": "https://own.example.edu/a", "jwks_url": "https://own.example.edu/j"}
    titles = {
        "nothing yet": [section.title for section in installation(settings(), HERE).sections],
        "1.1": [section.title for section in installation(settings(**LTI11), HERE).sections],
        "both": [section.title for section in installation(settings(lti13=lti13, **LTI11), HERE).sections],
    }
    assert titles == {
        "nothing yet": ["Developer key (LTI 1.3)", "App", "What to bring back"],
        "1.1": ["App (LTI 1.1)"],
        "both": ["Developer key (LTI 1.3)", "App", "What to bring back", "App (LTI 1.1)"],
    }
    assert "own.example.edu" not in str(installation(settings(lti13=lti13), HERE))


def test_the_json_to_paste_is_json() -> None:
    entries = {entry.label: entry.value for entry in installation(settings(), HERE).sections[0].entries}
    assert json.loads(entries["LTI 1.3 Configuration"]) == developer_key(settings(), HERE)


@by_student_id
def test_dynamic_registration_asks_for_the_same_as_the_key(student_id: str) -> None:
    wished = registration_request(student_id, HERE)
    assert wished.custom == custom_fields(student_id)
    assert wished.extra["https://canvas.instructure.com/lti/privacy_level"] == privacy_level(student_id)
    assert ("email" in wished.claims) is (student_id == "email")


def test_the_adapter_offers_both() -> None:
    assert ADAPTER.installation is installation
    assert ADAPTER.registration_request is registration_request
