"""The guard over a plan: what is beyond the limits is held, and said."""

from __future__ import annotations

from typing import Final

from bridge.store import sync_items, sync_people, sync_runs
from bridge.store.sync_items import WRITES, Kind, State
from bridge.store.sync_runs import GUESSED, Status
from bridge.sync import limits
from bridge.sync.plan import Planner
from bridge.sync.record import Job

REMEMBERED: Final = 100
"""Among so many runs that came to their end a guess is looked for."""


def guard(job: Job, planner: Planner, max_changes: int | None) -> bool:
    """Hold what is beyond the limits, and begin the outcome by it; whether nothing at all may be written."""
    engine, outcome = job.around.engine, job.outcome
    verdict = limits.judge(_load(job, planner), job.subject.roster, max_changes)
    with engine.begin() as connection:
        sync_items.shift(connection, outcome.run, verdict.held, State.PLANNED, State.HELD)
    outcome.reasons = dict(planner.skipped)
    outcome.reason = verdict.reason
    outcome.status = Status.HELD_BACK if verdict.reason else Status.DONE
    outcome.notices += verdict.sentences
    for sentence in verdict.sentences:
        job.around.notice(sentence)
    return verdict.stops


def hold_guess(job: Job) -> bool:
    """Whether the plan writes by a guess that no earlier run of the connection has acted on; the outcome says so."""
    engine, outcome = job.around.engine, job.outcome
    earlier = sync_runs.good(engine, job.subject.source, REMEMBERED)
    if not outcome.guess or any(run.summary.get("guess") == outcome.guess for run in earlier):
        return False
    if not any(kind in WRITES for kind, _, _ in sync_items.counts(engine, outcome.run)):
        outcome.guess = ""  # nobody is asked, so nobody has confirmed it
        return False
    outcome.reason = GUESSED
    outcome.notices.append(f"Columns were recognised by their headers alone ({outcome.guess}): nothing is written yet.")
    return True


def _load(job: Job, planner: Planner) -> limits.Load:
    engine, source = job.around.engine, job.subject.source
    counts = sync_items.counts(engine, job.outcome.run)
    by_kind: dict[str, int] = {kind: sum(n for (k, _, _), n in counts.items() if k == kind) for kind in Kind}
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
