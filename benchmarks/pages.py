"""Server time and weight of the administrators' pages over a large record, in this process and without a network.

    python -m benchmarks.pages [--users 1000000] [--launches 5000000] [--connections 40] [--on sqlite postgresql]

Each page is asked for twenty times: the median by the clock, which holds what the database took, the median of this
process's own processor time, and the worst. A page is never sent compressed here, and pictures are not counted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from sqlalchemy import Engine, desc, select

from adapters import ADAPTERS
from benchmarks.large_record import USERNAMES, Size, connection_name, write
from bridge.admin.roles import Role
from bridge.config.configuration import load
from bridge.config.egress import egress_client
from bridge.learners.directory import Directory
from bridge.store import schema
from bridge.store.engine import migrate, open_database
from bridge.web.admin.paging import written
from bridge.web.admin.services import build_admin
from bridge.web.admin.students import token
from bridge.web.app import create_app
from bridge.web.services import build_services
from tests.faults.postgresql import cluster

NOW = 1_800_000_000.0
BRIDGE = "https://bridge.example.edu"
SECRET = "0123456789abcdef0123456789abcdef"
TIMES = 20
MOST_MS, MOST_KB = 100.0, 60.0
FILE = "launches.csv"


class Measured(NamedTuple):
    """One page. Milliseconds."""

    clock: float
    worst: float
    processor: float
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
        },
    }
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


def pages(engine: Engine, now: float = NOW) -> dict[str, str]:
    """Those with something to ask for, by what they show; `rest` adds the others."""
    launch, unmatched = schema.launch.c, schema.unmatched.c
    newest = (desc(launch.time), desc(launch.id))
    failed = select(launch.reference).where(launch.outcome == "no_match").order_by(*newest).limit(1)
    student = select(unmatched.connection, unmatched.student_id).order_by(desc(unmatched.last_seen)).limit(1)
    with engine.connect() as database:
        reference = database.execute(failed).scalar_one()
        waiting = database.execute(student).one()
        middle = written(tuple(database.execute(select(launch.time, launch.id).where(launch.id == 1_000)).one()))
    last = written((0.0, 0))
    return {
        "overview": "/admin",
        "launches": "/admin/launches",
        "launches, 90 days": "/admin/launches?span=90d&by=connection",
        "launches, of a time": f"/admin/launches?since={int(now) - 100 * 86_400}&until={int(now) - 99 * 86_400}",
        "launches, one connection": "/admin/launches?connection=school-30",
        "launches, one without any": "/admin/launches?connection=nobody",
        "launches, not in": "/admin/launches?outcome=failed",
        "launches, not in, one": "/admin/launches?outcome=failed&connection=school-30",
        "launches, a rare outcome": "/admin/launches?outcome=ambiguous&connection=school-39",
        "launches, got in, one": "/admin/launches?outcome=matched&connection=school-39",
        "launches, by ID": "/admin/launches?q=S500",
        "launches, by the busiest ID": "/admin/launches?q=S1",
        "launches, by name": "/admin/launches?q=lovelace7",
        "launches, by half a name": "/admin/launches?q=love",
        "launches, by name, one": "/admin/launches?q=first12+smith&connection=school-1&outcome=failed",
        "launches, by nobody's name": "/admin/launches?q=zebra",
        "launches, by reference": f"/admin/launches?q={reference}",
        "launches, far back": f"/admin/launches?after={middle}",
        "launches, last page": f"/admin/launches?before={last}",
        "launches, last page, not in": f"/admin/launches?before={last}&outcome=failed",
        "launches, last page, one": f"/admin/launches?before={last}&connection=school-39",
        "launches, last page, by ID": f"/admin/launches?before={last}&q=S1",
        "launches, a file, its beginning": f"/admin/{FILE}",
        "launches, a file, of a name": f"/admin/{FILE}?q=lovelace7",
        "reference": f"/admin/reference?reference={reference}",
        "reference, unknown": "/admin/reference?reference=2222-2222",
        "unmatched": "/admin/unmatched",
        "unmatched, one connection": "/admin/unmatched?connection=school-30",
        "unmatched, by name": "/admin/unmatched?text=lovelace",
        "unmatched, by nobody's name": "/admin/unmatched?text=zebra",
        "unmatched, ignored": "/admin/unmatched?state=ignored",
        "unmatched, another outcome": "/admin/unmatched?outcome=ambiguous",
        "unmatched, last page": f"/admin/unmatched?after={written((now - 179 * 86_400, '', ''))}",
        "unmatched, one student": f"/admin/unmatched/student?of={token(*waiting)}",
        "connections": "/admin/connections",
        "one connection": f"/admin/connections/{connection_name(0)}",
        "audit": "/admin/audit",
        "audit, one person": "/admin/audit?who=admin-7",
        "audit, nobody": "/admin/audit?who=zebra",
        "audit, far back": f"/admin/audit?after={written((now - 360 * 86_400, 0))}",
    }


def rest(app: Any, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The pages of the administrators that `known` does not ask for, as they are without a question."""
    paths = {path.partition("?")[0] for path in known.values()}
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<name>", connection_name(0))
        if rule.rule.startswith("/admin") and "GET" in (rule.methods or ()) and path not in paths and "<" not in path:
            yield path, path


