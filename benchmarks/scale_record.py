"""Millions of users and tens of millions of launches: a launch, the administrators' pages, and a purge."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from benchmarks import pages
from benchmarks.large_record import WEEK, WEEKS, Size, is_active, write
from benchmarks.scale_processes import Launched, launch_many
from bridge.store import launches as record
from bridge.store.engine import autocommit, migrate, open_database
from tests.faults.launching import Crowd
from tests.faults.postgresql import cluster
from tests.faults.standing import standing, wait_for

P99_MS = 100.0


LOADING = {"max_wal_size": "16GB", "checkpoint_timeout": "1h", "full_page_writes": "off", "autovacuum": "off"}


@contextmanager
def loading(engine: Engine) -> Iterator[None]:
    """Within the block the server is set for writing very much at once, as whoever restores a copy sets it."""
    with autocommit(engine) as connection:
        for name, value in LOADING.items():
            connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        with autocommit(engine) as connection:
            connection.exec_driver_sql("ALTER SYSTEM RESET ALL")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            connection.exec_driver_sql("CHECKPOINT")


def tell_sizes(engine: Engine) -> None:
    """What lies on the disk."""
    asked = (
        "SELECT relname, pg_total_relation_size(c.oid) / 1e9 FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' AND relkind = 'r'"
        " ORDER BY 2 DESC LIMIT 7"
    )
    with engine.connect() as connection:
        whole = connection.execute(text("SELECT pg_database_size(current_database()) / 1e9")).scalar_one()
        parts = ", ".join(f"{name} {size:.1f}" for name, size in connection.execute(text(asked)))
    print(f"on the disk: {whole:.1f} GB ({parts})", flush=True)


def tell_launches(what: str, found: Launched) -> None:
    print(
        f"{what}: {found.rate:.0f} launches a second, p50 {found.wait(0.5):.1f} ms, p99 {found.wait(0.99):.1f} ms,"
        f" not in: {len(found.others)}",
        flush=True,
    )


def measure_launches(engine: Engine, folder: Path, users: int, now: float, seconds: float) -> Launched:
    """Learners from all over the directory, first alone, then while the oldest week is purged."""

    def who(turn: int) -> tuple[str, int]:
        number = 1 + turn * 7_919 % users
        while not is_active(number):
            number += 1
        return f"S{number}", number

    with standing(folder, engine.url.render_as_string(hide_password=False), "--workers", "2") as world:
        world.configure(workers="true")
        world.start()
        wait_for(Crowd(world).ready, "the bridge did not come up", 600)
        launch_many(world, 2, 2.0, who)
        alone = launch_many(world, 2, seconds, who)
        tell_launches("launches", alone)
        gone: list[float] = []
        purging = threading.Thread(target=lambda: gone.extend(_purge(engine, now)))
        purging.start()
        tell_launches("launches beside a purge", launch_many(world, 2, seconds, who))
        purging.join()
    print(f"purge of the oldest week: {gone[0]:,.0f} launches in {gone[1]:.0f} s, {gone[0] / gone[1]:,.0f} a second")
    return alone


def _purge(engine: Engine, now: float) -> tuple[float, float]:
    began = time.perf_counter()
    return float(record.forget_before(engine, now - (WEEKS - 1) * WEEK)), time.perf_counter() - began


def run(users: int = 10_000_000, launches: int = 50_000_000, seconds: float = 20.0) -> bool:
    """All of it."""
    now = time.time()
    with cluster() as server, tempfile.TemporaryDirectory() as folder:
        engine = open_database(server.url)
        migrate(engine)
        size, began = Size(users, launches, min(1_000, users // 10), runs=min(50_000, launches)), time.perf_counter()
        with loading(engine):
            write(engine, size, now)
        print(f"{users:,} users, {launches:,} launches, written in {time.perf_counter() - began:.0f} s", flush=True)
        tell_sizes(engine)
        alone = measure_launches(engine, Path(folder), users, now, seconds)
        kept = pages.tell(pages.measure_all(engine, Path(folder), size, times=5, now=now))
        engine.dispose()
    return kept and alone.wait(0.99) < P99_MS
