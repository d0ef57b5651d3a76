"""Launches of packages over HTTP: one-time addresses, foreign sites, and what the page is told."""

from __future__ import annotations

import pytest

from tests.bridge.web.conftest import Bridge

LMS = "https://lms.example.edu"


def launch(bridge: Bridge, learner_id: str = "S000101", origin: str = LMS, **fields: str) -> object:
    posted = {"version": "scorm12", "learner_id": learner_id, "learner_name": "O’Brien, Zoë", **fields}
    return bridge.client.post("/scorm/packages/launch", json=posted, headers={"Origin": origin})


def test_a_package_gets_a_one_time_address(bridge: Bridge) -> None:
    answer = launch(bridge)
    assert answer.status_code == 200
    assert answer.json["url"].startswith("https://bridge.example.edu/l/")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    path = answer.json["url"].removeprefix("https://bridge.example.edu")
    first, second = bridge.client.get(path), bridge.client.get(path)
    assert first.status_code == 303
    assert first.location.startswith("https://learn.example.com/in?token=")
    assert second.status_code == 400
    assert "open it again" in second.text
    assert bridge.record()[0].reason == "code_unknown"
    assert bridge.record()[1][1:8] == ("packages", "scorm12", "S000101", "Zoë", "O’Brien", "matched", "")


def test_a_one_time_address_is_good_for_a_minute(bridge: Bridge) -> None:
    path = launch(bridge).json["url"].removeprefix("https://bridge.example.edu")
    bridge.now += 60
    assert bridge.client.get(path).status_code == 400


def test_a_link_scanner_does_not_spend_the_address(bridge: Bridge) -> None:
    path = launch(bridge).json["url"].removeprefix("https://bridge.example.edu")
    assert bridge.client.head(path).status_code == 405
    assert bridge.client.get(path).status_code == 303


@pytest.mark.parametrize(
    ("learner_id", "status", "error"),
    [
        ("nobody", 404, "no_match"),
        ("twice", 409, "ambiguous"),
        ("gone", 403, "inactive"),
        ("", 400, "student_id_missing"),
    ],
)
def test_the_page_is_told_what_to_show(bridge: Bridge, learner_id: str, status: int, error: str) -> None:
    answer = launch(bridge, learner_id)
    assert (answer.status_code, answer.json["error"]) == (status, error)
    assert answer.json["reference"] == bridge.record()[0].reference
    assert answer.json["title"]
    assert answer.json["message"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "https://lms.example.edu.evil.example"])
def test_a_foreign_site_gets_nobody_in(bridge: Bridge, origin: str) -> None:
    answer = launch(bridge, origin=origin)
    assert (answer.status_code, answer.json["error"]) == (403, "origin_not_allowed")
    assert "url" not in answer.json


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"version": "scorm12"}', b"\xff", b"x" * 20_000])
def test_a_malformed_launch_is_refused(bridge: Bridge, body: bytes) -> None:
    answer = bridge.client.post("/scorm/packages/launch", data=body, headers={"Origin": LMS})
    assert answer.status_code in {400, 413}
    assert bridge.record()[0].outcome == "rejected"


def test_an_oversized_launch_is_refused_in_a_form_the_page_can_read(bridge: Bridge) -> None:
    answer = bridge.client.post("/scorm/packages/launch", data=b"x" * 1_100_000, headers={"Origin": LMS})
    assert answer.status_code == 413
    assert bridge.record()[0].reason == "too_large"


def test_the_browser_may_ask_first(bridge: Bridge) -> None:
    answer = bridge.client.options("/scorm/packages/launch", headers={"Origin": LMS})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"


@pytest.mark.parametrize("path", ["/scorm/campus/launch", "/scorm/nowhere/launch"])
def test_only_a_package_connection_takes_packages(bridge: Bridge, path: str) -> None:
    assert bridge.client.post(path, json={}, headers={"Origin": LMS}).status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/aicc/packages/launch", 400, "malformed"),
        ("/aicc/packages/launch?aicc_sid=1&aicc_url=https://evil.example/hacp", 403, "aicc_url_not_allowed"),
        ("/aicc/campus/launch?aicc_sid=1&aicc_url=x", 404, "not_allowed_here"),
        ("/aicc/nowhere/launch?aicc_sid=1&aicc_url=x", 404, "unknown_connection"),
    ],
)
def test_an_aicc_launch_calls_nobody_it_was_not_told_to(bridge: Bridge, path: str, status: int, reason: str) -> None:
    answer = bridge.client.get(path)
    assert (answer.status_code, bridge.record()[0].reason) == (status, reason)
