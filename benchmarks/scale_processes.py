"""What the parts of `scale.py` share: processes, what they take of the processor, and many who launch at once."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.launching import MATCHED, Crowd
from tests.faults.postgresql import Cluster
from tests.faults.standing import children

TICK = os.sysconf("SC_CLK_TCK")


class Launched(NamedTuple):
    """What many clients found. Waits in seconds, sorted."""

    waits: list[float]
    seconds: float
    others: list[str]
    """What became of launches that did not get in."""

    @property
    def rate(self) -> float:
        return len(self.waits) / self.seconds

    def wait(self, share: float) -> float:
        """Milliseconds that this share of all launches took at most."""
        return self.waits[min(len(self.waits) - 1, int(len(self.waits) * share))] * 1000


def processor_seconds(pids: Sequence[int]) -> float:
    """What these processes, and those of their children that have ended, have taken so far."""
    found = 0
    for pid in pids:
        with suppress(OSError):  # it has just ended
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            found += sum(int(field) for field in fields[11:15])
    return found / TICK


def memory(pid: int) -> float:
    """MiB that a process holds by itself."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def processes_of(server: Cluster) -> list[int]:
    """PostgreSQL's."""
    master = int((server.place / "data" / "postmaster.pid").read_text().split()[0])
    return [master, *children(master)]


@contextmanager
def counted(pids: Callable[[], Sequence[int]]) -> Iterator[list[float]]:
    """Within the block: what these processes take, put into the list at its end. One that ends meanwhile is its
    parent's."""
    found: list[float] = []
    before = processor_seconds(pids())
    yield found
    found.append(processor_seconds(pids()) - before)


def launch_many(
    world: Any, clients: int, seconds: float, ids: Callable[[int], tuple[str, int]] | None = None
) -> Launched:
    """Learners who launch one after another from so many processes. `ids`: whom the nth launch of all is by."""
    found: Any = multiprocessing.Queue()
    started = [
        multiprocessing.Process(target=_client, args=(world, who, clients, seconds, ids, found))
        for who in range(clients)
    ]
    for process in started:
        process.start()
    parts = [found.get() for _ in started]
    for process in started:
        process.join()
    waits = sorted(wait for part in parts for wait in part[0])
    return Launched(waits, seconds, [what for part in parts for what in part[1]])


def _client(world: Any, who: int, clients: int, seconds: float, ids: Any, found: Any) -> None:
    crowd, turn = Crowd(world), who
    waits: list[float] = []
    others: list[str] = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until or not (waits or others):  # one at least
        turn += clients
        what = crowd.launch(1 + turn % 39).what if ids is None else crowd._lti11(*ids(turn))[0]
        if what == MATCHED:
            waits.append(time.perf_counter() - began)
        else:
            others.append(what)
    found.put((waits, others))
