"""The guard over a plan: what is beyond the limits is held, and said."""

from __future__ import annotations

from typing import Final

from bridge.store import sync_items, sync_people, sync_runs
from bridge.store.sync_items import WRITES, Kind, State
from bridge.store.sync_runs import GUESSED, Run, Status
from bridge.sync import approval, limits
from bridge.sync.limits import MaxChanges
from bridge.sync.plan import Planner
from bridge.sync.record import Job

REMEMBERED: Final = 100
"""Among so many runs that came to their end a guess is looked for."""


def guard(job: Job, planner: Planner, max_changes: MaxChanges, approved: Run | None = None) -> bool:
    """Hold what is beyond the limits, and begin the outcome by it; whether nothing at all may be written.

    What somebody approved of the plan of run `approved`, and is planned again, no limit holds or counts.
    """
    engine, outcome = job.around.engine, job.outcome
    if approved is not None:
        approval.let_through(engine, outcome.run, approved.id)
    verdict = limits.judge(_load(job, planner), job.subject.roster, max_changes)
    with engine.begin() as connection:
        sync_items.shift(connection, outcome.run, verdict.held, State.PLANNED, State.HELD)
        if approved is not None:
            after = State.HELD if verdict.stops else State.PLANNED
            sync_items.shift(connection, outcome.run, WRITES, State.APPROVED, after)
    outcome.reasons = dict(planner.skipped)
    outcome.reason = verdict.reason
    outcome.status = Status.HELD_BACK if verdict.reason else Status.DONE
    outcome.notices += verdict.sentences
    for sentence in verdict.sentences:
        job.around.notice(sentence)
    return verdict.stops


def hold_guess(job: Job, approved: Run | None = None) -> bool:
    """Whether the plan writes by a guess that no earlier run of the connection has acted on; the outcome says so.

    Whoever approved a run has confirmed its guess.
    """
    engine, outcome = job.around.engine, job.outcome
    earlier = sync_runs.good(engine, job.subject.source, REMEMBERED)
    confirmed = earlier if approved is None else [*earlier, approved]
    if not outcome.guess or any(run.summary.get("guess") == outcome.guess for run in confirmed):
        return False
    if not any(kind in WRITES for kind, _, _ in sync_items.counts(engine, outcome.run)):
        outcome.guess = ""  # nobody is asked, so nobody has confirmed it
        return False
    outcome.reason = GUESSED
    outcome.notices.append(f"Only recognised, and named by nobody ({outcome.guess}): nothing is written yet.")
    return True


def _load(job: Job, planner: Planner) -> limits.Load:
    engine, source = job.around.engine, job.subject.source
    counts = sync_items.counts(engine, job.outcome.run)
    by_kind: dict[str, int] = dict.fromkeys(Kind, 0)
    for (kind, state, _), number in counts.items():
        by_kind[kind] += 0 if state == State.APPROVED else number
    owned = sync_people.count_present(engine, source)
    lost = not sync_people.has_anybody(engine, source) and _had_people(job)
    first = owned == 0 or sync_runs.last_started(engine, source) is None
    before = 0 if job.outcome.since is None else sync_runs.deactivated_in_between(engine, source)
    return limits.Load(by_kind, owned, planner.joining, first, lost, before)


def _had_people(job: Job) -> bool:
    """Whether an earlier whole run left people in the snapshot."""
    earlier = sync_runs.newest(job.around.engine, 20, job.subject.connection.name, whole=True)
    good = [run.summary for run in earlier if run.status in {Status.DONE, Status.PARTIAL, Status.HELD_BACK}]
    return any(summary.get(name) for summary in good for name in ("unchanged", "created", "updated"))
