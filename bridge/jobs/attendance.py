"""Whether every queue has a worker: a bridge that is set to have workers does nothing by itself without one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.jobs.job import Queue
from bridge.store.workers import Worker

ALIVE: Final = 60.0
"""Seconds after its last sign of life for which a worker is taken to live: machines are slow, and clocks differ."""
UNDONE: Final = {
    Queue.SYNC: "no roster is synced",
    Queue.DIRECTORY: "OttoLearn’s users are not read",
    Queue.UPKEEP: "no LMS is told of progress, and nothing expires",
}
"""What is not done while nobody takes a queue."""


def living(workers: Iterable[Worker], now: float) -> list[Worker]:
    """Those that have given a sign of life lately."""
    return [one for one in workers if now - one.seen_at < ALIVE]


def takers(workers: Iterable[Worker], now: float) -> dict[Queue, int]:
    """How many living workers take each queue."""
    found = living(workers, now)
    return {queue: sum(queue in one.queues for one in found) for queue in Queue}


def undone(workers: Iterable[Worker], now: float) -> str:
    """What nobody does, as a sentence's part; empty where every queue has a worker."""
    return ", ".join(UNDONE[queue] for queue, count in takers(workers, now).items() if not count)
