"""Progress on its way back: OttoLearn tells us, and we tell the LMS by the channel through which the learner came.

A SCORM page asks for it while it is open; AICC, cmi5 and LTI are told by us, again and again until the LMS has taken
it or refused. Any number of processes may deliver: one statement in the database decides who does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer

from bridge.contracts import ASKING, Connection, Kind, Launch, Report
from bridge.errors import OttoBridgeError, RemoteUnavailable
from bridge.keys.encryption import decrypt, encrypt
from bridge.store import one_time, visits
from bridge.store.database import Engine
from bridge.store.errors import trouble
from bridge.store.visits import DELIVERED, NEVER, REFUSED, WAITING, Reported, Visit

log = logging.getLogger(__name__)

GRADED = (Kind.LTI13, Kind.LTI11)
"""Kinds with one grade for a person, whichever visit told it: Moodle 4.5 empties it on a score that is in progress."""
CLOSED = (Kind.AICC, Kind.CMI5)
"""Kinds with a session that somebody must end."""
LEASE = 120.0
"""Seconds that a process has for one delivery before another may try."""
FIRST_WAIT, LONGEST_WAIT = 60.0, 6 * 3600.0
GIVE_UP = 7 * 86_400.0
IDLE = 4 * 3600.0
"""Seconds without a word after which a session is ended."""
PAGE_LIVES = 24 * 3600.0
"""Seconds for which a page may ask."""
PURPOSE = "channel"
TICKET = "page of a launch to be proved"

Deliver = Callable[[Connection[Any], Mapping[str, str], Report], None]
"""Tells an LMS, given the channel. Raises RemoteUnavailable or RemoteRefused."""


@dataclass(frozen=True)
class Reports:
    """Takes progress, keeps it, and delivers it."""

    engine: Engine
    secret_key: str = field(repr=False)
    now: Callable[[], float]
    find: Callable[[str], Connection[Any] | None]
    deliver: Mapping[str, Deliver]
    """By the kind of a launch."""

    def note(self, connection: str, launch: Launch, user_id: int, course: str) -> int:
        """Remember a matched launch that takes progress; its number."""
        now = self.now()
        channel = self._encrypted(launch.channel) if launch.channel else ""
        row = Visit(0, now, connection, launch.kind, launch.student.student_id, user_id, course, channel)
        return visits.add(self.engine, row, due_at=NEVER if launch.kind in ASKING else now)

    def receive(
        self,
        connection: str,
        *,
        student_id: str,
        user_id: int,
        course: str,
        progress: float,
        mastered: bool,
        seconds: int,
    ) -> Reported | None:
        """Keep what OttoLearn says of a person's last visit; None where there was none that an LMS waits for."""
        visit = visits.newest_of(self.engine, connection, student_id, user_id, course)
        if visit is None:
            return None
        waits = visit.kind in ASKING or visit.ended_at is not None  # for the page, or for the next visit
        now = self.now()
        return visits.report(
            self.engine,
            visit.id,
            progress=progress,
            mastered=mastered,
            seconds=seconds,
            now=now,
            due_at=NEVER if waits else now,
        )

    # ---- a page that asks ----

    def page_session(self, visit: int | str) -> str:
        """What lets a page ask about one visit, and nothing else; or about one that `open_ticket` names later."""
        return self._pages.dumps(visit)

    def open_ticket(self, ticket: str, visit: int) -> None:
        """The launch behind a ticket counts now, and its visit has this number."""
        one_time.keep(self.engine, TICKET, ticket, {"visit": str(visit)}, until=self.now() + PAGE_LIVES)

    def is_pending(self, session: str) -> bool:
        """Whether a page asks about a launch that does not count yet, or never will."""
        return isinstance(self._read_session(session), str) and self.visit_of_page(session) is None

    def visit_of_page(self, session: str) -> Visit | None:
        """The visit that a page may ask about; None for a session that is forged or too old."""
        number = self._read_session(session)
        if isinstance(number, str):
            opened = one_time.look(self.engine, TICKET, number, now=self.now())
            number = int(opened["visit"]) if opened else None
        visit = visits.by_id(self.engine, number) if isinstance(number, int) else None
        return visit if visit and self.now() < visit.time + PAGE_LIVES else None

    def news(self, visit: Visit, had: int) -> dict[str, float | int | bool]:
        """What the page of `visit` must tell the LMS; it has told everything up to the revision `had`."""
        reported = visits.reported_of(self.engine, visit.id)
        if reported is None:
            return {}
        if had >= reported.revision:
            if reported.state == WAITING:
                visits.settle(self.engine, reported, DELIVERED)
            return {}
        return {
            "revision": reported.revision,
            "progress": reported.progress,
            "mastered": reported.mastered,
            "seconds": reported.seconds,
        }

    def _read_session(self, session: str) -> int | str | None:
        try:
            found = self._pages.loads(session)
        except BadSignature:
            return None
        return found if isinstance(found, int | str) else None

    @property
    def _pages(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret_key, salt="page of a visit")

    # ---- LMSs that are told ----

    def is_due(self) -> bool:
        """Whether there is anything to deliver or to end."""
        now = self.now()
        return visits.is_any_due(self.engine, now=now, kinds=CLOSED, idle_since=now - IDLE)

    def deliver_due(self, most: int = 50) -> int:
        """Deliver what is due and end what is idle; how many were tried."""
        due = visits.claim_due(self.engine, now=self.now(), until=self.now() + LEASE, most=most)
        for reported in due:
            self._deliver(reported)
        idle = visits.idle(self.engine, kinds=CLOSED, before=self.now() - IDLE, most=most)
        for visit in idle:
            self._end(visit)
        return len(due) + len(idle)

    def _deliver(self, reported: Reported) -> None:
        visit = visits.by_id(self.engine, reported.visit)
        if visit is None:
            return
        if visit.kind in GRADED and not reported.mastered and visits.mastered_elsewhere(self.engine, visit):
            visits.settle(
                self.engine, reported, DELIVERED, detail="not sent: the LMS keeps the grade of an earlier visit"
            )
            return
        new = max(0, reported.seconds - reported.reported_seconds)
        report = Report(
            reported.progress, reported.mastered, reported.seconds, new, reported.mastered, reported.received_at
        )
        try:
            self._tell(visit, report)
        except RemoteUnavailable as error:
            self._wait(reported, error)
        except (OttoBridgeError, ValueError) as error:
            visits.settle(self.engine, reported, REFUSED, detail=str(error))
        except Exception as error:
            if trouble(error):
                raise
            log.exception("progress to %s has failed", visit.connection)  # and holds up nobody else's
            visits.settle(self.engine, reported, REFUSED, detail="an error of the bridge; its log says more")
        else:
            visits.settle(self.engine, reported, DELIVERED)
            if report.ends:
                visits.end(self.engine, visit.id, self.now())

    def _wait(self, reported: Reported, error: RemoteUnavailable) -> None:
        now = self.now()
        if now > reported.received_at + GIVE_UP:
            visits.settle(self.engine, reported, REFUSED, detail=f"given up after a week: {error}")
            return
        wait = max(error.retry_after or 0.0, FIRST_WAIT * 2.0 ** min(reported.attempts - 1, 20))
        visits.settle(self.engine, reported, WAITING, detail=str(error), due_at=now + min(wait, LONGEST_WAIT))

    def _end(self, visit: Visit) -> None:
        """The last word on a visit of which nothing more was heard; the LMS may say what it likes."""
        if not visits.end(self.engine, visit.id, self.now()):
            return
        reported = visits.reported_of(self.engine, visit.id)
        progress, seconds = (reported.progress, reported.seconds) if reported else (0.0, 0)
        try:
            self._tell(visit, Report(progress, False, seconds, 0, True, self.now()))
        except (OttoBridgeError, ValueError) as error:
            log.info("a session of %s was not ended: %s", visit.connection, error)
        except Exception as error:
            if trouble(error):
                raise
            log.exception("a session of %s was not ended", visit.connection)

    def _encrypted(self, channel: Mapping[str, str]) -> str:
        return encrypt(msgspec.json.encode(dict(channel)).decode(), self.secret_key, PURPOSE)

    def _tell(self, visit: Visit, report: Report) -> None:
        connection = self.find(visit.connection)
        if connection is None:
            raise ValueError("the connection is not configured any more")
        channel = msgspec.json.decode(decrypt(visit.channel, self.secret_key, PURPOSE), type=dict[str, str])
        self.deliver[visit.kind](connection, channel, report)
