"""The use case: a launch comes in, is read and verified, its learner is found, and the way in is made.

Every launch ends here, whatever becomes of it, with one line in the record and one in the log.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bridge.contracts import Launch, Outcome, Student
from bridge.directory import Match
from bridge.errors import (
    LaunchRejected,
    LearnerAmbiguous,
    LearnerInactive,
    LearnerNotFound,
    OttoBridgeError,
    RemoteRefused,
    RemoteUnavailable,
)
from bridge.store.launches import LaunchLine

log = logging.getLogger(__name__)

NOBODY = Student("", "", "")

WayIn = Callable[[Match, Launch], str]
"""Where to send the browser of a matched learner."""

_OUTCOMES: dict[type[OttoBridgeError], Outcome] = {
    LearnerNotFound: Outcome.NO_MATCH,
    LearnerAmbiguous: Outcome.AMBIGUOUS,
    LearnerInactive: Outcome.INACTIVE,
}
_REASONS: dict[type[OttoBridgeError], str] = {
    RemoteUnavailable: "remote_unavailable",
    RemoteRefused: "remote_refused",
}


@dataclass(frozen=True, slots=True)
class Landing:
    """How a launch ended, for whoever must answer the browser."""

    outcome: Outcome
    reason: str
    """A row of `bridge.reasons.REASONS`; empty when matched."""
    reference: str
    student: Student = NOBODY
    url: str = ""
    """Where a matched learner goes."""
    return_url: str = ""
    """The way back to the LMS, where one is known and may be trusted."""


@dataclass(frozen=True)
class Arrivals:
    """Takes launches to their end."""

    find: Callable[[str], Match]
    record: Callable[[LaunchLine], None]
    now: Callable[[], float]
    reference: Callable[[], str]
    """Makes the word by which a person can ask for one launch."""
    pseudonym_key: bytes

    def land(self, connection: str, kind: str, read: Callable[[], Launch], way_in: WayIn) -> Landing:
        """Read, find, and say where to go. `kind` is what the record says of a launch that cannot be read."""
        launch, detail = None, ""
        try:
            launch = read()
            landing = self._match(launch, way_in)
        except OttoBridgeError as error:
            landing, detail = self._refusal(error, launch), str(error)
        except Exception:
            self._note(connection, kind, self._refusal(LaunchRejected("internal"), launch), "see the log")
            raise
        self._note(connection, launch.kind if launch else kind, landing, detail)
        return landing

    def refuse(self, connection: str, kind: str, reason: str, detail: str = "") -> Landing:
        """Record a request that never became a launch."""
        landing = self._refusal(LaunchRejected(reason, detail), None)
        self._note(connection, kind, landing, detail)
        return landing

    def _match(self, launch: Launch, way_in: WayIn) -> Landing:
        match = self.find(launch.student.student_id)
        url = way_in(match, launch)
        return Landing(Outcome.MATCHED, "", self.reference(), launch.student, url, launch.return_url)

    def _refusal(self, error: OttoBridgeError, launch: Launch | None) -> Landing:
        outcome = _OUTCOMES.get(type(error), Outcome.REJECTED)
        reason = error.reason if isinstance(error, LaunchRejected) else _REASONS.get(type(error), outcome.value)
        back = launch.return_url if launch else getattr(error, "return_url", "")
        student = launch.student if launch else NOBODY
        return Landing(outcome, reason, self.reference(), student, return_url=back)

    def _note(self, connection: str, kind: str, landing: Landing, detail: str) -> None:
        who = hmac.new(self.pseudonym_key, landing.student.student_id.encode(), hashlib.sha256).hexdigest()[:12]
        log.info(
            "launch connection=%s kind=%s outcome=%s reason=%s who=%s reference=%s",
            *(connection, kind, landing.outcome, landing.reason or "-", who, landing.reference),
        )
        line = (landing.outcome, landing.reason, landing.reference, detail)
        self.record(LaunchLine(self.now(), connection, kind, *landing.student, *line))
