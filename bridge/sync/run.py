"""The use case: read a roster, plan, guard, apply, record. No command line, no LMS by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from bridge.contracts import Connection, Means, RosterPages
from bridge.errors import ConfigError, OttoBridgeError, RemoteRefused, RosterIncomplete
from bridge.http import Outbound
from bridge.ottolearn.api import Attribute
from bridge.store import sync_items, sync_people, sync_runs
from bridge.store.sync_items import WRITES, Kind, State
from bridge.store.sync_lock import sync_lock
from bridge.store.sync_runs import Run, Status
from bridge.store.text import fold
from bridge.sync import journal, limits
from bridge.sync.ahead import read_ahead
from bridge.sync.apply import Applier, Interrupted, Surroundings
from bridge.sync.clock import Clock
from bridge.sync.decide import Rules
from bridge.sync.link import only_linking
from bridge.sync.link_plan import LinkPlanner
from bridge.sync.mapping import build_map, mistakes_in
from bridge.sync.outcome import Outcome
from bridge.sync.plan import Planner
from bridge.sync.planfile import write_plan_file
from bridge.sync.settings import Link, Roster, seconds
from bridge.sync.stale import require_current

KEPT: Final = 90 * 86_400.0
"""Seconds for which the items of a run are kept."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one command may ask of a run."""

    plan_file: Path | None = None
    """Make the plan, write it there, change nothing."""
    full: bool = False
    """Read OttoLearn again and compare everything."""
    max_changes: int | None = None
    override: bool = False
    """Overwrite what somebody changed in OttoLearn."""


