"""Jobs to be queued and run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from bridge.jobs.job import Job, Kind

T = TypeVar("T")


def in_a_loop(body: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What `body` gives, in a thread of its own: tests in a browser leave a loop in theirs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(body())).result()


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
