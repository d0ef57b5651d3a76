"""Launches a second with one, two and four processes that serve, on PostgreSQL; what each takes of the processor."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.scale_processes import TICK, counted, launch_many, processes_of
from bridge.store.engine import migrate, open_database
from tests.faults.launching import Crowd
from tests.faults.postgresql import Cluster, cluster
from tests.faults.standing import standing, wait_for


def measure(server: Cluster, workers: int, clients: int, seconds: float) -> tuple[float, float, float]:
    """Launches a second; milliseconds of a worker's processor, and of PostgreSQL's, for each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        standing(Path(folder), server.url, "--workers", str(workers)) as world,
    ):
        world.start()
        wait_for(Crowd(world).ready, "the bridge did not come up", 600)
        launch_many(world, clients, min(2.0, seconds))
        with counted(world.workers) as ours, counted(lambda: processes_of(server)) as theirs:
            found = launch_many(world, clients, seconds)
    launches = len(found.waits)
    # Less than a tick of the system's clock is counted as none.
    each, of_database = (max(took[0], 1 / TICK) / launches for took in (ours, theirs))
    print(
        f"{workers} serving: {found.rate:.0f} launches a second by {clients} clients, p50 {found.wait(0.5):.0f} ms,"
        f" p99 {found.wait(0.99):.0f} ms; each takes {each * 1e3:.1f} ms of the serving processes and"
        f" {of_database * 1e3:.1f} ms of PostgreSQL: {workers / each:.0f} a second where those that serve have a core"
        f" each, and {1 / of_database:.0f} for each core of PostgreSQL; not in: {len(found.others)}",
        flush=True,
    )
    return found.rate, each, of_database


def run(clients: int = 8, seconds: float = 20.0, counts: tuple[int, ...] = (1, 2, 4)) -> bool:
    """All of them; whether a launch costs four processes no more than one, so that only cores limit them."""
    print("launches, half by LTI 1.3 with their login, half by LTI 1.1", flush=True)
    with cluster() as server:
        engine = open_database(server.url)
        migrate(engine)
        engine.dispose()
        found = [measure(server, workers, clients, seconds) for workers in counts]
    return found[-1][1] < 1.25 * found[0][1]
