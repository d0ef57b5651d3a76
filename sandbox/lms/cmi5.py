"""The LMS's end of cmi5: launch parameters, the token that is fetched once, LMS.LaunchData, the learner's preferences,
and an LRS that refuses every statement the specification does not allow (cmi5 Quartz 8 to 11; xAPI 1.0.3).
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.lms.cmi5_rules import SESSION, VERBS, Asked, violated
from sandbox.people import Person

VERSION = "1.0.3"
MAX_SESSIONS = 10_000
MASTERY_SCORE = 0.8


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
    read_preferences: bool = False
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

    def begin(
        self, person: Person, *, mode: str = "Normal", registration: str = "", mastery: float | None = MASTERY_SCORE
    ) -> dict[str, str]:
        """The parameters of a launch URL (8.1); of one more session where a registration is named."""
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
            "registration": registration or str(uuid.uuid4()),
            "activityId": f"{self._url}activity/safety",
        }
        data = {
            "contextTemplate": {
                "contextActivities": {"grouping": [{"id": f"{self._url}course/unit"}]},
                "extensions": {SESSION: session_id},
            },
            "launchMode": mode,
            "moveOn": "CompletedAndPassed",
            **({} if mastery is None else {"masteryScore": mastery}),
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

    def launch_data(self, query: Mapping[str, str], headers: Mapping[str, str], method: str = "GET") -> Reply:
        """The state LMS.LaunchData, for the actor and registration of the token alone (10.1), to be read only."""
        session = self._authorized(headers)
        if session is None:
            return Reply(401)
        asked = session.parameters
        if not _is_agent(session, query.get("agent", "")):
            return _no("8.1.3.0-3: the agent is another")
        if query.get("registration") != asked["registration"]:
            return _no("8.1.4.0-3: the registration is another")
        if query.get("stateId") != "LMS.LaunchData" or query.get("activityId") != asked["activityId"]:
            return Reply(404)
        if method != "GET":
            return _no("10.2.1.0-5: LMS.LaunchData is to be read only")
        return Reply(200, session.data)

    def profile(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """The learner's preferences (11), which nobody here has set."""
        session = self._authorized(headers)
        if session is None:
            return Reply(401)
        if not _is_agent(session, query.get("agent", "")):
            return _no("11.0.0.0-1: the agent is another")
        if query.get("profileId") == "cmi5LearnerPreferences":
            session.read_preferences = True
        return Reply(404)

    def put_statement(self, number: str, statement: Any, headers: Mapping[str, str]) -> Reply:
        """Take one statement, or say why not."""
        session = self._authorized(headers)
        if session is None:
            return Reply(401)
        with self._lock:
            before = [verb for other in self.sessions if _is_before(other, session) for verb in other.verbs]
            asked = Asked(
                statement,
                number,
                session.parameters,
                session.data,
                said=session.verbs,
                said_before=before,
                read_preferences=session.read_preferences,
            )
            problem = violated(asked)
            if problem:
                return _no(problem)
            session.statements.append(statement)
            return Reply(204)

    def statement(self, number: str, headers: Mapping[str, str]) -> Reply:
        """A statement of the token's registration, by its id."""
        session = self._authorized(headers)
        if session is None:
            return Reply(401)
        with self._lock:
            near = [session, *(other for other in self.sessions if _is_before(other, session))]
            found = next((said for one in near for said in one.statements if said["id"] == number), None)
        return Reply(200, found) if found else Reply(404)

    def _authorized(self, headers: Mapping[str, str]) -> Session | None:
        if {name.lower(): value for name, value in headers.items()}.get("x-experience-api-version") != VERSION:
            return None
        given = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
        return self._find(lambda one: one.fetched and given == f"Basic {one.token}")

    def _find(self, fits: Callable[[Session], bool]) -> Session | None:
        return next((session for session in reversed(self.sessions) if fits(session)), None)


def _is_before(other: Session, session: Session) -> bool:
    """Whether it is another session of the same registration."""
    return other is not session and other.parameters["registration"] == session.parameters["registration"]


def _is_agent(session: Session, agent: str) -> bool:
    try:
        return bool(json.loads(agent) == json.loads(session.parameters["actor"]))
    except ValueError:
        return False


def _no(problem: str) -> Reply:
    return Reply(403, {"error": problem})
