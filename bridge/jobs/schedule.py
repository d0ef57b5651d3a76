"""Which jobs are due: each is checked at its own interval, and not all of them at once."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator

from bridge.jobs.job import Job

log = logging.getLogger(__name__)

SPREAD = 0.1
"""Of the time between two looks: by so much the jobs of one kind lie apart at most."""


class Schedule:
    """Looks at the jobs that `jobs` gives, which may differ from one time to the next.

    `now` is a clock that does not go back. `most`: seconds after which a look ends, and the next one goes on.
    """

    def __init__(self, jobs: Callable[[], Iterable[Job]], now: Callable[[], float], most: float = float("inf")) -> None:
        self._jobs = jobs
        self._now = now
        self._most = most
        self._next: dict[str, float] = {}

    def due(self) -> Iterator[Job]:
        """The jobs that are due now, first those that have waited longest to be looked at. One that cannot be asked is
        left for its next look.
        """
        now = self._now()
        before = self._next
        jobs = {job.name: job for job in self._jobs()}
        self._next = {name: before.get(name, now + _offset(job)) for name, job in jobs.items()}
        for name in sorted((name for name, at in self._next.items() if at <= now), key=self._next.__getitem__):
            if self._now() - now > self._most:
                break
            job = jobs[name]
            self._next[name] = now + job.every
            if _is_due(job):
                yield job


def _offset(job: Job) -> float:
    """Seconds, other ones for each connection: many with the same `every` do not begin together."""
    return job.every * SPREAD * (zlib.crc32(job.name.encode()) % 1024) / 1024


def _is_due(job: Job) -> bool:
    try:
        return job.is_due()
    except Exception:
        log.exception("could not determine whether %s is due; retried at the next check", job.name)
        return False
