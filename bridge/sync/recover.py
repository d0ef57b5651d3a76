"""What runs that died have left: found out and settled before anything new is planned."""

from __future__ import annotations

from bridge.store import sync_items, sync_runs
from bridge.store.sync_items import State
from bridge.store.sync_runs import Status
from bridge.sync import journal
from bridge.sync.reasons import RunReason
from bridge.sync.record import Job


def recover(job: Job, *, before: int) -> None:
    """Find out what became of the writes of runs before `before` that died, and close these runs."""
    context, target = job.context, job.target
    lost = [run for run in sync_runs.under_way(context.engine, target.source) if run.id < before]
    unsettled = [run for run in sync_items.unsettled(context.engine, target.source) if run < before]
    if unsettled:
        context.notice("an earlier run ended in the middle of writing; OttoLearn is asked what became of it")
        context.sleep(journal.SETTLING)
        context.refresh()
    for run in unsettled:
        journal.look_up(job.memory, run, target.usernames, lost=State.ABANDONED)
    for dead in lost:
        if dead.status == Status.READING:
            sync_items.drop(context.engine, dead.id)
        sync_runs.change(
            context.engine, dead.id, status=Status.FAILED, reason=RunReason.CRASHED, ended_at=context.now()
        )
