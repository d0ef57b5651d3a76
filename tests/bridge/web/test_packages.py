"""Launches of packages over HTTP: one-time addresses, foreign sites, and what the page is told."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.contracts import Learner
from bridge.launch.rate_limits import FAILURES_OF_ADDRESS, MISSES_OF_PACKAGE
from bridge.packages.origin import Packages
from bridge.store import directory_snapshots
from bridge.store import packages as stored
from bridge.store.packages import PackageRow
from tests.bridge.web.conftest import Bridge

LMS = "https://lms.example.edu"
TOKEN = "a-package-s-own-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def package(bridge: Bridge) -> PackageRow:
    """A package of the connection `packages`."""
    return Packages(bridge.engine, lambda: bridge.now).register("packages", "scorm12", "Safety", TOKEN)


def launch(
    bridge: Bridge,
    learner_id: str = "S000101",
    origin: str = LMS,
    *,
    token: str = TOKEN,
    by_post: bool = False,
    **fields: str,
) -> Any:
    posted = {"version": "scorm12", "learner_id": learner_id, "learner_name": "O’Brien, Zoë", **fields}
    headers = {"Origin": origin, "Authorization": f"Bearer {token}"}
    headers |= {"X-OttoBridge-Handover": "post"} if by_post else {}
    return bridge.client.post("/scorm/packages/launch", json=posted, headers=headers)


def hand_over(bridge: Bridge, code: str, origin: str | None = LMS) -> Any:
    return bridge.client.post("/l", data={"code": code}, headers={"Origin": origin} if origin else {})


def reason(bridge: Bridge) -> str:
    return bridge.record()[0].reason


def test_a_code_reaches_the_bridge_in_no_address(bridge: Bridge) -> None:
    answer = launch(bridge, by_post=True).json
    assert answer["url"] == "https://bridge.example.edu/l"
    landed = hand_over(bridge, answer["code"])
    assert landed.status_code == 303
    assert landed.location.startswith("https://learn.example.com/in?token=")
    assert hand_over(bridge, answer["code"]).status_code == 400
    assert reason(bridge) == "code_unknown"


def test_a_code_that_was_posted_for_cannot_be_spent_in_an_address(bridge: Bridge) -> None:
    code = launch(bridge, by_post=True).json["code"]
    assert bridge.client.get(f"/l/{code}").status_code == 400
    path = launch(bridge).json["url"].removeprefix("https://bridge.example.edu/l/")
    assert hand_over(bridge, path).status_code == 400


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_a_code_is_good_only_from_the_site_of_its_launch(origin: str | None, bridge: Bridge) -> None:
    code = launch(bridge, by_post=True).json["code"]
    assert hand_over(bridge, code, origin).status_code == 403
    assert reason(bridge) == "code_other_site"
    assert hand_over(bridge, code).status_code == 400, "a code that was shown to another site is spent"


@pytest.mark.parametrize(("token", "word"), [("", "package_token_missing"), ("wrong", "package_unknown")])
def test_only_a_package_of_ours_launches(token: str, word: str, bridge: Bridge) -> None:
    answer = launch(bridge, token=token)
    assert (answer.status_code, answer.json["error"]) == (403, word)


def test_a_package_that_was_revoked_or_has_expired_launches_nobody(bridge: Bridge, package: PackageRow) -> None:
    stored.end_at(bridge.engine, package.id, bridge.now + 10)
    assert launch(bridge).status_code == 200
    bridge.now += 10
    assert launch(bridge).json["error"] == "package_ended"
    Packages(bridge.engine, lambda: bridge.now).register("packages", "scorm12", "Safety", "another")
    assert launch(bridge, token="another").status_code == 200
    stored.revoke(bridge.engine, stored.by_token(bridge.engine, "another").id, bridge.now)
    assert launch(bridge, token="another").json["error"] == "package_ended"


def test_a_package_opens_no_other_connection(bridge: Bridge) -> None:
    Packages(bridge.engine, lambda: bridge.now).register("elsewhere", "scorm12", "Safety", "another")
    assert launch(bridge, token="another").json["error"] == "package_unknown"


def test_a_new_site_waits_for_the_administrator(bridge: Bridge) -> None:
    new = "https://content.example.edu"
    assert launch(bridge, origin=new).json["error"] == "origin_not_allowed"
    (row,) = stored.origins(bridge.engine)
    assert (row.connection, row.origin, row.state) == ("packages", new, "new")
    assert launch(bridge, origin=new).status_code == 403
    stored.decide_origin(bridge.engine, "packages", new, "approved", bridge.now)
    assert launch(bridge, origin=new).status_code == 200
    stored.decide_origin(bridge.engine, "packages", new, "refused", bridge.now)
    assert launch(bridge, origin=new).status_code == 403


def test_nobody_without_a_package_fills_the_list_of_sites(bridge: Bridge) -> None:
    launch(bridge, origin="https://evil.example", token="guessed")
    assert stored.origins(bridge.engine) == []


def test_a_learner_who_is_launched_endlessly_must_wait(bridge: Bridge) -> None:
    assert {launch(bridge).status_code for _ in range(20)} == {200}
    answer = launch(bridge)
    assert (answer.status_code, answer.json["error"]) == (429, "too_many")
    assert launch(bridge, "other").status_code == 200, "another learner is let in"
    bridge.now += 60
    assert launch(bridge).status_code == 200


def test_nobody_keeps_a_colleague_out_by_launching_with_their_id_elsewhere(bridge: Bridge) -> None:
    posted = {"version": "scorm12", "learner_id": "S000101"}
    headers = {"Origin": LMS, **BEARER, "X-Forwarded-For": "203.0.113.9"}
    for _ in range(25):
        elsewhere = bridge.client.post("/scorm/packages/launch", json=posted, headers=headers)
    assert elsewhere.json["error"] == "too_many"
    assert launch(bridge).status_code == 200


def test_a_class_on_a_site_that_nobody_approved_yet_is_not_locked_out(bridge: Bridge) -> None:
    for number in range(FAILURES_OF_ADDRESS.most):
        launch(bridge, f"S{number}", origin="https://new.example")
        launch(bridge, f"S{number}", token="")
    assert launch(bridge).status_code == 200


def test_an_address_that_guesses_tokens_is_locked_out(bridge: Bridge) -> None:
    for number in range(FAILURES_OF_ADDRESS.most):
        launch(bridge, token=f"guess-{number}")
    assert launch(bridge).json["error"] == "too_many"
    bridge.now += 600
    assert launch(bridge).status_code == 200


def test_whoever_tries_out_ids_by_one_package_is_stopped(bridge: Bridge) -> None:
    bridge.now = bridge.now // 10 * 10 + 6  # so that a span of ten seconds ends in the middle, the worst case
    told = []
    for number in range(300):
        bridge.now += 8 / 300
        told.append(launch(bridge, f"S{number:06}").json.get("error"))
    assert told.count("too_many") >= 50
    assert "too_many" not in told[:100]


def test_ids_that_all_exist_are_not_tried_out_either(bridge: Bridge) -> None:
    bridge.services.directory.put(*(Learner(number, True, {"username": f"K{number}"}) for number in range(1000, 1300)))
    bridge.now = bridge.now // 10 * 10 + 6
    told = []
    for number in range(1000, 1300):
        bridge.now += 8 / 300
        told.append(launch(bridge, f"K{number}").status_code)
    assert set(told) == {200, 429}
    assert told.count(429) >= 50
    bridge.now += 10
    assert launch(bridge, "K1299").status_code == 200


def test_a_learner_whom_nobody_knows_locks_nobody_out_by_trying_again(bridge: Bridge) -> None:
    for _ in range(MISSES_OF_PACKAGE.most + 10):
        assert launch(bridge, "nobody-has-this").json["error"] == "no_match"
        bridge.now += 4
    assert launch(bridge).status_code == 200


def test_one_address_that_guesses_keeps_no_other_out(bridge: Bridge) -> None:
    for number in range(MISSES_OF_PACKAGE.most):
        launch(bridge, f"guess-{number}")
    assert launch(bridge).json["error"] == "too_many"
    posted = {"version": "scorm12", "learner_id": "S000101", "learner_name": "A, B"}
    headers = {"Origin": LMS, **BEARER, "X-Forwarded-For": "203.0.113.9"}
    assert bridge.client.post("/scorm/packages/launch", json=posted, headers=headers).status_code == 200
    bridge.now += 600
    assert launch(bridge).status_code == 200


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


@pytest.mark.parametrize("changes", [{"active": False}, {"attributes": {}}, None])
def test_a_one_time_address_lets_nobody_in_who_has_left_meanwhile(
    bridge: Bridge, changes: dict[str, Any] | None
) -> None:
    path = launch(bridge).json["url"].removeprefix("https://bridge.example.edu")
    found = bridge.services.directory.find("S000101").learner
    if changes is None:
        directory_snapshots.replace(bridge.engine, [], ("username",), now=bridge.now)
    else:
        bridge.services.directory.put(found._replace(**changes))
    assert bridge.client.get(path).status_code == 400
    assert reason(bridge) == "code_unknown"


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
    answer = bridge.client.post("/scorm/packages/launch", data=body, headers={"Origin": LMS, **BEARER})
    assert answer.status_code in {400, 413}
    assert bridge.record()[0].outcome == "rejected"


def test_an_oversized_launch_is_refused_in_a_form_the_page_can_read(bridge: Bridge) -> None:
    answer = bridge.client.post("/scorm/packages/launch", data=b"x" * 1_100_000, headers={"Origin": LMS})
    assert answer.status_code == 413
    assert bridge.record()[0].reason == "too_large"


def test_the_browser_may_ask_first(bridge: Bridge) -> None:
    answer = bridge.client.options("/scorm/packages/launch", headers={"Origin": LMS})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type, X-OttoBridge-Handover"


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
