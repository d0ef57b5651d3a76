"""A background job: what it does, when it is due, and in which queue it waits; not which process runs it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass


class Queue(enum.StrEnum):
    """Jobs that may wait for each other. The jobs of two queues never do."""

    SYNC = "sync"
    """Rosters: minutes to hours."""
    DIRECTORY = "directory"
    """OttoLearn's list of users: seconds to minutes."""
    UPKEEP = "upkeep"
    """Progress, and what has expired: moments."""


class Kind(enum.StrEnum):
    """What a job does."""

    SYNC = "sync"
    REQUESTED = "requested"
    """Syncs that administrators ask for on pages."""
    PUSHES = "pushes"
    DIRECTORY = "directory"
    PROGRESS = "progress"
    PURGE = "purge"
    COUNTS = "counts"
    DIGEST = "digest"


QUEUES = {
    Kind.SYNC: Queue.SYNC,
    Kind.REQUESTED: Queue.SYNC,
    Kind.PUSHES: Queue.SYNC,
    Kind.DIRECTORY: Queue.DIRECTORY,
    Kind.PROGRESS: Queue.UPKEEP,
    Kind.PURGE: Queue.UPKEEP,
    Kind.COUNTS: Queue.UPKEEP,
    Kind.DIGEST: Queue.UPKEEP,
}


@dataclass(frozen=True, slots=True)
class Job:
    """Work of one kind, for one connection or for all."""

    kind: Kind
    is_due: Callable[[], bool]
    """Asked before the job is run or queued, and again by the worker that takes it: a duplicate then does nothing."""
    run: Callable[[], object]
    every: float
    """Seconds between two checks whether it is due."""
    connection: str = ""

    @property
    def name(self) -> str:
        """`sync campus-canvas`: the same for the same work, in every process."""
        return f"{self.kind} {self.connection}".strip()

    @property
    def queue(self) -> Queue:
        """Where it waits."""
        return QUEUES[self.kind]
