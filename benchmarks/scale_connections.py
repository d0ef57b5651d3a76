"""Very many connections in one configuration file: start, `/readyz`, a launch, the administrators' pages."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml

from benchmarks import pages
from benchmarks.large_record import Size, connection_name, write
from benchmarks.scale_processes import launch_many, memory
from bridge.store.engine import migrate, open_database
from tests.faults.launching import Crowd
from tests.faults.postgresql import cluster
from tests.faults.standing import Standing, standing, wait_for

STARTS_IN, LAUNCH_MS = 15.0, 100.0


def add_connections(world: Standing, count: int) -> None:
    """So many beside the ones that launch."""
    tree = yaml.safe_load(world.config.read_text("utf-8"))
    more: dict[str, Any] = {
        connection_name(at): {"adapter": "moodle", "lti11": {"consumer_key": f"k{at}", "shared_secret": f"s{at}"}}
        for at in range(count)
    }
    tree["connections"] |= more
    world.config.write_text(yaml.dump(tree, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)), "utf-8")


def measure_serving(database: str, count: int, seconds: float, times: int = 5) -> tuple[float, float]:
    """Seconds to the first good `/readyz`, and the median of a launch in milliseconds."""
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder), database, "--workers", "1") as world:
        add_connections(world, count)
        megabytes = world.config.stat().st_size / 1e6
        began = time.perf_counter()
        world.start()
        wait_for(Crowd(world).ready, "the bridge did not come up", 600)
        started = time.perf_counter() - began
        launch_many(world, 1, 1.0)
        found = launch_many(world, 1, seconds)
        took = {path: _asked(f"{world.url}{path}", times) for path in ("/readyz", "/metrics")}
        held = max(memory(pid) for pid in world.workers())
    print(
        f"{count:,} connections ({megabytes:.1f} MB of YAML): ready after {started:.1f} s, {held:.0f} MiB in the"
        f" serving process; a launch p50 {found.wait(0.5):.1f} ms, p99 {found.wait(0.99):.1f} ms;"
        + ",".join(f" {path} {milliseconds:.0f} ms" for path, milliseconds in took.items()),
        flush=True,
    )
    return started, found.wait(0.5)


def _asked(url: str, times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        with urlopen(url, timeout=60) as answer:
            answer.read()
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(1.1)  # a good answer is given again for a second
    return sorted(took)[times // 2]


def run(
    count: int = 20_000, users: int = 100_000, launches: int = 1_000_000, seconds: float = 10.0, times: int = 5
) -> bool:
    """All of it, beside few connections."""
    with cluster() as server:
        for name, connections in (("few", 10), ("many", count)):
            engine = open_database(server.database(name))
            migrate(engine)
            url = engine.url.render_as_string(hide_password=False)
            started, launch = measure_serving(url, connections, seconds, times)
            engine.dispose()
        engine = open_database(server.database("pages"))
        migrate(engine)
        size = Size(users, launches, count, runs=4 * count, items=count)
        write(engine, size, pages.NOW)
        with tempfile.TemporaryDirectory() as folder:
            kept = pages.tell(pages.measure_all(engine, Path(folder), size, times=times))
        engine.dispose()
    return kept and started < STARTS_IN and launch < LAUNCH_MS