class Sync:
    """The roster sync of one connection."""

    def __init__(
        self,
        connection: Connection[Any],
        username_attributes: Sequence[str],
        api_user: str,
        outbound: Outbound,
        around: Surroundings,
    ) -> None:
        """`api_user`: the username of the bridge itself in OttoLearn, which is never written to.

        Raises ConfigError for a connection without a roster, or with one that would let nobody launch.
        """
        if connection.adapter.read_roster is None:
            raise ConfigError([f"connections.{connection.name}: {connection.adapter.title} has no roster to read"])
        self._connection = connection
        self._read_roster: Callable[[Any, Means], RosterPages] = connection.adapter.read_roster
        self._roster: Roster = getattr(connection.settings, "roster", None) or Roster()
        self._usernames = tuple(username_attributes)
        self._api_user = api_user
        self._outbound = outbound
        self._around = around
        self._engine = around.engine
        self._link: Link | None = getattr(connection.settings, "link", None)
        student_id = connection.settings.student_id
        mapping = self._roster
        if self._link is not None:
            mapping = only_linking(self._roster, student_id, self._usernames, self._link)
        self._mapped = build_map(mapping, student_id, self._usernames)
        self._source = sync_people.source_id(around.engine, connection.name)

    def run(self, options: Options) -> Outcome:
        """Read the roster and bring OttoLearn to it, or only plan to. Raises LockHeld, ConfigError."""
        full = options.full or self._full_is_due()
        with self._recorded(full) as outcome:
            self._recover(before=outcome.run)
            clock = Clock(self._around.now, outcome)
            planner = self._planner(outcome, self._rules(options), clock, full=full)
            with clock.stage("reading and comparing"):
                self._read(planner, outcome)
            self._guard(outcome, options, planner)
            if options.plan_file is not None:
                self._save_plan(outcome, options.plan_file)
            elif not (outcome.reason and self._roster.on_exceed == "abort"):
                self._write(outcome, clock)
        return outcome

    def apply_plan(self, run: Run) -> Outcome:
        """Carry out the saved plan of `run` exactly: what was only planned, or held, or not reached before a crash.

        Raises PlanStale before any write, LockHeld, ConfigError.
        """
        if run.source != self._source:
            raise ConfigError([f"run {run.id} is a plan of {run.connection}, not of {self._connection.name}"])
        with self._locked() as outcome:
            outcome.run, outcome.read = run.id, run.summary.get("read", 0)
            outcome.unchanged = run.summary.get("unchanged", 0)
            self._recover(before=run.id)
            self._around.directory.refresh()
            journal.look_up(self._engine, self._source, run.id, self._mapped.carriers, lost=State.PLANNED)
            require_current(self._engine, run, self.fingerprint(), self._usernames)
            with self._engine.begin() as connection:
                sync_items.shift(connection, run.id, WRITES, State.HELD, State.PLANNED)
            with self._ending(outcome):
                self._write(outcome, Clock(self._around.now, outcome), missing=run.status == Status.PLANNED)
        return outcome

    def fingerprint(self) -> str:
        """A digest of everything in the configuration, and of the file that is read, that a plan depends on."""
        parts = [
            self._connection.name,
            self._connection.settings.student_id,
            list(self._usernames),
            self._roster.model_dump(
                mode="json", exclude={"every", "full_every", "writes_at_once", "limits", "on_exceed"}
            ),
            None if self._link is None else self._link.model_dump(),
            self._file(),
        ]
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()

    def _file(self) -> str:
        """A digest of the file behind the roster; empty where there is none, or none that can be read."""
        fingerprint = self._connection.adapter.fingerprint
        try:
            return "" if fingerprint is None else fingerprint(self._connection.settings)
        except RosterIncomplete:
            return ""  # reading it says why

    def due(self) -> bool:
        """Whether it is time for the next run by the connection's `every`."""
        last = sync_runs.last_started(self._engine, self._source)
        return last is None or self._around.now() - last >= seconds(self._roster.every)

    def _full_is_due(self) -> bool:
        last = sync_runs.last_started(self._engine, self._source, full=True)
        return last is None or self._around.now() - last >= seconds(self._roster.full_every)

    @contextmanager
    def _locked(self) -> Iterator[Outcome]:
        began = self._around.now()
        with sync_lock(self._engine, self._connection.name):
            outcome = Outcome(0, self._connection.name, Status.FAILED)
            yield outcome
            outcome.seconds = self._around.now() - began
            if outcome.run:
                sync_runs.change(self._engine, outcome.run, summary=outcome.summary())

    @contextmanager
    def _recorded(self, full: bool) -> Iterator[Outcome]:
        """A run in the record, from its beginning to its end, whatever the end is."""
        now = self._around.now()
        with self._locked() as outcome:
            sync_runs.forget_items_before(self._engine, now - KEPT)
            outcome.run = sync_runs.begin(self._engine, self._source, now=now, full=full, settings=self.fingerprint())
            with self._ending(outcome):
                yield outcome

    @contextmanager
    def _ending(self, outcome: Outcome) -> Iterator[None]:
        """Turn what ends a run early into its outcome, and record it."""
        try:
            yield
        except RosterIncomplete as error:
            outcome.status, outcome.reason = Status.HELD_BACK, "roster_incomplete"
            outcome.notices.append(str(error))
        except Interrupted as error:
            outcome.status, outcome.reason = Status.PARTIAL, "interrupted"
            outcome.notices.append(str(error))
        except OttoBridgeError as error:
            outcome.status, outcome.reason = Status.FAILED, "unavailable"
            outcome.notices.append(str(error))
        except BaseException:
            outcome.reason = "crashed"
            raise
        finally:
            self._close(outcome)

    def _close(self, outcome: Outcome) -> None:
        counts = sync_items.counts(self._engine, outcome.run)
        planned = outcome.status == Status.PLANNED
        early = dict(outcome.reasons)
        outcome.count(counts, planned=planned)
        outcome.unchanged += sum(n for (kind, _, _), n in counts.items() if kind == Kind.ADOPT)
        for reason, number in early.items():
            outcome.reasons[reason] = number
        noted = sum(n for (kind, _, reason), n in counts.items() if kind == Kind.SKIPPED and reason not in early)
        outcome.skipped = noted + sum(early.values())
        status = {"status": outcome.status, "reason": outcome.reason}
        sync_runs.change(self._engine, outcome.run, ended_at=self._around.now(), summary=outcome.summary(), **status)

    def _recover(self, before: int) -> None:
        """Find out what became of the writes of runs that died, and close these runs."""
        lost = [run for run in sync_runs.under_way(self._engine, self._source) if run.id < before]
        unsettled = [run for run in sync_items.unsettled(self._engine, self._source) if run < before]
        if unsettled:
            self._around.notice("an earlier run ended in the middle of writing; OttoLearn is asked what became of it")
            self._around.sleep(journal.SETTLING)
            self._around.directory.refresh()
        for run in unsettled:
            journal.look_up(self._engine, self._source, run, self._usernames, lost=State.ABANDONED)
        for dead in lost:
            if dead.status == Status.READING:
                sync_items.drop(self._engine, dead.id)
            sync_runs.change(self._engine, dead.id, status=Status.FAILED, reason="crashed", ended_at=self._around.now())

    def _rules(self, options: Options) -> Rules:
        required = self._check_attributes()
        protected = (*self._roster.protected_users, self._api_user)
        return Rules(
            source=self._source,
            usernames=self._usernames,
            filled=self._mapped.usernames,
            required=frozenset(attribute.name for attribute in required),
            owned_by_ottolearn=frozenset(self._roster.owned_by_ottolearn),
            protect=self._roster.protect and not options.override,
            protected=frozenset(fold(name) for name in protected if name),
            grace_days=self._roster.grace.days,
            grace_reads=self._roster.grace.complete_reads,
        )

    def _check_attributes(self) -> list[Attribute]:
        """The attributes that OttoLearn requires. Raises ConfigError for a mapping it could not take."""
        try:
            known = self._around.ottolearn.attributes()
        except RemoteRefused as error:
            self._around.notice(f"OttoLearn's attributes cannot be checked: {error}")
            return []
        problems = mistakes_in(known, self._mapped)
        if self._link is not None and self._link.attribute not in {attribute.name for attribute in known}:
            problems.append(f"OttoLearn has no attribute {self._link.attribute}, by which people are to be found")
        if problems:
            raise ConfigError([f"connections.{self._connection.name}.roster: {problem}" for problem in problems])
        if self._link is not None:
            return []
        required = [attribute for attribute in known if attribute.required]
        if unfilled := [attribute.name for attribute in required if attribute.name not in self._mapped.names]:
            names = ", ".join(unfilled)
            self._around.notice(f"nobody can be created: OttoLearn requires {names}, and nothing fills it")
        return required

    def _planner(self, outcome: Outcome, rules: Rules, clock: Clock, *, full: bool) -> Planner | LinkPlanner:
        def progress(read: int) -> None:
            self._stop_if_asked()
            clock.sample(read, 0)
            self._around.progress("reading", read, None)

        def freshen() -> None:
            with clock.stage("reading OttoLearn"):
                self._around.directory.refresh()

        if self._link is not None:
            return LinkPlanner(
                self._engine, outcome.run, self._mapped, rules, self._link, freshen=freshen, progress=progress
            )
        return Planner(self._engine, outcome.run, self._mapped, rules, full=full, freshen=freshen, progress=progress)

    def _read(self, planner: Planner | LinkPlanner, outcome: Outcome) -> None:
        around = self._around
        means = Means(self._outbound, around.now, around.sleep, around.notice, around.services)
        try:
            roster = self._read_roster(self._connection.settings, means)
            with self._unchanged_file(), read_ahead(roster, self._stop_if_asked) as pages:
                planner.read(pages)
            if self._roster.on_leave == "deactivate":
                planner.finish(around.now())
        except BaseException:
            # Half a plan must never be applied, by nobody and at no time.
            sync_items.drop(self._engine, outcome.run)
            raise
        finally:
            outcome.read, outcome.unchanged = planner.read_total, planner.unchanged

    @contextmanager
    def _unchanged_file(self) -> Iterator[None]:
        """Raise RosterIncomplete where the file behind the roster is another one at the end of the block."""
        before = self._file()
        yield
        if self._file() != before:
            raise RosterIncomplete("the file was changed while it was read")

    def _stop_if_asked(self) -> None:
        if self._around.stopping():
            raise Interrupted("stopped while reading; nothing was changed")

    def _guard(self, outcome: Outcome, options: Options, planner: Planner | LinkPlanner) -> None:
        """Hold what is beyond the limits."""
        counts = sync_items.counts(self._engine, outcome.run)
        by_kind: dict[str, int] = {kind: sum(n for (k, _, _), n in counts.items() if k == kind) for kind in Kind}
        owned = sync_people.count_present(self._engine, self._source)
        lost = not sync_people.has_anybody(self._engine, self._source) and self._had_people()
        first = owned == 0 or sync_runs.last_started(self._engine, self._source) is None
        load = limits.Load(by_kind, owned, planner.joining, first, lost)
        verdict = limits.judge(load, self._roster, options.max_changes)
        with self._engine.begin() as connection:
            sync_items.shift(connection, outcome.run, verdict.held, State.PLANNED, State.HELD)
        outcome.reasons = dict(planner.skipped)
        outcome.reason = verdict.reason
        outcome.status = Status.HELD_BACK if verdict.reason else Status.DONE
        outcome.notices += verdict.sentences
        for sentence in verdict.sentences:
            self._around.notice(sentence)

    def _had_people(self) -> bool:
        """Whether an earlier run left people in the snapshot."""
        earlier = sync_runs.newest(self._engine, 20, self._connection.name)
        good = [run.summary for run in earlier if run.status in {Status.DONE, Status.PARTIAL, Status.HELD_BACK}]
        return any(summary.get(name) for summary in good for name in ("unchanged", "created", "updated"))

    def _save_plan(self, outcome: Outcome, path: Path) -> None:
        run = sync_runs.find(self._engine, outcome.run)
        if run is not None:
            sync_runs.change(self._engine, run.id, plan=write_plan_file(self._engine, run, path))
        outcome.status, outcome.plan_file = Status.PLANNED, str(path)

    def _write(self, outcome: Outcome, clock: Clock, *, missing: bool = True) -> None:
        """Carry out what is planned. `missing`: the reading behind the plan is counted for those whom it missed."""
        held = outcome.status == Status.HELD_BACK
        sync_runs.change(self._engine, outcome.run, status=Status.APPLYING)
        with clock.stage("writing"):
            if missing:
                journal.count_missing(self._engine, self._source, outcome.run, self._around.now())
            journal.keep_unwritten(self._engine, self._source, outcome.run)
            self._apply(outcome, clock)
        counts = sync_items.counts(self._engine, outcome.run)
        failed = any(state == State.QUARANTINED for _, state, _ in counts)
        if not held:
            outcome.status = Status.PARTIAL if failed else Status.DONE

    def _apply(self, outcome: Outcome, clock: Clock) -> None:
        counts = sync_items.counts(self._engine, outcome.run)
        total = sum(n for (_, state, _), n in counts.items() if state == State.PLANNED)
        if total:
            around, at_once = clock.watch(self._around), self._roster.writes_at_once
            Applier(around, self._source, outcome.run, self._mapped.carriers, at_once).apply(total)
