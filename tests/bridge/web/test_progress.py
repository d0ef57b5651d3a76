"""Progress over HTTP: only OttoLearn may post it, and only its own page hears it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.launch.rate_limits import FAILURES_OF_ADDRESS
from bridge.lti.grades import SCORE_SCOPE
from bridge.lti.student import ENDPOINT
from bridge.packages.origin import Packages
from bridge.store import visits
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import claims, token

TOKEN = "0123456789abcdef-progress-0123456789abcdef"
LMS = "https://lms.example.edu"


@pytest.fixture(autouse=True)
def session(bridge: Bridge) -> str:
    """A SCORM launch of S000101, and the session of its page."""
    Packages(bridge.engine, lambda: bridge.now).register("packages", "scorm12", "Safety", "package", course="SAFE-101")
    body = {"version": "scorm12", "learner_id": "S000101"}
    headers = {"Origin": LMS, "Authorization": "Bearer package", "X-OttoBridge-Handover": "post"}
    answer = bridge.client.post("/scorm/packages/launch", json=body, headers=headers).json
    assert isinstance(answer["session"], str)
    return str(answer["session"])


def post(bridge: Bridge, *, bearer: str = TOKEN, **changes: Any) -> Any:
    said = {"connection": "packages", "student_id": "S000101", "progress": 0.4, "seconds": 60, **changes}
    return bridge.client.post("/api/v1/progress", json=said, headers={"Authorization": f"Bearer {bearer}"})


def ask(bridge: Bridge, session: str, had: Any = 0, connection: str = "packages") -> Any:
    headers = {"Origin": LMS, "Authorization": f"Bearer {session}"}
    return bridge.client.post(f"/scorm/{connection}/progress", json={"had": had}, headers=headers)


def test_the_page_hears_what_ottolearn_says(bridge: Bridge, session: str) -> None:
    assert ask(bridge, session).json == {}
    assert (post(bridge).status_code, post(bridge, progress=0.5).json) == (202, {"state": "waiting", "revision": 2})
    answer = ask(bridge, session)
    assert answer.json == {"revision": 2, "progress": 0.5, "mastered": False, "seconds": 60}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert ask(bridge, session, 2).json == {}
    assert visits.newest(bridge.engine, 1)[0][1].state == "delivered"


def test_the_learner_may_be_named_by_ottolearns_id_and_the_course(bridge: Bridge) -> None:
    assert post(bridge, student_id="", user_id=1, course="SAFE-101", mastered=True, progress=1).status_code == 202
    assert post(bridge, course="FIRE-1").status_code == 404
    assert post(bridge, student_id="nobody").json["error"] == "no_launch"
    assert post(bridge, connection="campus").status_code == 404


def test_an_lms_that_cannot_be_told_waits_for_nothing(bridge: Bridge) -> None:
    assert bridge.launch13().status_code == 303
    assert post(bridge, connection="campus").json["error"] == "no_launch"


def test_an_lms_that_takes_a_score_waits_for_one(bridge: Bridge) -> None:
    asked = bridge.login()
    endpoint = {"scope": [SCORE_SCOPE], "lineitem": "https://lms.example.edu/lineitems/1"}
    fields = {"id_token": token({**claims(asked["nonce"], bridge.now), ENDPOINT: endpoint}), "state": asked["state"]}
    assert bridge.client.post("/lti/campus/launch", data=fields).status_code == 303
    assert post(bridge, connection="campus").status_code == 202
    assert visits.newest(bridge.engine, 1)[0][0].connection == "campus"


@pytest.mark.parametrize("bearer", ["", "wrong", f"{TOKEN}x", "é"])
def test_nobody_else_may_say_who_has_passed(bearer: str, bridge: Bridge) -> None:
    headers = {"Authorization": f"Bearer {bearer}".encode().decode("latin-1")}
    assert bridge.client.post("/api/v1/progress", json={}, headers=headers).status_code == 401
    assert visits.newest(bridge.engine, 1) == []


def test_whoever_guesses_tokens_is_locked_out(bridge: Bridge) -> None:
    for number in range(FAILURES_OF_ADDRESS.most):
        post(bridge, bearer=f"guess-{number}")
    assert post(bridge).status_code == 429
    bridge.now += 600
    assert post(bridge).status_code == 202


@pytest.mark.parametrize(
    "changes",
    [
        {"progress": 1.1},
        {"progress": -0.1},
        {"progress": "1"},
        {"progress": None},
        {"mastered": 1},
        {"seconds": -1},
        {"seconds": 1.5},
        {"student_id": ""},
        {"student_id": 7},
        {"user_id": -7},
        {"surprise": 1},
    ],
)
def test_a_malformed_post_changes_nothing(changes: dict[str, Any], bridge: Bridge) -> None:
    assert post(bridge, **changes).status_code == 400
    assert visits.newest(bridge.engine, 1) == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", json.dumps({"progress": 1}).encode()])
def test_a_body_that_is_none_is_told_so(body: bytes, bridge: Bridge) -> None:
    answer = bridge.client.post("/api/v1/progress", data=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json["error"]) == (400, "malformed")


def test_a_page_cannot_ask_for_another(bridge: Bridge, session: str) -> None:
    assert ask(bridge, "forged").status_code == 403
    assert ask(bridge, session, connection="campus").status_code == 403
    assert ask(bridge, session, had=-1).status_code == 400
    assert ask(bridge, session, had="x").status_code == 400


def test_a_page_that_asks_without_end_must_wait(bridge: Bridge, session: str) -> None:
    assert {ask(bridge, session).status_code for _ in range(30)} == {200}
    assert ask(bridge, session).status_code == 429


def test_a_browser_may_ask_first(bridge: Bridge) -> None:
    assert bridge.client.options("/scorm/packages/progress").status_code == 204
