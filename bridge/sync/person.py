"""The sync run for one person during a launch: the same plan, rules, limits and journal as in a full run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from bridge.contracts import Connection, Learner, RosterMember
from bridge.errors import RemoteUnavailable
from bridge.ottolearn.api import Attribute
from bridge.store import sync_items, sync_people, sync_runs
from bridge.store.sync_items import Item, Kind, State
from bridge.store.sync_lock import LockHeld
from bridge.store.sync_runs import RIGHT_LOST, Status
from bridge.sync import journal, limits
from bridge.sync.apply import STEP
from bridge.sync.changes_plan import ChangesPlanner
from bridge.sync.context import Interrupted, RunContext, Writes
from bridge.sync.facts import Rules
from bridge.sync.guard import GIVING_ACCESS
from bridge.sync.outcome import Outcome
from bridge.sync.reasons import RunReason
from bridge.sync.record import Job, recorded
from bridge.sync.run import note_disputes, write
from bridge.sync.target import SyncTarget, rules_of, target_of

DAY: Final = 86_400.0
LOCK_STEP: Final = 0.02
"""Seconds between two tries for the lock of the connection's syncs."""
OVER: Final = 20.0
"""Seconds after the beginning of a run for one person after which all its writes are either done or lost."""
ATTRIBUTES_LIVE: Final = 300.0
"""Seconds for which OttoLearn's list of attributes is cached."""


class PersonResult(NamedTuple):
    """The result of a sync run for one person."""

    outcome: Outcome
    item: Item | None
    """The planned change and its state; None where nothing had to change."""


class RemembersAttributes:
    """`Writes` that cache the list of OttoLearn's attributes."""

    def __init__(self, calls: Writes, now: Callable[[], float]) -> None:
        self._calls = calls
        self._now = now
        self._known: list[Attribute] = []
        self._until = 0.0

    def attributes(self) -> list[Attribute]:
        """OttoLearn's attributes, at most `ATTRIBUTES_LIVE` seconds old."""
        if self._now() >= self._until:
            self._known, self._until = self._calls.attributes(), self._now() + ATTRIBUTES_LIVE
        return self._known

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner:
        """Add a user."""
        return self._calls.create(attributes, password, active)

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool | None) -> Learner:
        """Change a user."""
        return self._calls.update(user_id, attributes, active)


class PersonPlanner(ChangesPlanner):
    """The planner for one person; the launch has just asked OttoLearn for them, so the directory is fresh."""

    def __init__(self, job: Job, rules: Rules) -> None:
        super().__init__(job, rules)
        self._full = True

    def _require_fresh(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class PersonSync:
    """Syncs one person at a time."""

    context: RunContext
    usernames: tuple[str, ...]
    api_user: str
    """The username of the bridge itself in OttoLearn."""
    monotonic: Callable[[], float]

    def sync_person(self, connection: Connection[Any], member: RosterMember, ends: float) -> PersonResult:
        """Sync one member as a run of the connection would. Nothing is started after `ends` (monotonic clock).

        Raises RemoteUnavailable where a sync of the connection is under way, or it is not known yet what became of an
        earlier one, and ConfigError.
        """
        target = target_of(connection, self.usernames, self.api_user, self.context.engine)
        context = self._hurried(ends)
        while True:
            try:
                return _sync_person(target, context, member)
            except LockHeld as error:
                if self.monotonic() + LOCK_STEP >= ends:
                    raise RemoteUnavailable("a sync of this connection is under way") from error
                self.context.sleep(LOCK_STEP)

    def _hurried(self, ends: float) -> RunContext:
        """The context with a `sleep` and a `stopping` that end the run at `ends`, and refuse long waits."""

        def sleep(seconds: float) -> None:
            if seconds > STEP or self.monotonic() + seconds >= ends:
                raise Interrupted("there was no time left")
            self.context.sleep(seconds)

        return replace(self.context, sleep=sleep, stopping=lambda: self.monotonic() >= ends)


def _sync_person(target: SyncTarget, context: RunContext, member: RosterMember) -> PersonResult:
    with recorded(target, context, full=True, look_up=True) as job:
        key = target.mapped.want(member).key
        _require_settled(job, key)
        planner = PersonPlanner(job, rules_of(target, context, override=False))
        planner.read([[member]])
        job.outcome.read, job.outcome.status = 1, Status.DONE
        _guard(job)
        note_disputes(job)
        write(job, missing=False)
    items = [item for page in sync_items.pages(context.engine, job.outcome.run) for item in page]
    return PersonResult(job.outcome, next((item for item in items if item.kind != Kind.RETURNED), None))


def _require_settled(job: Job, key: str) -> None:
    """Settle this person's writes of runs that died, by OttoLearn's users as they were last read.

    Raises RemoteUnavailable where they were read too early for that, so that no user is created twice.
    """
    engine, directory = job.context.engine, job.context.directory
    for run, look_up, started_at in sync_items.sent_for(engine, job.target.source, key):
        read_at = directory.state().refreshed_at
        if not look_up or read_at is None or read_at < started_at + OVER:
            raise RemoteUnavailable("it is not known yet whether an earlier run has made this person in OttoLearn")
        journal.look_up(job.journal_context, run, job.target.usernames, lost=State.ABANDONED)
        sync_runs.change(engine, run, status=Status.FAILED, reason=RunReason.CRASHED, ended_at=job.context.now())


def _guard(job: Job) -> None:
    """Hold what exceeds the limits together with the other look-ups of the day, and what gives access while the last
    run of the roster holds the same.
    """
    engine, outcome = job.context.engine, job.outcome
    planned = {kind for kind, state, _ in sync_items.counts(engine, outcome.run) if state == State.PLANNED}
    if not planned:
        return
    verdict = _judge(job, planned)
    held = {*verdict.held, *(GIVING_ACCESS if _is_held_already(job) else ())}
    with engine.begin() as connection:
        sync_items.move_state(connection, outcome.run, sorted(held), State.PLANNED, State.HELD)
    if held & planned:
        outcome.status, outcome.reason = Status.HELD_BACK, verdict.reason or RunReason.HELD_ALREADY
        outcome.notices += verdict.sentences


def _judge(job: Job, planned: set[str]) -> limits.Verdict:
    engine, roster, source = job.context.engine, job.target.roster, job.target.source
    counts = sync_items.done_by_look_ups(engine, source, job.context.now() - DAY)
    for kind in planned:
        counts[kind] = counts.get(kind, 0) + 1
    few = max(counts.values()) <= roster.limits.floor  # then it does not matter how many people there are
    owned = 0 if few else sync_people.count_present(engine, source)
    first = sync_runs.last_started(engine, source) is None
    return limits.judge(limits.Load(counts, owned, first=first), roster)


def _is_held_already(job: Job) -> bool:
    engine, source = job.context.engine, job.target.source
    last = sync_runs.last_that_acted(engine, source, job.outcome.run)
    if last is None or last.status != Status.HELD_BACK:
        return False
    return last.reason == RIGHT_LOST or sync_items.has_items(engine, last.id, GIVING_ACCESS)
