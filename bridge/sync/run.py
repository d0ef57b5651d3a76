"""The use case of a sync run: read the roster, plan, guard, apply, record. It knows no command line and no LMS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bridge.contracts import Connection
from bridge.errors import ConfigError
from bridge.net.http import Outbound
from bridge.roster.settings import seconds
from bridge.store import disputes, sync_items, sync_runs
from bridge.store.sync_items import Kind, State
from bridge.store.sync_runs import GUESSED, Run, Status
from bridge.sync import journal
from bridge.sync.apply import Applier
from bridge.sync.context import RunContext
from bridge.sync.guard import guard, hold_guess
from bridge.sync.limits import NO_OTHERS, MaxChanges
from bridge.sync.outcome import Outcome
from bridge.sync.planfile import write_plan_file
from bridge.sync.read import read, start_of
from bridge.sync.reasons import RunReason
from bridge.sync.record import KEPT, Job, locked, recorded, recording_end, recover
from bridge.sync.stale import close, require_current, require_open
from bridge.sync.target import rules_of, target_of
from bridge.tracing import traces

NOBODY_LINKED: Final = RunReason.NOBODY_LINKED
"""The reason of a run that read a list and linked nobody."""
NOT_LINKED: Final = (Kind.CONFLICT, Kind.SKIPPED)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one run."""

    plan_file: Path | None = None
    """Make the plan, write it there, change nothing."""
    only_plan: bool = False
    """Make the plan and change nothing, without a file: it is in the database."""
    guess_file: Path | None = None
    """Where the plan is written if the run ends as a plan because a guess of the reader must be confirmed first."""
    full: bool = False
    """Read the whole roster and OttoLearn again, and compare everything."""
    max_changes: MaxChanges = NO_OTHERS
    override: bool = False
    """Compare everything, and overwrite what somebody changed in OttoLearn."""


class Sync:
    """The roster sync of one connection."""

    def __init__(
        self,
        connection: Connection[Any],
        username_attributes: Sequence[str],
        api_user: str,
        outbound: Outbound,
        context: RunContext,
    ) -> None:
        """`api_user`: the username of the bridge itself in OttoLearn, which is never written to.

        Raises ConfigError for a connection without a roster, or with one that would let nobody launch.
        """
        self._target = target_of(connection, username_attributes, api_user, context.engine)
        self._outbound = outbound
        self._context = context

    def run(self, options: Options) -> Outcome:
        """Read the roster and change OttoLearn accordingly, or only make the plan. Raises LockHeld, ConfigError."""
        return self._run(options)

    def approve(self, run: Run) -> Outcome:
        """Read the roster again, and make the changes that the plan of `run` showed and that still apply, unlimited.

        Other changes are made within the limits, as in any run. Raises PlanStale, LockHeld, ConfigError.
        """
        self._require_own(run)
        require_open(self._context.engine, run, self._context.now())
        return self._run(Options(full=run.full, override=bool(run.summary.get("override"))), run)

    def _run(self, options: Options, approved: Run | None = None) -> Outcome:
        full = options.full or options.override or self._full_is_due()
        whole = traces.root("sync", connection=self._target.connection.name)
        with whole, recorded(self._target, self._context, full=full) as job:
            job.outcome.override = options.override
            recover(job, before=job.outcome.run)
            rules = rules_of(job.target, job.context, override=options.override)
            start = start_of(job, whole=full or (approved is not None and approved.since is None))
            with traces.span("sync read"):
                planner = read(job, self._outbound, rules, start, full=full)
            with traces.span("sync plan"):
                verdict = guard(job, planner, options.max_changes, approved)
            for sentence in verdict.sentences:
                job.notify(sentence)
            if options.plan_file is not None or options.only_plan:
                save_plan(job, options.plan_file)
            elif hold_guess(job, approved):
                save_plan(job, options.guess_file)
            else:
                note_disputes(job)
                if not verdict.stops:
                    with traces.span("sync write"):
                        write(job)
                if not verdict.stops and approved is not None and job.outcome.status != Status.PARTIAL:
                    close(self._context.engine, approved)
        return job.outcome

    def apply_plan(self, run: Run) -> Outcome:
        """Carry out the saved plan of `run` exactly: what was only planned, or not reached before a crash.

        What a limit held stays held. Raises PlanStale before any write, LockHeld, ConfigError.
        """
        target, engine = self._target, self._context.engine
        self._require_own(run)
        whole = traces.root("sync", connection=target.connection.name)
        with whole, locked(target, self._context) as job:
            run = sync_runs.find(engine, run.id) or run  # as the last holder of the lock left it
            job.outcome.run, job.outcome.read = run.id, run.summary.get("read", 0)
            job.outcome.unchanged, job.outcome.since = run.summary.get("unchanged", 0), run.since
            job.outcome.guess = run.summary.get("guess", "")
            recover(job, before=run.id)
            sync_runs.change(engine, run.id, stop_asked_at=None)  # a request to stop was for the earlier process
            job.context.refresh()
            journal.look_up(job.journal_context, run.id, target.mapped.carriers, lost=State.PLANNED)
            ignore_case, usernames = target.connection.ignore_case, target.usernames
            require_current(engine, run, target.fingerprint(), usernames, job.context.now(), ignore_case=ignore_case)
            if any(state == State.HELD for _, state, _ in sync_items.counts(engine, run.id)):
                job.outcome.status, job.outcome.reason = Status.HELD_BACK, run.reason
                if run.reason == GUESSED:
                    job.outcome.reason = RunReason.LIMIT_EXCEEDED  # what was guessed is confirmed by this very command
            with recording_end(job):
                note_disputes(job)
                with traces.span("sync write"):
                    write(job, missing=run.status == Status.PLANNED)
        return job.outcome

    def _require_own(self, run: Run) -> None:
        if run.source != self._target.source:
            name = self._target.connection.name
            raise ConfigError([f"run {run.id} is a plan of {run.connection}, not of {name}"])

    def due(self) -> bool:
        """Whether it is time for the next run by the connection's `every`."""
        return self._is_older(seconds(self._target.roster.every), full=False)

    def _full_is_due(self) -> bool:
        # Incremental runs need the conflicts of the last full run, which are not kept for ever.
        return self._is_older(min(seconds(self._target.roster.full_every), KEPT), full=True)

    def _is_older(self, span: float, *, full: bool) -> bool:
        """Whether the last completed run, or with `full` the last full one, began at least `span` seconds ago."""
        last = sync_runs.last_started(self._context.engine, self._target.source, full=full)
        return last is None or abs(self._context.now() - last) >= span  # far ahead: a clock was set back since


