"""The record of a run: its lock, its beginning, its progress and its end; and the recovery of runs that died.

Progress is written to the database, so that any process can show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from bridge.errors import OttoBridgeError, RemoteUnavailable, RosterIncomplete
from bridge.store import sync_items, sync_people, sync_progress, sync_runs
from bridge.store.database import DatabaseError, DriverError, Engine
from bridge.store.sync_items import Kind, State
from bridge.store.sync_lock import LockHeld, LockLost, sync_lock
from bridge.store.sync_progress import Progress
from bridge.store.sync_runs import Run, Status
from bridge.store.sync_stops import is_asked_to_stop
from bridge.sync import journal
from bridge.sync.context import Interrupted, RunContext, Stopped
from bridge.sync.journal import JournalContext
from bridge.sync.outcome import Clock, Outcome
from bridge.sync.reasons import RunReason
from bridge.sync.target import SyncTarget, configured_rules

KEPT: Final = 90 * 86_400.0
"""Seconds for which the items of a run are kept."""
LOOK: Final = 1.0
"""Seconds between two checks of the lock while nothing is written: fewer than the next run waits for late answers
(`journal.SETTLING`), and few enough that no proxy cuts the connection as idle."""


LAUNCH_OVER: Final = 15.0
"""Seconds after which a run for one person, whom a launch waits for, is over."""
TRIES: Final = 2
"""Tries for the lock, beyond the first, before the holder is looked up: a launch is recorded only after it has it."""
WAIT: Final = 0.1
"""Seconds between two tries."""
NOTED_EVERY: Final = 1.0
"""Seconds between two writes of the progress: one short statement each."""
SILENT: Final = 120.0
"""Seconds without progress after which a run may have died: reading OttoLearn's users reports none for a while."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run under way."""

    target: SyncTarget
    context: RunContext
    outcome: Outcome
    clock: Clock

    @property
    def journal_context(self) -> JournalContext:
        """What the journal of this run needs."""
        return JournalContext(
            self.context.engine,
            self.target.source,
            self.target.ledger,
            configured_rules(self.target),
            self.context.now,
        )

    def stop_if_asked(self) -> None:
        """Raise Interrupted where somebody asked the run to stop while nothing is being written."""
        if self.context.stopping():
            raise Interrupted("stopped while reading; nothing was changed")

    def notify(self, sentence: str) -> None:
        """Show a sentence to the operator now, and add it to the report."""
        self.outcome.notices.append(sentence)
        self.context.notice(sentence)

    def note_read(self, read: int) -> None:
        """Show how many members were read. Raises Interrupted."""
        self.stop_if_asked()
        self.clock.sample(read, 0)
        self.context.progress("reading", read, None)

    def refresh_learners(self) -> None:
        """Read OttoLearn's users again, and record those deactivated by this connection whom somebody has activated."""
        with self.clock.stage("reading OttoLearn"):
            if not self.context.fresh_for or self.context.directory.is_older_than(self.context.fresh_for):
                self.context.refresh()
            sync_people.note_activated(self.context.engine, self.target.source)


@contextmanager
def locked(target: SyncTarget, context: RunContext, *, look_up: bool = False) -> Iterator[Job]:
    """A job under the lock of its connection; its duration is measured. Waits for runs of launches to end.

    Raises LockHeld, and RemoteUnavailable where the connection to the database is lost.
    """
    began = context.now()
    try:
        with ExitStack() as held:
            if look_up:
                require = held.enter_context(_lock(target, context))
            else:
                require = _lock_after_launches(held, target, context)
            outcome = Outcome(0, target.connection.name, Status.FAILED)
            watched = with_progress_record(_watching(context, require, outcome), outcome)
            yield Job(target, watched, outcome, Clock(context.now, outcome))
            outcome.seconds = context.now() - began
            if outcome.run:
                sync_runs.change(context.engine, outcome.run, summary=outcome.summary())
    except DriverError as error:
        if not error.connection_invalidated:
            raise
        raise RemoteUnavailable("lost the database connection; the next sync resumes here") from error


def _lock(target: SyncTarget, context: RunContext) -> AbstractContextManager[Callable[[], None]]:
    return sync_lock(context.engine, target.connection.name)


def _lock_after_launches(held: ExitStack, target: SyncTarget, context: RunContext) -> Callable[[], None]:
    """Take the lock, waiting while the run of a launch holds it. Raises LockHeld."""
    until, tries = context.now() + LAUNCH_OVER, 0
    while True:
        try:
            return held.enter_context(_lock(target, context))
        except LockHeld:
            tries += 1
            launching = any(run.look_up for run in sync_runs.under_way(context.engine, target.source))
            if tries > TRIES and (not launching or context.now() >= until):
                raise
            context.sleep(WAIT)


def _watching(context: RunContext, require: Callable[[], None], outcome: Outcome) -> RunContext:
    """The context with a `stopping` that every `LOOK` seconds also checks the lock, and raises Stopped after
    `ottobridge runs stop`.
    """
    looked = context.now()

    def stopping() -> bool:
        nonlocal looked
        if context.now() - looked >= LOOK:
            looked = context.now()
            require()
            if outcome.run and is_asked_to_stop(context.engine, outcome.run):
                raise Stopped("stopped by request; what was under way is finished and recorded")
        return context.stopping()

    return replace(context, stopping=stopping, require_lock=require)


