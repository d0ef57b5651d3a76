"""The sandbox's LRS refuses what the specification refuses; otherwise the bridge's order would prove nothing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from sandbox.lms.cmi5 import CATEGORIES, SESSION, VERBS, VERSION, Cmi5Sessions
from sandbox.people import PEOPLE


@pytest.fixture
def lms() -> Cmi5Sessions:
    lms = Cmi5Sessions("https://lms.example/cmi5/", "https://lms.example/", iter(f"t{n}" for n in range(99)).__next__)
    lms.begin(PEOPLE[0])
    lms.fetch("t0")
    return lms


HEADERS = {"Authorization": "Basic t1", "X-Experience-API-Version": VERSION}


def statement(lms: Cmi5Sessions, verb: str = "initialized", number: str = "1") -> dict[str, Any]:
    session = lms.sessions[-1]
    template = copy.deepcopy(session.data["contextTemplate"])
    category = [{"id": f"{CATEGORIES}cmi5"}] if verb != "progressed" else []
    category += [{"id": f"{CATEGORIES}moveon"}] if verb in {"completed", "passed"} else []
    template["contextActivities"]["category"] = category
    return {
        "id": number,
        "actor": json.loads(session.parameters["actor"]),
        "verb": {"id": VERBS + verb},
        "object": {"id": session.parameters["activityId"]},
        "context": {**template, "registration": session.parameters["registration"]},
        "result": {"duration": "PT1S", "completion": True, "success": True},
    }


def put(lms: Cmi5Sessions, sent: dict[str, Any], **headers: str) -> int:
    return lms.put_statement(sent["id"], sent, {**HEADERS, **headers}).status


def test_a_whole_session_is_taken(lms: Cmi5Sessions) -> None:
    verbs = ["initialized", "progressed", "completed", "passed", "terminated"]
    assert [put(lms, statement(lms, verb, verb)) for verb in verbs] == [204] * 5


@pytest.mark.parametrize(
    "verbs",
    [
        ["passed"],
        ["initialized", "initialized"],
        ["initialized", "passed", "passed"],
        ["initialized", "terminated", "passed"],
    ],
)
def test_the_order_is_kept(verbs: list[str], lms: Cmi5Sessions) -> None:
    *fine, wrong = [put(lms, statement(lms, verb, str(number))) for number, verb in enumerate(verbs)]
    assert set(fine) <= {204}
    assert wrong == 403


@pytest.mark.parametrize(
    "change",
    [
        {"actor": {"account": {"name": "x", "homePage": "https://lms.example/"}}},
        {"object": {"id": "https://other.example/"}},
        {"context": {}},
    ],
)
def test_another_persons_or_courses_statement_is_refused(change: dict[str, Any], lms: Cmi5Sessions) -> None:
    assert put(lms, {**statement(lms), **change}) == 403


def test_the_context_is_asked_for(lms: Cmi5Sessions) -> None:
    sent = statement(lms)
    sent["context"]["extensions"] = {SESSION: "another"}
    assert put(lms, sent) == 403
    sent = statement(lms)
    sent["context"]["contextActivities"]["category"] = []
    assert put(lms, sent) == 403


def test_a_token_is_given_out_once_and_needed(lms: Cmi5Sessions) -> None:
    assert lms.fetch("t0").body == {"error-code": "1", "error-text": "The token was already fetched"}
    assert lms.fetch("t9").body == {"error-code": "3", "error-text": "Unknown session"}
    assert put(lms, statement(lms), Authorization="Basic t0") == 401
    assert lms.put_statement("1", statement(lms), {"Authorization": "Basic t1"}).status == 401