def save_plan(job: Job, path: Path | None) -> None:
    """End the run with its plan, in a file where one is named. Raises ConfigError where it cannot be written."""
    engine, outcome = job.context.engine, job.outcome
    run = sync_runs.find(engine, outcome.run)
    if run is not None and path is not None:
        sync_runs.change(engine, run.id, plan=write_plan_file(engine, run, path))
    outcome.status, outcome.plan_file = Status.PLANNED, str(path or "")


def note_disputes(job: Job) -> None:
    """Store the IDs whose owner the roster left open, for launches to check."""
    if job.target.link is None:
        with job.context.engine.begin() as connection:
            whole = job.outcome.since is None
            disputes.replace(connection, job.target.connection.name, job.outcome.run, whole=whole)


def write(job: Job, *, missing: bool = True) -> None:
    """Carry out the planned items. `missing`: count this reading as one that missed the people who are gone."""
    engine, source, outcome = job.context.engine, job.target.source, job.outcome
    readings = 1 if outcome.since is None else 0
    held = outcome.status == Status.HELD_BACK
    job.context.require_lock()
    sync_runs.change(engine, outcome.run, status=Status.APPLYING)
    with job.clock.stage("writing"):
        if missing:
            journal.count_missing(engine, source, outcome.run, job.context.now(), readings=readings)
        journal.apply_without_writes(job.journal_context, outcome.run)
        _apply(job)
    failed = any(state == State.QUARANTINED for _, state, _ in sync_items.counts(engine, outcome.run))
    if not held:
        outcome.status = Status.PARTIAL if failed else Status.DONE
    if not held and job.target.link is not None and _linked_nobody(job):
        outcome.status, outcome.reason = Status.PARTIAL, NOBODY_LINKED


def _linked_nobody(job: Job) -> bool:
    """Whether rows were read, and none of them leads to a linked user."""
    counts = sync_items.counts(job.context.engine, job.outcome.run)
    linked = any(kind == Kind.LINK and state == State.DONE for kind, state, _ in counts)
    return not linked and not job.outcome.unchanged and any(kind in NOT_LINKED for kind, _, _ in counts)


def _apply(job: Job) -> None:
    target, run = job.target, job.outcome.run
    counts = sync_items.counts(job.context.engine, run)
    total = sum(n for (_, state, _), n in counts.items() if state == State.PLANNED)
    if total:
        context, at_once = job.clock.watch(job.context), target.roster.writes_at_once
        Applier(context, job.journal_context, run, target.mapped.carriers, at_once).apply(total)
