"""Which jobs are due: each is looked at in its own time, and not all of them at once."""

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

    `now` is a clock that does not go back.
    """

    def __init__(self, jobs: Callable[[], Iterable[Job]], now: Callable[[], float]) -> None:
        self._jobs = jobs
        self._now = now
        self._next: dict[str, float] = {}

    def due(self) -> Iterator[Job]:
        """The jobs that are due now. One that cannot be asked is left for its next look."""
        now = self._now()
        before, self._next = self._next, {}
        for job in self._jobs():
            look_at = before.get(job.name, now + _offset(job))
            if now < look_at:
                self._next[job.name] = look_at
                continue
            self._next[job.name] = now + job.every
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
