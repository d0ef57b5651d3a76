"""What a package's page posts: only from the LMS's own site, only in its shape, and never trusted further."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.scorm import ADAPTER
from adapters.scorm.launch import MAX_BODY, read_page
from adapters.scorm.settings import Settings
from bridge.contracts import Assurance, Kind, LaunchRequest, Student
from bridge.errors import LaunchRejected
from bridge.identifiers import ID_LENGTH

LMS = "https://lms.example.com"
SETTINGS = Settings()
POSTED = {"version": "scorm12", "learner_id": "25499339", "learner_name": "García López, Ana"}


def request(body: Any = POSTED, *, origin: str | None = LMS) -> LaunchRequest:
    return LaunchRequest(
        method="POST",
        url="https://bridge.example.edu/scorm/any-lms/launch",
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers={} if origin is None else {"origin": origin},
    )


def reason_of(launch: LaunchRequest, settings: Settings = SETTINGS) -> str:
    with pytest.raises(LaunchRejected) as caught:
        read_page(launch, settings)
    return caught.value.reason


@pytest.mark.parametrize(("version", "kind"), [("scorm12", Kind.SCORM12), ("scorm2004", Kind.SCORM2004)])
def test_the_learner_arrives_as_the_lms_named_them(version: str, kind: Kind) -> None:
    launch = read_page(request({**POSTED, "version": version}), SETTINGS)
    assert launch.student == Student("25499339", "Ana", "García López")
    assert launch.kind is kind


def test_a_browsers_word_is_never_taken_for_the_lmss() -> None:
    assert read_page(request(), SETTINGS).assurance is Assurance.ASSERTED


@pytest.mark.parametrize("student_id", ["", " ", "\t\n"])
def test_nobody_is_launched_without_a_student_id(student_id: str) -> None:
    assert reason_of(request({**POSTED, "learner_id": student_id})) == "student_id_missing"


@pytest.mark.parametrize("name", ["", "-", ".", " "])
def test_a_learner_without_a_name_gets_in(name: str) -> None:
    assert read_page(request({**POSTED, "learner_name": name}), SETTINGS).student == Student("25499339", "", "")


def test_a_package_that_knows_no_name_gets_in() -> None:
    body = {"version": "scorm2004", "learner_id": "7"}
    assert read_page(request(body), SETTINGS).student == Student("7", "", "")


def test_an_endless_name_stops_nobody() -> None:
    assert read_page(request({**POSTED, "learner_name": "x" * 5000}), SETTINGS).student.first_name == "x" * 255


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"scorm12"',
        b'\xff{"version": "scorm12", "learner_id": "7"}',
        b'{"version": "scorm12", "learner_id": "\xff"}',
        b'{"version": "scorm12", "learner_id": "7"} trailing',
        {},
        {"learner_id": "7"},
        {"version": "scorm12"},
        {**POSTED, "version": "aicc"},
        {**POSTED, "version": 12},
        {**POSTED, "learner_id": 25499339},
        {**POSTED, "learner_id": None},
        {**POSTED, "learner_id": True},
        {**POSTED, "learner_id": ["7"]},
        {**POSTED, "learner_name": {"first": "Ana"}},
        b'{"version":' + b"[" * 6000,
    ],
)
def test_a_malformed_body_is_refused(body: Any) -> None:
    assert reason_of(request(body)) == "malformed"


def test_the_longest_student_id_gets_in() -> None:
    assert read_page(request({**POSTED, "learner_id": "x" * ID_LENGTH}), SETTINGS).student.student_id == "x" * ID_LENGTH


def test_an_oversized_body_is_not_even_parsed() -> None:
    assert reason_of(request(b"x" * (MAX_BODY + 1))) == "too_large"


def test_a_later_packages_fields_do_not_stop_an_older_bridge() -> None:
    assert read_page(request({**POSTED, "token": "abc"}), SETTINGS).student.student_id == "25499339"


def test_the_way_back_leads_to_the_site_that_sent_the_launch() -> None:
    back = f"{LMS}/course/7?section=2"
    assert read_page(request({**POSTED, "return_url": back}), SETTINGS).return_url == back


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/",
        "https://lms.example.com@evil.example.com/",
        "https://other.example.com:8443/",
        "http://lms.example.com/",
        "javascript:alert(1)//lms.example.com",
        "//lms.example.com/",
        "/course",
        "https://lms.example.com:x/",
        "https://[lms.example.com/",
        "https://lms.example.com\\@evil.example.com/",
        "https://evil.example.com\\@lms.example.com/",
        "https://lms.example.com/\n",
        f"{LMS}/{'x' * 2000}",
        "",
    ],
)
def test_the_way_back_leads_nowhere_else(url: str) -> None:
    assert read_page(request({**POSTED, "return_url": url}), SETTINGS).return_url == ""


@given(st.binary())
def test_no_body_raises_anything_but_a_rejection(body: bytes) -> None:
    with pytest.raises(LaunchRejected):
        read_page(request(body), SETTINGS)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")), st.text(st.characters()))
def test_no_value_raises_anything_but_a_rejection(learner_id: str, name: str, url: str) -> None:
    body = {**POSTED, "learner_id": learner_id, "learner_name": name, "return_url": url}
    with contextlib.suppress(LaunchRejected):
        assert read_page(request(body), SETTINGS).student.student_id


def test_a_wrong_origin_in_the_configuration_is_found_when_it_is_loaded() -> None:
    with pytest.raises(ValidationError):
        Settings(package_origins=("https://lms.example.com/course",))


def test_the_adapter_offers_what_packages_need() -> None:
    assert ADAPTER.name == "scorm"
    assert ADAPTER.read_page is read_page
    assert ADAPTER.read_aicc is not None


@pytest.mark.parametrize(
    ("learner_id", "reason"),
    [
        *[("x" * (ID_LENGTH + 1), "student_id_unusable"), ("25499339\u200b", "student_id_unusable")],
        *[("\u00a0", "student_id_unusable"), ("\x00", "student_id_unusable")],
        *[(word, "student_id_missing") for word in ("null", "undefined", "None", "N/A", "$Person.sourcedId", "-")],
    ],
)
def test_what_is_no_student_id_is_told_as_such_and_never_looked_up(learner_id: str, reason: str) -> None:
    assert reason_of(request({**POSTED, "learner_id": learner_id})) == reason