@contextmanager
def recorded(target: SyncTarget, context: RunContext, *, full: bool, look_up: bool = False) -> Iterator[Job]:
    """A job under the lock with a new run in the record. `look_up`: for one person whom a launch waits for."""
    now = context.now()
    with locked(target, context, look_up=look_up) as job:
        if not look_up:  # a launch waits for neither, and there is no plan to be held against a file later
            sync_runs.forget_items_before(context.engine, now - KEPT)
        settings = "" if look_up else target.fingerprint()
        job.outcome.look_up = look_up
        job.outcome.run = sync_runs.begin(
            context.engine, target.source, now=now, full=full, settings=settings, look_up=look_up
        )
        with recording_end(job):
            yield job


@contextmanager
def recording_end(job: Job) -> Iterator[None]:
    """Record the end of the run, whether the block returns or raises; a foreseen error becomes the outcome."""
    outcome = job.outcome
    try:
        yield
    except RosterIncomplete as error:
        outcome.status, outcome.reason = Status.HELD_BACK, RunReason.ROSTER_INCOMPLETE
        outcome.notices.append(str(error))
    except Stopped as error:
        outcome.status, outcome.reason = Status.PARTIAL, RunReason.STOPPED
        outcome.notices.append(str(error))
    except Interrupted as error:
        outcome.status, outcome.reason = Status.PARTIAL, RunReason.INTERRUPTED
        outcome.notices.append(str(error))
    except LockLost as error:
        outcome.status, outcome.reason = Status.FAILED, RunReason.LOCK_LOST
        outcome.notices.append(str(error))
    except OttoBridgeError as error:
        outcome.status, outcome.reason = Status.FAILED, RunReason.UNAVAILABLE
        outcome.notices.append(str(error))
    except BaseException:
        outcome.reason = RunReason.CRASHED
        raise
    finally:
        _close(job)


def _close(job: Job) -> None:
    engine, outcome = job.context.engine, job.outcome
    counts = sync_items.counts(engine, outcome.run)
    early = dict(outcome.reasons)
    outcome.count(counts, planned=outcome.status == Status.PLANNED)
    outcome.unchanged += sum(n for (kind, _, _), n in counts.items() if kind == Kind.ADOPT)
    for reason, number in early.items():
        outcome.reasons[reason] = number
    noted = sum(n for (kind, _, reason), n in counts.items() if kind == Kind.SKIPPED and reason not in early)
    outcome.skipped = noted + sum(early.values())
    status = {"status": outcome.status, "reason": outcome.reason}
    sync_runs.change(engine, outcome.run, ended_at=job.context.now(), summary=outcome.summary(), **status)


def recover(job: Job, *, before: int) -> None:
    """Settle the writes of runs before `before` that died, by reading OttoLearn's users, and end these runs."""
    context, target = job.context, job.target
    lost = [run for run in sync_runs.under_way(context.engine, target.source) if run.id < before]
    unsettled = [run for run in sync_items.unsettled(context.engine, target.source) if run < before]
    if unsettled:
        context.notice("an earlier run ended in the middle of writing; OttoLearn is asked what became of it")
        context.sleep(journal.SETTLING)
        context.refresh()
    for run in unsettled:
        journal.look_up(job.journal_context, run, target.usernames, lost=State.ABANDONED)
    for dead in lost:
        _end_dead(context.engine, dead, Status.FAILED, RunReason.CRASHED, context.now())


def _end_dead(engine: Engine, run: Run, status: Status, reason: RunReason, now: float) -> None:
    """End a run whose process has died; what it has read of a roster is no plan."""
    if run.status == Status.READING:
        sync_items.drop(engine, run.id)
    sync_runs.change(engine, run.id, status=status, reason=reason, ended_at=now)


def end_stopped(engine: Engine, connection: str, now: Callable[[], float]) -> bool:
    """End the newest run where it was asked to stop and its process died before it did; whether there was one.

    Otherwise the next sync would resume at once what somebody stopped. Raises LockHeld where the run lives.
    """
    if _newest_to_stop(engine, connection) is None:
        return False
    with sync_lock(engine, connection):
        run = _newest_to_stop(engine, connection)  # it may have ended meanwhile
        if run is not None:
            _end_dead(engine, run, Status.PARTIAL, RunReason.STOPPED, now())
    return run is not None


def _newest_to_stop(engine: Engine, connection: str) -> Run | None:
    run = sync_runs.newest_of_roster(engine, connection)
    waits = run is not None and run.status in sync_runs.UNDER_WAY and is_asked_to_stop(engine, run.id)
    return run if waits else None


def with_progress_record(context: RunContext, outcome: Outcome) -> RunContext:
    """The context with a `progress` that is also written to the record of the run, once `outcome` has its number."""
    last = ("", 0.0)

    def progress(stage: str, done: int, total: int | None) -> None:
        nonlocal last
        context.progress(stage, done, total)
        now = context.now()
        if outcome.run and (stage != last[0] or now - last[1] >= NOTED_EVERY):
            last = (stage, now)
            with suppress(DatabaseError):  # it is only shown: what the run cannot do without will say so itself
                sync_progress.note(context.engine, outcome.run, Progress(stage, done, total, now))

    return replace(context, progress=progress)
