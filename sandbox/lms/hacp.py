"""The LMS's end of AICC HACP, in Moodle 4.5's wire form: CRLF lines, no `version`, a 404 page for a bad session.

AICC CMI001, chapter 6; the words and codes are those recorded from a Moodle.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.people import Person

SESSION_LIFETIME = 1800.0
"""Seconds, as Moodle's."""
MAX_SESSIONS = 10_000
SUCCESS = "error=0\r\nerror_text=Successful\r\n"
DROPPED = {"putcomments", "putobjectives", "putpath", "putinteractions", "putperformance"}
"""Commands that are answered with success and forgotten."""


class Reply(NamedTuple):
    """An answer to a course; `page` is the message of an HTML error page where there is no data to send."""

    status: int
    text: str = ""
    page: str = ""


@dataclass
class _Session:
    person: Person
    until: float
    terminated: bool = False
    core: dict[str, str] = field(
        default_factory=lambda: {"lesson_status": "not attempted, ab-initio", "time": "00:00:00"}
    )


class Sessions:
    """The AICC sessions that were handed out; safe to share between threads."""

    def __init__(self, token: Callable[[], str], package_token: str = "") -> None:
        """`package_token`: what the course's `core_vendor` holds of our package."""
        self._token = token
        self._vendor = f"ottobridge_package={package_token}\r\n" if package_token else ""
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def begin(self, person: Person, now: float) -> str:
        """A session id for one launch of `person`."""
        sid = self._token()
        with self._lock:
            if len(self._sessions) >= MAX_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[sid] = _Session(person, now + SESSION_LIFETIME)
        return sid

    def answer(self, form: Iterable[tuple[str, str]], now: float) -> Reply:
        """One HACP call. Field names are read in any letter case, session ids exactly."""
        fields = {name.lower(): value for name, value in form}
        for name in ("command", "session_id"):
            if name not in fields:
                return Reply(404, page=f"A required parameter ({name}) was missing")
        with self._lock:
            session = self._sessions.get(fields["session_id"])
            if session is None or session.until <= now:
                return Reply(404, page="Invalid HACP session")
            return Reply(200, _command(session, fields["command"].lower(), fields.get("aicc_data", ""), self._vendor))


def _command(session: _Session, command: str, data: str, vendor: str) -> str:
    if command not in DROPPED | {"getparam", "putparam", "exitau"}:
        return "error=1\r\nerror_text=Invalid Command\r\n"
    if session.terminated:
        return f"error={101 if command == 'getparam' else 1}\r\nerror_text=Terminated\r\n"
    if command == "getparam":
        return SUCCESS + _parameters(session).replace("[Core_Vendor]\r\n", f"[Core_Vendor]\r\n{vendor}")
    if command == "putparam":
        session.core |= _read_core(data)
    session.terminated = command == "exitau"
    return SUCCESS


def _parameters(session: _Session) -> str:
    person, core = session.person, session.core
    lines = (
        "aicc_data=[Core]",
        f"Student_ID={person.student_id}",
        f"Student_Name={person.family}, {person.given}",
        f"Lesson_Location={core.get('lesson_location', '')}",
        "Credit=credit",
        f"Lesson_Status={core['lesson_status']}",
        f"Score={core.get('score', '')}",
        f"Time={core['time']}",
        "Lesson_Mode=normal",
        "[Core_Lesson]",
        "[Core_Vendor]",
        "[Evaluation]",
        "Course_ID = {A1}",
        "[Student_Data]",
        "Mastery_Score=",
        "Max_Time_Allowed=",
        "Time_Limit_Action=",
    )
    return "".join(f"{line}\r\n" for line in lines)


def _read_core(data: str) -> dict[str, str]:
    group, found = "", dict[str, str]()
    for line in data.splitlines():
        if line.strip().startswith("["):
            group = line.strip().lower()
        elif group == "[core]":
            name, _, value = line.partition("=")
            found[name.strip().lower()] = value.strip()
    return found
