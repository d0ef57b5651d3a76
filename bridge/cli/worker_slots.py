"""Each worker has a seat, a small number that it leaves to its successor, and counts into the files of its seat.

By process ids every worker that ever ended would leave its files behind, and each scrape would read them all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead


class WorkerSlots:
    """The hooks of gunicorn that give a worker its seat, let it sit down, and clear up after it."""

    def __init__(self, folder: Path) -> None:
        """`folder` is that of prometheus_client's files."""
        self._folder = folder

    def give(self, master: Any, worker: Any) -> None:
        """The lowest seat that no living worker has."""
        taken = {other.seat for other in master.WORKERS.values()}
        worker.seat = next(seat for seat in range(len(taken) + 1) if seat not in taken)
        self._clear(worker.seat)

    def sit(self, _master: Any, worker: Any) -> None:
        """In the worker itself, before anything is counted there."""
        seat: int = worker.seat
        values.ValueClass = values.MultiProcessValue(lambda: seat)  # type: ignore[no-untyped-call]

    def leave(self, _master: Any, worker: Any) -> None:
        """The worker has ended; what it had in use is in use no more."""
        self._clear(worker.seat)

    def _clear(self, seat: int) -> None:
        mark_process_dead(seat, str(self._folder))  # type: ignore[no-untyped-call]
