"""What is done with a plan: kept as a file, or carried out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bridge.store import disputes, sync_items, sync_runs
from bridge.store.sync_items import Kind, State
from bridge.store.sync_runs import Status
from bridge.sync import journal
from bridge.sync.apply import Applier
from bridge.sync.planfile import write_plan_file
from bridge.sync.reasons import RunReason
from bridge.sync.record import Job

NOBODY_LINKED: Final = RunReason.NOBODY_LINKED
"""The reason of a run that read a list and could link nobody in it."""
NOT_LINKED: Final = (Kind.CONFLICT, Kind.SKIPPED)


def save_plan(job: Job, path: Path | None) -> None:
    """End the run with its plan, in a file where one is named. Raises ConfigError where it cannot be written."""
    engine, outcome = job.context.engine, job.outcome
    run = sync_runs.find(engine, outcome.run)
    if run is not None and path is not None:
        sync_runs.change(engine, run.id, plan=write_plan_file(engine, run, path))
    outcome.status, outcome.plan_file = Status.PLANNED, str(path or "")


def note_disputes(job: Job) -> None:
    """Let launches ask which IDs the roster could not say the owner of."""
    if job.target.link is None:
        with job.context.engine.begin() as connection:
            whole = job.outcome.since is None
            disputes.replace(connection, job.target.connection.name, job.outcome.run, whole=whole)


def write(job: Job, *, missing: bool = True) -> None:
    """Carry out what is planned. `missing`: a whole reading behind the plan is counted for those whom it missed."""
    engine, source, outcome = job.context.engine, job.target.source, job.outcome
    readings = 1 if outcome.since is None else 0
    held = outcome.status == Status.HELD_BACK
    job.context.require_lock()
    sync_runs.change(engine, outcome.run, status=Status.APPLYING)
    with job.clock.stage("writing"):
        if missing:
            journal.count_missing(engine, source, outcome.run, job.context.now(), readings=readings)
        journal.keep_unwritten(job.memory, outcome.run)
        _apply(job)
    failed = any(state == State.QUARANTINED for _, state, _ in sync_items.counts(engine, outcome.run))
    if not held:
        outcome.status = Status.PARTIAL if failed else Status.DONE
    if not held and job.target.link is not None and _linked_nobody(job):
        outcome.status, outcome.reason = Status.PARTIAL, NOBODY_LINKED


def _linked_nobody(job: Job) -> bool:
    """Whether rows were read, and nobody is linked by now for any of them."""
    counts = sync_items.counts(job.context.engine, job.outcome.run)
    linked = any(kind == Kind.LINK and state == State.DONE for kind, state, _ in counts)
    return not linked and not job.outcome.unchanged and any(kind in NOT_LINKED for kind, _, _ in counts)


def _apply(job: Job) -> None:
    target, run = job.target, job.outcome.run
    counts = sync_items.counts(job.context.engine, run)
    total = sum(n for (_, state, _), n in counts.items() if state == State.PLANNED)
    if total:
        context, at_once = job.clock.watch(job.context), target.roster.writes_at_once
        Applier(context, job.memory, run, target.mapped.carriers, at_once).apply(total)
