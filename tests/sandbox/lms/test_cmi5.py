"""The sandbox's LRS refuses what the specification refuses; otherwise the bridge's order would prove nothing."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.lms.cmi5 import VERSION, Cmi5Sessions
from sandbox.lms.cmi5_rules import CATEGORIES, MASTERY, RULES, SESSION, VERBS
from sandbox.people import PEOPLE

HEADERS = {"Authorization": "Basic t1", "X-Experience-API-Version": VERSION}
Statement = dict[str, Any]


@pytest.fixture
def lms() -> Cmi5Sessions:
    tokens = iter(f"t{n}" for n in range(99))
    lms = Cmi5Sessions("https://lms.example/cmi5/", "https://lms.example/", tokens.__next__)
    begin(lms)
    return lms


def begin(lms: Cmi5Sessions, **choices: Any) -> dict[str, str]:
    """A session whose token was fetched and whose preferences were read; the headers it needs."""
    parameters = lms.begin(PEOPLE[0], **choices)
    lms.fetch(parameters["fetch"].rpartition("=")[2])
    headers = {**HEADERS, "Authorization": f"Basic {lms.sessions[-1].token}"}
    lms.profile({"profileId": "cmi5LearnerPreferences", "agent": parameters["actor"]}, headers)
    return headers


def statement(lms: Cmi5Sessions, verb: str = "initialized") -> Statement:
    """A good one."""
    session = lms.sessions[-1]
    context = copy.deepcopy(session.data["contextTemplate"])
    category = [{"id": f"{CATEGORIES}cmi5"}] if verb != "progressed" else []
    category += [{"id": f"{CATEGORIES}moveon"}] if verb in {"completed", "passed", "failed"} else []
    context["contextActivities"]["category"] = category
    result: Statement = {"duration": "PT1S"}
    if verb == "completed":
        result["completion"] = True
    if verb in {"passed", "failed"}:
        result |= {"success": verb == "passed", "score": {"scaled": 1 if verb == "passed" else 0.2}}
        context["extensions"][MASTERY] = session.data.get("masteryScore")
    return {
        "id": str(uuid.uuid4()),
        "actor": json.loads(session.parameters["actor"]),
        "verb": {"id": VERBS + verb},
        "object": {"id": session.parameters["activityId"]},
        "context": {**context, "registration": session.parameters["registration"]},
        "result": result,
        "timestamp": "2027-01-15T08:00:00.000Z",
    }


def put(lms: Cmi5Sessions, sent: Statement, headers: dict[str, str] = HEADERS) -> str:
    """The number of the requirement that the statement breaks, or empty."""
    reply = lms.put_statement(sent.get("id", "1"), sent, headers)
    return reply.body["error"].partition(":")[0] if reply.body else ""


def say(lms: Cmi5Sessions, *verbs: str, headers: dict[str, str] = HEADERS) -> str:
    """What became of the last of them; those before it were taken."""
    *fine, last = [put(lms, statement(lms, verb), headers) for verb in verbs]
    assert not any(fine), fine
    return last


def test_a_whole_session_is_taken(lms: Cmi5Sessions) -> None:
    assert not say(lms, "initialized", "progressed", "completed", "passed", "terminated")
    begin(lms)
    assert not say(lms, "initialized", "failed", "terminated", headers={**HEADERS, "Authorization": "Basic t3"})


ORDERS = {
    "9.3.0.0-4": ["passed"],
    "9.3.0.0-2": ["initialized", "initialized"],
    "9.3.0.0-3": ["initialized", "passed", "failed"],
    "9.3.0.0-5": ["initialized", "terminated", "progressed"],
}


@pytest.mark.parametrize(("rule", "verbs"), ORDERS.items())
def test_the_order_is_kept(rule: str, verbs: list[str], lms: Cmi5Sessions) -> None:
    assert say(lms, *verbs) == rule


AGAIN = {"9.3.0.0-6": ("completed", "completed"), "9.3.0.0-7": ("passed", "passed"), "9.3.0.0-8": ("passed", "failed")}


@pytest.mark.parametrize(("rule", "verbs"), AGAIN.items())
def test_a_registration_is_completed_and_passed_once(rule: str, verbs: tuple[str, str], lms: Cmi5Sessions) -> None:
    assert not say(lms, "initialized", verbs[0], "terminated")
    headers = begin(lms, registration=lms.sessions[-1].parameters["registration"])
    assert say(lms, "initialized", verbs[1], headers=headers) == rule


MODES = {"10.2.2.0-2": "Browse", "10.2.2.0-3": "Review"}


@pytest.mark.parametrize(("rule", "mode"), MODES.items())
def test_whoever_looks_only_completes_nothing(rule: str, mode: str, lms: Cmi5Sessions) -> None:
    headers = begin(lms, mode=mode)
    assert say(lms, "initialized", "completed", headers=headers) == rule
    assert not put(lms, statement(lms, "terminated"), headers)


def _without(*path: str) -> Callable[[Statement], object]:
    def change(sent: Statement) -> object:
        for name in path[:-1]:
            sent = sent[name]
        return sent.pop(path[-1])

    return change


def _with(value: Any, *path: str) -> Callable[[Statement], object]:
    def change(sent: Statement) -> object:
        for name in path[:-1]:
            sent = sent[name]
        return sent.update({path[-1]: value})

    return change


def _category(*names: str) -> Callable[[Statement], object]:
    return _with([{"id": CATEGORIES + name} for name in names], "context", "contextActivities", "category")


BROKEN: list[tuple[str, str, Callable[[Statement], object]]] = [
    ("4.1.0.0-1", "completed", _without("verb")),
    ("6.3.0.0-1", "completed", _with(f"{VERBS}voided", "verb", "id")),
    ("9.1.0.0-1", "completed", _without("id")),
    ("9.1.0.0-1", "completed", _with("7", "id")),
    ("9.7.0.0-1", "completed", _without("timestamp")),
    ("9.7.0.0-2", "completed", _with("2027-01-15T08:00:00+01:00", "timestamp")),
    ("9.7.0.0-2", "completed", _with("2027-01-15T08:00:00", "timestamp")),
    ("8.1.3.0-3", "completed", _with({"account": {"name": "x", "homePage": "https://lms.example/"}}, "actor")),
    ("9.6.0.0-1", "completed", _without("context")),
    ("9.6.1.0-1", "completed", _with(str(uuid.uuid4()), "context", "registration")),
    ("10.2.1.0-6", "completed", _with([], "context", "contextActivities", "grouping")),
    ("10.2.1.0-7", "completed", _with("changed", "context", "extensions", "https://lms.example/kept")),
    ("9.6.3.1-4", "completed", _with("another", "context", "extensions", SESSION)),
    ("9.6.2.1-1", "completed", _category("moveon")),
    ("9.3.0.0-1", "completed", _with(f"{VERBS}experienced", "verb", "id")),
    ("8.1.5.0-6", "completed", _with("https://other.example/", "object", "id")),
    ("9.6.2.2-1", "completed", _category("cmi5")),
    ("9.6.2.2-2", "terminated", _category("cmi5", "moveon")),
    ("9.6.2.2-2", "progressed", _category("moveon")),
    ("9.5.1.0-2", "completed", _with({"scaled": 1}, "result", "score")),
    ("9.5.1.0-3", "passed", _with({"scaled": 1, "raw": 9, "min": 0}, "result", "score")),
    ("9.5.2.0-1", "passed", _with(False, "result", "success")),
    ("9.5.2.0-2", "failed", _with(True, "result", "success")),
    ("9.5.2.0-3", "completed", _with(True, "result", "success")),
    ("9.5.3.0-1", "completed", _without("result", "completion")),
    ("9.5.3.0-2", "passed", _with(True, "result", "completion")),
    ("9.5.4.1-1", "terminated", _without("result", "duration")),
    ("9.5.4.1-1", "terminated", _with("90", "result", "duration")),
    ("9.5.4.1-2", "completed", _without("result", "duration")),
    ("9.5.4.1-3", "passed", _without("result", "duration")),
    ("9.5.4.1-4", "failed", _without("result", "duration")),
    ("9.6.3.2-2", "passed", _without("context", "extensions", MASTERY)),
    ("9.3.4.0-2", "passed", _with(0.7, "result", "score", "scaled")),
    ("9.3.4.0-2", "failed", _with(0.8, "result", "score", "scaled")),
]


@pytest.mark.parametrize(("rule", "verb", "spoil"), BROKEN)
def test_each_rule_refuses_what_breaks_it(
    rule: str, verb: str, spoil: Callable[[Statement], object], lms: Cmi5Sessions
) -> None:
    lms.sessions[-1].data["contextTemplate"]["extensions"]["https://lms.example/kept"] = "kept"
    assert not say(lms, "initialized")
    sent = statement(lms, verb)
    spoil(sent)
    assert put(lms, sent) == rule
    assert not put(lms, statement(lms, verb)), "and the same one unspoilt is taken"


def test_an_id_that_is_another_than_the_addresss_is_refused(lms: Cmi5Sessions) -> None:
    reply = lms.put_statement(str(uuid.uuid4()), statement(lms), HEADERS)
    assert reply.body is not None
    assert reply.body["error"].startswith("4.1.0.0-1")


def test_the_preferences_are_read_first(lms: Cmi5Sessions) -> None:
    lms.sessions[-1].read_preferences = False
    assert say(lms, "initialized") == "11.0.0.0-3"


def test_every_rule_is_tried() -> None:
    tried = {"11.0.0.0-3", *ORDERS, *AGAIN, *MODES, *(rule for rule, *_ in BROKEN)}
    assert tried == {number for number, *_ in RULES}


def test_the_launch_data_is_for_its_own_agent_and_registration_to_be_read_only(lms: Cmi5Sessions) -> None:
    asked = lms.sessions[-1].parameters
    query = {
        "stateId": "LMS.LaunchData",
        "activityId": asked["activityId"],
        "agent": asked["actor"],
        "registration": asked["registration"],
    }
    assert lms.launch_data(query, HEADERS).status == 200
    assert lms.launch_data({**query, "agent": "{}"}, HEADERS).status == 403
    assert lms.launch_data({**query, "agent": "{"}, HEADERS).status == 403
    assert lms.launch_data({**query, "registration": str(uuid.uuid4())}, HEADERS).status == 403
    assert lms.launch_data({**query, "activityId": "https://other.example/"}, HEADERS).status == 404
    assert lms.launch_data(query, HEADERS, "PUT").status == 403
    assert lms.launch_data(query, {}).status == 401
    assert lms.profile({"profileId": "cmi5LearnerPreferences", "agent": "{}"}, HEADERS).status == 403
    assert lms.profile({}, {}).status == 401


def test_a_statement_is_found_by_its_id_within_its_registration(lms: Cmi5Sessions) -> None:
    sent = statement(lms)
    assert lms.statement(sent["id"], HEADERS).status == 404
    assert not put(lms, sent)
    assert lms.statement(sent["id"], HEADERS).body == sent
    assert lms.statement(sent["id"], begin(lms)).status == 404, "another registration's"
    assert lms.statement(sent["id"], {}).status == 401


def test_a_token_is_given_out_once_and_needed(lms: Cmi5Sessions) -> None:
    assert lms.fetch("t0").body == {"error-code": "1", "error-text": "The token was already fetched"}
    assert lms.fetch("t9").body == {"error-code": "3", "error-text": "Unknown session"}
    for wrong in ({**HEADERS, "Authorization": "Basic t0"}, {"Authorization": "Basic t1"}):
        assert lms.put_statement("1", statement(lms), wrong).status == 401