def measure(client: Any, path: str, times: int = TIMES) -> Measured | None:
    """The page, asked for so often; None where it is no page, or not without a question."""
    clock, processor, size = [], [], 0
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
    return Measured(statistics.median(clock), max(clock), statistics.median(processor), size, FILE in path)


def measure_all(
    engine: Engine, folder: Path, connections: int, times: int = TIMES, now: float = NOW
) -> dict[str, Measured]:
    """Every page, as an owner sees it."""
    url = engine.url.render_as_string(hide_password=False)
    settings = load(configuration(folder, url, connections), ADAPTERS, {})
    directory = Directory(engine, USERNAMES, lambda: iter(()), lambda: now)
    services = build_services(
        settings, engine, egress_client(settings.bridge), directory, adapters=ADAPTERS, now=lambda: now
    )
    app = create_app(services)
    client, admin = app.test_client(), build_admin(services)
    client.set_cookie(admin.cookie(), admin.sessions.begin("password", "owner", Role.OWNER), domain=BRIDGE[8:])
    asked = pages(engine, now)
    asked |= dict(rest(app, asked))
    found = {name: measure(client, path, times) for name, path in asked.items()}
    return {name: measured for name, measured in found.items() if measured is not None}


def tell(found: dict[str, Measured]) -> bool:
    """A table; whether every page keeps the promise."""
    print(f"\n{'page':34} {'median ms':>10} {'of it ours':>10} {'worst ms':>10} {'KB':>8}")
    for name, page in found.items():
        mark = "" if page.is_kept else "  too much"
        print(
            f"{name:34} {page.clock:10.1f} {page.processor:10.1f} {page.worst:10.1f} {page.size / 1024:8.1f}{mark}",
            flush=True,
        )
    return all(page.is_kept for page in found.values())


def run(database: str, size: Size, folder: Path) -> bool:
    engine = open_database(database)
    migrate(engine)
    began = time.perf_counter()
    write(engine, size, NOW)
    took = time.perf_counter() - began
    print(f"\n{engine.dialect.name}: {size.users:,} users, {size.launches:,} launches, written in {took:.0f} s")
    try:
        return tell(measure_all(engine, folder, size.connections))
    finally:
        engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--launches", type=int, default=5_000_000)
    parser.add_argument("--connections", type=int, default=40)
    parser.add_argument("--on", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    size = Size(asked.users, asked.launches, asked.connections)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kept = []
        for kind in asked.on:
            server = f"sqlite:///{folder / 'bridge.db'}" if kind == "sqlite" else stack.enter_context(cluster()).url
            kept.append(run(server, size, folder))
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
