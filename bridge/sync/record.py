"""A run in the record: alone, from its beginning to its end, whatever the end is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.exc import DBAPIError

from bridge.errors import OttoBridgeError, RemoteUnavailable, RosterIncomplete
from bridge.store import sync_items, sync_runs
from bridge.store.sync_items import Kind
from bridge.store.sync_lock import LockLost, sync_lock
from bridge.store.sync_runs import Status
from bridge.sync.apply import Interrupted, Surroundings
from bridge.sync.clock import Clock
from bridge.sync.journal import Memory
from bridge.sync.outcome import Outcome
from bridge.sync.rules import configured_rules
from bridge.sync.subject import Subject

KEPT: Final = 90 * 86_400.0
"""Seconds for which the items of a run are kept."""
LOOK: Final = 1.0
"""Seconds between two looks at the lock while nothing is written: less than a run that follows waits for late answers
(`journal.SETTLING`), and often enough for those who cut idle connections."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run under way."""

    subject: Subject
    around: Surroundings
    outcome: Outcome
    clock: Clock

    @property
    def memory(self) -> Memory:
        """Where what becomes of the run's items is remembered."""
        return Memory(
            self.around.engine,
            self.subject.source,
            self.subject.ledger,
            configured_rules(self.subject),
            self.around.now,
        )

    def stop_if_asked(self) -> None:
        """Raise Interrupted where somebody asked the run to stop while nothing is being written."""
        if self.around.stopping():
            raise Interrupted("stopped while reading; nothing was changed")

    def note_read(self, read: int) -> None:
        """Show how many members were read. Raises Interrupted."""
        self.stop_if_asked()
        self.clock.sample(read, 0)
        self.around.progress("reading", read, None)

    def freshen(self) -> None:
        """Read OttoLearn's users again."""
        with self.clock.stage("reading OttoLearn"):
            self.around.refresh()


@contextmanager
def locked(subject: Subject, around: Surroundings) -> Iterator[Job]:
    """A job that no other run of the connection can have at the same time; timed.

    Raises LockHeld, and RemoteUnavailable where the database went away.
    """
    began = around.now()
    try:
        with sync_lock(around.engine, subject.connection.name) as require:
            outcome = Outcome(0, subject.connection.name, Status.FAILED)
            yield Job(subject, _watching(around, require), outcome, Clock(around.now, outcome))
            outcome.seconds = around.now() - began
            if outcome.run:
                sync_runs.change(around.engine, outcome.run, summary=outcome.summary())
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise RemoteUnavailable("the database broke the connection off; the next sync goes on from here") from error


def _watching(around: Surroundings, require: Callable[[], None]) -> Surroundings:
    """The same surroundings, which look at the lock from time to time when they are asked whether to stop."""
    looked = around.now()

    def stopping() -> bool:
        nonlocal looked
        if around.now() - looked >= LOOK:
            looked = around.now()
            require()
        return around.stopping()

    return replace(around, stopping=stopping, alone=require)


@contextmanager
def recorded(subject: Subject, around: Surroundings, *, full: bool) -> Iterator[Job]:
    """A job with a new run in the record."""
    now = around.now()
    with locked(subject, around) as job:
        sync_runs.forget_items_before(around.engine, now - KEPT)
        job.outcome.run = sync_runs.begin(
            around.engine, subject.source, now=now, full=full, settings=subject.fingerprint()
        )
        with ending(job):
            yield job


@contextmanager
def ending(job: Job) -> Iterator[None]:
    """Turn what ends a run early into its outcome, and record it."""
    outcome = job.outcome
    try:
        yield
    except RosterIncomplete as error:
        outcome.status, outcome.reason = Status.HELD_BACK, "roster_incomplete"
        outcome.notices.append(str(error))
    except Interrupted as error:
        outcome.status, outcome.reason = Status.PARTIAL, "interrupted"
        outcome.notices.append(str(error))
    except LockLost as error:
        outcome.status, outcome.reason = Status.FAILED, "lock_lost"
        outcome.notices.append(str(error))
    except OttoBridgeError as error:
        outcome.status, outcome.reason = Status.FAILED, "unavailable"
        outcome.notices.append(str(error))
    except BaseException:
        outcome.reason = "crashed"
        raise
    finally:
        _close(job)


def _close(job: Job) -> None:
    engine, outcome = job.around.engine, job.outcome
    counts = sync_items.counts(engine, outcome.run)
    early = dict(outcome.reasons)
    outcome.count(counts, planned=outcome.status == Status.PLANNED)
    outcome.unchanged += sum(n for (kind, _, _), n in counts.items() if kind == Kind.ADOPT)
    for reason, number in early.items():
        outcome.reasons[reason] = number
    noted = sum(n for (kind, _, reason), n in counts.items() if kind == Kind.SKIPPED and reason not in early)
    outcome.skipped = noted + sum(early.values())
    status = {"status": outcome.status, "reason": outcome.reason}
    sync_runs.change(engine, outcome.run, ended_at=job.around.now(), summary=outcome.summary(), **status)
