"""The LMS's end of cmi5: launch parameters, the token that is fetched once, LMS.LaunchData, and an LRS that refuses
every statement the specification does not allow (cmi5 Quartz 8, 9 and 10; xAPI 1.0.3).
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.people import Person

VERBS = "http://adlnet.gov/expapi/verbs/"
CATEGORIES = "https://w3id.org/xapi/cmi5/context/categories/"
SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
VERSION = "1.0.3"
MAX_SESSIONS = 10_000


class Reply(NamedTuple):
    """An answer; `body` is sent as JSON where there is one."""

    status: int
    body: dict[str, Any] | None = None


@dataclass
class Session:
    """One launch."""

    person: Person
    parameters: dict[str, str]
    token: str
    data: dict[str, Any]
    fetched: bool = False
    statements: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verbs(self) -> list[str]:
        """What was said, in order."""
        return [statement["verb"]["id"].removeprefix(VERBS) for statement in self.statements]


class Cmi5Sessions:
    """The launches that were made; safe to share between threads."""

    def __init__(self, url: str, return_url: str, token: Callable[[], str], entitlement: str = "") -> None:
        """`url`: where this LMS's cmi5 addresses begin, with a slash at its end."""
        self._url = url
        self._return_url = return_url
        self._token = token
        self._entitlement = entitlement
        self.sessions: list[Session] = []
        self._lock = threading.Lock()

    def begin(self, person: Person, *, mode: str = "Normal") -> dict[str, str]:
        """The parameters of a launch URL (8.1)."""
        key, token, session_id = self._token(), self._token(), str(uuid.uuid4())
        actor = {
            "objectType": "Agent",
            "name": f"{person.family}, {person.given}",
            "account": {"homePage": self._return_url, "name": person.student_id},
        }
        parameters = {
            "endpoint": self._url,
            "fetch": f"{self._url}fetch?k={key}",
            "actor": json.dumps(actor, ensure_ascii=False),
            "registration": str(uuid.uuid4()),
            "activityId": f"{self._url}activity/safety",
        }
        data = {
            "contextTemplate": {
                "contextActivities": {"grouping": [{"id": f"{self._url}course/unit"}]},
                "extensions": {SESSION: session_id},
            },
            "launchMode": mode,
            "moveOn": "CompletedAndPassed",
            "returnURL": self._return_url,
            "entitlementKey": {"courseStructure": self._entitlement} if self._entitlement else {},
        }
        with self._lock:
            del self.sessions[: max(0, len(self.sessions) - MAX_SESSIONS)]
            self.sessions.append(Session(person, parameters, token, data))
        return parameters

    def fetch(self, key: str) -> Reply:
        """The token, once (8.2); refused with status 200 and an error code, as 8.2.3 asks."""
        with self._lock:
            session = self._find(lambda one: one.parameters["fetch"] == f"{self._url}fetch?k={key}")
            if session is None:
                return Reply(200, {"error-code": "3", "error-text": "Unknown session"})
            if session.fetched:
                return Reply(200, {"error-code": "1", "error-text": "The token was already fetched"})
            session.fetched = True
            return Reply(200, {"auth-token": session.token})

    def launch_data(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """The state LMS.LaunchData, for the actor and registration of the token alone (10.1)."""
        session = self._authorized(headers)
        if session is None:
            return Reply(401)
        asked = session.parameters
        expected = {
            "stateId": "LMS.LaunchData",
            "activityId": asked["activityId"],
            "registration": asked["registration"],
        }
        if any(query.get(name) != value for name, value in expected.items()):
            return Reply(404)
        if json.loads(query.get("agent", "null")) != json.loads(asked["actor"]):
            return Reply(403)
        return Reply(200, session.data)

    def put_statement(self, number: str, statement: Any, headers: Mapping[str, str]) -> Reply:
        """Take one statement, or say why not."""
        session = self._authorized(headers)
        if session is None:
            return Reply(401)
        with self._lock:
            if any(known["id"] == number for known in session.statements):
                return Reply(204)
            problem = _problem(session, number, statement)
            if problem:
                return Reply(403, {"error": problem})
            session.statements.append(statement)
            return Reply(204)

    def _authorized(self, headers: Mapping[str, str]) -> Session | None:
        if {name.lower(): value for name, value in headers.items()}.get("x-experience-api-version") != VERSION:
            return None
        given = headers.get("Authorization", "")
        return self._find(lambda one: one.fetched and given == f"Basic {one.token}")

    def _find(self, fits: Callable[[Session], bool]) -> Session | None:
        return next((session for session in reversed(self.sessions) if fits(session)), None)


def _problem(session: Session, number: str, statement: Any) -> str:
    """What is wrong with a statement, or empty (9.2 to 9.7, 10.2.1)."""
    said, verb = session.verbs, str(statement.get("verb", {}).get("id", "")).removeprefix(VERBS)
    context = statement.get("context", {})
    activities = context.get("contextActivities", {})
    categories = {entry["id"].removeprefix(CATEGORIES) for entry in activities.get("category", [])}
    defined = verb in {"initialized", "completed", "passed", "failed", "terminated"}
    result = statement.get("result", {})
    checks = {
        "the id differs": statement.get("id") == number,
        "the actor is another": statement.get("actor") == json.loads(session.parameters["actor"]),
        "the object is another": statement.get("object", {}).get("id") == session.parameters["activityId"],
        "the registration is another": context.get("registration") == session.parameters["registration"],
        "the session id is missing": context.get("extensions", {}).get(SESSION)
        == session.data["contextTemplate"]["extensions"][SESSION],
        "the template's grouping is missing": activities.get("grouping")
        == session.data["contextTemplate"]["contextActivities"]["grouping"],
        "the category cmi5 is wrong": ("cmi5" in categories) == defined,
        "the category moveon is wrong": ("moveon" in categories) == (verb in {"completed", "passed", "failed"}),
        "initialized comes first": (verb == "initialized") == (not said),
        "terminated comes last": "terminated" not in said,
        "it was said before": verb == "progressed" or verb not in said,
        "this mode allows no such statement": session.data["launchMode"] == "Normal"
        or verb in {"initialized", "terminated"},
        "completed needs completion and a duration": verb != "completed"
        or (result.get("completion") is True and "duration" in result),
        "passed needs success and a duration": verb != "passed"
        or (result.get("success") is True and "duration" in result),
        "terminated needs a duration": verb != "terminated" or "duration" in result,
    }
    return next((problem for problem, holds in checks.items() if not holds), "")
