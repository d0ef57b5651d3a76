"""Jobs to be queued and run."""

from __future__ import annotations

from collections.abc import Callable

from bridge.jobs.job import Job, Kind


def made(
    kind: Kind = Kind.SYNC,
    connection: str = "campus",
    *,
    is_due: Callable[[], bool] = lambda: True,
    run: Callable[[], object] = lambda: None,
    every: float = 60.0,
) -> Job:
    """A job that is due and does nothing, unless something else is said."""
    return Job(kind, is_due, run, every, connection)
