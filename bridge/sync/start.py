"""Where a run starts: with the whole roster, or with what changed since the last one. In doubt with the whole."""

from __future__ import annotations

from typing import NamedTuple

from bridge.store import sync_people, sync_runs
from bridge.store.sync_runs import Run, Status
from bridge.sync.reasons import RunReason
from bridge.sync.record import Job


class Start(NamedTuple):
    """What is to be read."""

    since: float | None = None
    """Changes from then on, by the source's clock. None: the whole roster."""
    clock: float = 0.0
    """What the source's clock said at the last reading, with `since`: it must not say less now."""
    why: str = ""
    """Why it is the whole roster, where changes would have been expected."""


def start_of(job: Job, *, whole: bool) -> Start:
    """Where the run of `job` starts. `whole`: where the whole roster is due, or asked for."""
    engine, target = job.context.engine, job.target
    last = sync_runs.last_that_acted(engine, target.source, job.outcome.run)
    if whole or last is None or not target.tells_changes():
        return Start()
    if not sync_people.has_anybody(engine, target.source):
        return Start(why="the bridge does not remember anybody of this connection")
    return start_after(last, target.fingerprint(), target.connection.adapter.overlap)


def start_after(last: Run, settings: str, overlap: float) -> Start:
    """Where a run starts that follows `last`, the configuration being `settings` now."""
    if last.settings != settings:
        return Start(why="the configuration has changed since the last run")
    if last.status == Status.FAILED or last.reason == RunReason.ROSTER_INCOMPLETE:
        return Start(why="the last run failed")
    if last.status == Status.DONE and last.read_to is not None:
        return Start(last.read_to - overlap, last.read_to)
    if last.status == Status.DONE:
        return Start(why="there is no checkpoint: the source did not say what time it was at the last run")
    if last.since is not None:
        # Held back, in quarantine or interrupted: its changes are read again.
        return Start(last.since, last.read_to or last.since)
    return Start(why="the last run left something undone")
