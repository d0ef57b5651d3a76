"""Server time and weight of the administrators' pages over a large record, in this process and without a network.

    python -m benchmarks.pages [--users 1000000] [--launches 5000000] [--connections 40] [--on sqlite postgresql]
    python -m benchmarks.pages --database URL

Each page is asked for twenty times: the median by the clock, which holds what the database took, the median of this
process's own processor time, the mean of PostgreSQL's, and the worst. A page is never sent compressed here, and
pictures are not counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from sqlalchemy import Engine, select

from adapters import ADAPTERS
from benchmarks.large_record import USERNAMES, Size, connection_name, write
from benchmarks.large_syncs import PUSHED
from benchmarks.page_addresses import FILE, addresses
from bridge.admin.roles import Role
from bridge.config.configuration import load
from bridge.config.egress import egress_client
from bridge.learners.directory import Directory
from bridge.store import schema
from bridge.store.engine import migrate, open_database
from bridge.web.admin.services import build_admin
from bridge.web.app import create_app
from bridge.web.services import build_services
from tests.faults.postgresql import cluster

NOW = 1_800_000_000.0
BRIDGE = "https://bridge.example.edu"
SECRET = "0123456789abcdef0123456789abcdef"
TIMES = 20
MOST_MS, MOST_KB = 100.0, 60.0


class Measured(NamedTuple):
    """One page. Milliseconds."""

    clock: float
    worst: float
    processor: float
    database: float
    """By the processor, of PostgreSQL's processes; SQLite works within this one."""
    size: int
    is_file: bool = False

    @property
    def is_kept(self) -> bool:
        return self.clock < MOST_MS and (self.is_file or self.size < MOST_KB * 1024)


def configuration(folder: Path, database: str, connections: int) -> Path:
    path = folder / "config.yaml"
    lti11 = {"consumer_key": "k", "shared_secret": "s"}
    tree = {
        "bridge": {"public_url": BRIDGE, "secret_key": SECRET, "database_url": database},
        "ottolearn": {
            "organization_id": 1,
            "username": "api",
            "password": "p",
            "username_attributes": [*USERNAMES],
            "learner_url": "https://learn.example.com",
            "sign_in": {"method": "signed_link", "url": "https://learn.example.com/in", "secret": SECRET},
        },
        "connections": {
            connection_name(at): {"adapter": "moodle", "lti11": lti11 | {"consumer_key": f"k{at}"}}
            for at in range(connections)
        }
        | {PUSHED: {"adapter": "scim"}},
    }
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


def rest(app: Any, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The pages of the administrators that `known` does not ask for, as they are without a question."""
    paths = {path.partition("?")[0] for path in known.values()}
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<name>", connection_name(0))
        if rule.rule.startswith("/admin") and "GET" in (rule.methods or ()) and path not in paths and "<" not in path:
            yield path, path


def database_time(engine: Engine) -> float:
    """Seconds of the processor that the processes of a PostgreSQL on this machine have taken; 0 for SQLite."""
    if engine.dialect.name != "postgresql":
        return 0.0
    with engine.connect() as database:
        backend = database.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    server = _stat(backend)[1]
    pids = [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]
    ticks = sum(sum(map(int, found[11:13])) for pid in pids if len(found := _stat(pid)) > 13 and found[1] == server)
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it is gone by now
        return []


def measure(client: Any, path: str, engine: Engine, times: int = TIMES) -> Measured | None:
    """The page, asked for so often; None where it is no page, or not without a question."""
    clock, processor, size = [], [], 0
    database = database_time(engine)
    for _ in range(times):
        before, began = time.process_time(), time.perf_counter()
        answer = client.get(path, base_url=BRIDGE, buffered=False)
        pieces = iter(answer.response)
        size = len(next(pieces, b""))  # of a file its beginning: the rest is sent while it is made
        if FILE not in path:
            size += sum(map(len, pieces))
        clock.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - before) * 1000)
        answer.close()
        if answer.status_code != 200 and "unknown" not in path and answer.status_code != 404:
            return None
    database = (database_time(engine) - database) * 1000 / times
    return Measured(statistics.median(clock), max(clock), statistics.median(processor), database, size, FILE in path)


def measure_all(engine: Engine, folder: Path, size: Size, times: int = TIMES, now: float = NOW) -> dict[str, Measured]:
    """Every page, as an owner sees it."""
    url = engine.url.render_as_string(hide_password=False)
    settings = load(configuration(folder, url, size.connections), ADAPTERS, {})
    directory = Directory(engine, USERNAMES, lambda: iter(()), lambda: now)
    services = build_services(
        settings, engine, egress_client(settings.bridge), directory, adapters=ADAPTERS, now=lambda: now
    )
    app = create_app(services)
    client, admin = app.test_client(), build_admin(services)
    client.set_cookie(admin.cookie(), admin.sessions.begin("password", "owner", Role.OWNER), domain=BRIDGE[8:])
    asked = addresses(engine, size, now)
    asked |= dict(rest(app, asked))
    found = {name: measure(client, path, engine, times) for name, path in asked.items()}
    return {name: measured for name, measured in found.items() if measured is not None}


def tell(found: dict[str, Measured]) -> bool:
    """A table; whether every page keeps the promise."""
    print(f"\n{'page':38} {'median ms':>10} {'of it ours':>10} {'database':>10} {'worst ms':>10} {'KB':>8}")
    for name, page in found.items():
        mark = "" if page.is_kept else "  too much"
        print(
            f"{name:38} {page.clock:10.1f} {page.processor:10.1f} {page.database:10.1f} {page.worst:10.1f}"
            f" {page.size / 1024:8.1f}{mark}",
            flush=True,
        )
    return all(page.is_kept for page in found.values())


def run(database: str, size: Size, folder: Path, times: int = TIMES) -> bool:
    """Write the record, unless the database has one already, and measure."""
    engine = open_database(database)
    migrate(engine)
    with engine.connect() as connection:
        is_written = connection.execute(select(schema.generation.c.id)).first() is not None
    began = time.perf_counter()
    if not is_written:
        write(engine, size, NOW)
    took = time.perf_counter() - began
    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    print(f"\n{engine.dialect.name}: {size.users:,} users, {size.launches:,} launches, written in {took:.0f} s")
    print(f"load: {load}")
    try:
        return tell(measure_all(engine, folder, size, times))
    finally:
        engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--launches", type=int, default=5_000_000)
    parser.add_argument("--connections", type=int, default=40)
    parser.add_argument("--on", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--database", help="a URL: written to if it is empty, and kept")
    parser.add_argument("--times", type=int, default=TIMES)
    asked = parser.parse_args()
    size = Size(asked.users, asked.launches, asked.connections)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kept = []
        for kind in asked.on if asked.database is None else [asked.database]:
            server = f"sqlite:///{folder / 'bridge.db'}" if kind == "sqlite" else kind
            server = stack.enter_context(cluster()).url if kind == "postgresql" else server
            kept.append(run(server, size, folder, asked.times))
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
