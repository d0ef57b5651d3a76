"""The guard: holds the changes of a plan that are beyond the limits, or that a lost right makes doubtful."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bridge.store import sync_items, sync_people, sync_runs
from bridge.store.sync_items import WRITES, Kind, State
from bridge.store.sync_runs import GUESSED, RIGHT_LOST, Run, Status
from bridge.sync import limits, stale
from bridge.sync.limits import MaxChanges, Verdict
from bridge.sync.plan import Planner
from bridge.sync.record import Job

GIVING_ACCESS: Final = (Kind.CREATE, Kind.REACTIVATE)
WINDOW: Final = 86_400.0
"""Seconds over which the limits add up what is pushed person by person. A first load may take as long."""
REMEMBERED: Final = 100
"""How many completed runs are searched for an earlier confirmation of a guess."""


def guard(job: Job, planner: Planner, max_changes: MaxChanges, approved: Run | None = None) -> Verdict:
    """Hold what is beyond the limits and set the outcome's status and reason; the verdict has the operator's sentences.

    Changes that the plan of run `approved` showed are exempt from the limits and not counted.
    """
    engine, outcome = job.context.engine, job.outcome
    outcome.allowed = approved is not None or max_changes != limits.NO_OTHERS
    if approved is not None:
        stale.approve_shown(engine, outcome.run, approved.id)
    verdict = limits.judge(_load(job, planner), job.target.roster, max_changes)
    with engine.begin() as connection:
        sync_items.move_state(connection, outcome.run, verdict.held, State.PLANNED, State.HELD)
        if approved is not None:
            after = State.HELD if verdict.stops else State.PLANNED
            sync_items.move_state(connection, outcome.run, WRITES, State.APPROVED, after)
    lost = _lost_a_right(job, approved)
    sentences = (_hold_access(job), *verdict.sentences) if lost else verdict.sentences
    outcome.reasons = dict(planner.skipped)
    outcome.reason = RIGHT_LOST if lost else verdict.reason
    outcome.status = Status.HELD_BACK if outcome.reason else Status.DONE
    return replace(verdict, sentences=sentences)


def hold_guess(job: Job, approved: Run | None = None) -> bool:
    """Whether the plan writes by a guess of the reader that nobody has confirmed; sets the outcome's reason.

    An earlier run that wrote by the same guess, or an approval, is the confirmation.
    """
    engine, outcome = job.context.engine, job.outcome
    earlier = sync_runs.completed(engine, job.target.source, REMEMBERED)
    confirmed = earlier if approved is None else [*earlier, approved]
    if not outcome.guess or any(run.summary.get("guess") == outcome.guess for run in confirmed):
        return False
    if not any(kind in WRITES for kind, _, _ in sync_items.counts(engine, outcome.run)):
        outcome.guess = ""  # nobody is asked, so nobody has confirmed it
        return False
    outcome.reason = GUESSED
    outcome.notices.append(f"Only recognised, and named by nobody ({outcome.guess}): nothing is written yet.")
    return True


def _lost_a_right(job: Job, approved: Run | None) -> bool:
    """Whether the source gave fewer rights than at the last reading, and nobody has approved that."""
    outcome = job.outcome
    if not outcome.lacks or (approved is not None and approved.summary.get("lacks") == outcome.lacks):
        return False
    good = sync_runs.completed(job.context.engine, job.target.source, REMEMBERED)
    earlier = [run for run in good if run.since is None and run.reason != RIGHT_LOST and "lacks" in run.summary]
    return bool(earlier) and earlier[0].summary["lacks"] != outcome.lacks


def _hold_access(job: Job) -> str:
    """Hold all creations and reactivations of this run; returns the sentence for the operator."""
    engine, outcome = job.context.engine, job.outcome
    with engine.begin() as connection:
        sync_items.move_state(connection, outcome.run, GIVING_ACCESS, State.PLANNED, State.HELD)
    return (
        f"The source no longer gives {outcome.lacks}, and so may name people who should not have access: nobody is "
        "created or reactivated. Give the right back; if it is to stay like this, approve this run."
    )


def _load(job: Job, planner: Planner) -> limits.Load:
    engine, source = job.context.engine, job.target.source
    counts = sync_items.counts(engine, job.outcome.run)
    by_kind: dict[str, int] = dict.fromkeys(Kind, 0)
    for (kind, state, _), number in counts.items():
        by_kind[kind] += 0 if state == State.APPROVED else number
    owned = sync_people.count_present(engine, source)
    lost = not sync_people.has_snapshot(engine, source) and _had_people(job)
    if job.target.connection.adapter.takes_pushes:
        since = job.context.now() - WINDOW
        began = sync_runs.first_started(engine, source)
        before = sync_runs.written_since(engine, source, since, except_run=job.outcome.run)
        first = owned == 0 or began is None or began > since
        return limits.Load(by_kind, owned, planner.joining, first, lost, before, "within a day")
    first = owned == 0 or sync_runs.last_started(engine, source) is None
    deactivated = 0 if job.outcome.since is None else sync_runs.deactivated_by_incremental_runs(engine, source)
    return limits.Load(by_kind, owned, planner.joining, first, lost, {Kind.DEACTIVATE: deactivated})


def _had_people(job: Job) -> bool:
    """Whether an earlier full run left people in the snapshot."""
    earlier = sync_runs.newest(job.context.engine, 20, job.target.connection.name, whole=True)
    good = [run.summary for run in earlier if run.status in {Status.DONE, Status.PARTIAL, Status.HELD_BACK}]
    return any(summary.get(name) for summary in good for name in ("unchanged", "created", "updated"))
