"""Server time of the administrators' pages over a large record, in this process and without a network.

    python -m benchmarks.pages [--users 1000000] [--launches 5000000] [--database URL] [--keep]

Prints for each page the median and the worst of ten requests, and its weight.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine, insert, text

from adapters import ADAPTERS
from bridge.admin.roles import Role
from bridge.config.configuration import load
from bridge.config.outgoing import way_out
from bridge.contracts import Learner
from bridge.learners.directory import Directory
from bridge.store import launch_counts, schema
from bridge.store.engine import migrate, open_database
from bridge.web.admin.services import build_admin
from bridge.web.app import create_app
from bridge.web.services import build_services

NOW = 1_800_000_000.0
DAYS = 400
BRIDGE = "https://bridge.example.edu"
NAMES = ("campus", "moodle", "packages", "college", "north", "south")
OUTCOMES = ("matched",) * 94 + ("no_match",) * 3 + ("rejected",) * 2 + ("inactive",)
LAST = [f"{a}{b}" for a in ("O’Brien", "Núñez", "Lovelace", "王", "Smith", "Nguyen") for b in range(1000)]
SECRET = "0123456789abcdef0123456789abcdef"
PAGES = {
    "overview": "/admin",
    "launches": "/admin/launches",
    "launches, 90 days": "/admin/launches?span=90d&by=connection",
    "launches, one connection": "/admin/launches?connection=north",
    "launches, not in": "/admin/launches?outcome=failed",
    "launches, a rare outcome": "/admin/launches?outcome=ambiguous&connection=south",
    "launches, by ID": "/admin/launches?q=S500000",
    "launches, by name": "/admin/launches?q=lovelace7",
    "launches, by reference": "/admin/launches?q=7K3M-9QXT",
    "unmatched": "/admin/unmatched",
    "sync": "/admin/sync",
    "connections": "/admin/connections",
    "one connection": "/admin/connections/campus",
    "audit": "/admin/audit",
}
"""Of those that are not there nothing is said."""


def configuration(folder: Path, database: str) -> Path:
    path = folder / "config.yaml"
    lti11 = {"consumer_key": "k", "shared_secret": "s"}
    tree = {
        "bridge": {"public_url": BRIDGE, "secret_key": SECRET, "database_url": database},
        "ottolearn": {
            "organization_id": 1,
            "username": "api",
            "password": "p",
            "username_attributes": ["username"],
            "learner_url": "https://learn.example.com",
            "sign_in": {"method": "signed_link", "url": "https://learn.example.com/in", "secret": SECRET},
        },
        "connections": {name: {"adapter": "moodle", "lti11": lti11} for name in NAMES},
    }
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


def learners(users: int) -> Iterator[Learner]:
    for number in range(1, users + 1):
        attributes = {"username": f"S{number}", "firstName": f"First{number % 5000}", "lastName": LAST[number % 6000]}
        yield Learner(number, True, attributes)


def fill(engine: Engine, users: int, launches: int) -> None:
    chance = random.Random(1)
    step = DAYS * 86_400 / launches
    for start in range(0, launches, 20_000):
        rows = [
            {
                "time": NOW - DAYS * 86_400 + at * step,
                "connection": NAMES[0] if chance.random() < 0.7 else chance.choice(NAMES),
                "kind": "lti13",
                "student_id": f"S{(person := chance.randrange(1, users + 1))}",
                "first_name": f"First{person % 5000}",
                "last_name": LAST[person % 6000],
                "outcome": (outcome := chance.choice(OUTCOMES)),
                "reason": "" if outcome == "matched" else outcome,
                "reference": f"{at:08X}",
                "detail": "",
            }
            for at in range(start, min(start + 20_000, launches))
        ]
        with engine.begin() as connection:
            connection.execute(insert(schema.launch), rows)
    unmatched = [
        {
            "connection": NAMES[at % 6],
            "student_id": f"U{at}",
            "first_name": "A",
            "last_name": LAST[at % 6000],
            "outcome": "no_match",
            "times": 1,
            "first_seen": NOW - at,
            "last_seen": NOW - at,
        }
        for at in range(5_000)
    ]
    with engine.begin() as connection:
        connection.execute(insert(schema.unmatched), unmatched)
    began = time.perf_counter()
    while launch_counts.count_some(engine, NOW + 60, most=20_000):
        pass
    print(f"counted in {time.perf_counter() - began:.0f} s, behind the pages")
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def measure(client: Any, path: str) -> tuple[float, float, int] | None:
    took, size = [], 0
    for _ in range(10):
        began = time.perf_counter()
        answer = client.get(path, base_url=BRIDGE)
        took.append((time.perf_counter() - began) * 1000)
        size = len(answer.data)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, (path, answer.text[:500])
    return statistics.median(took), max(took), size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--launches", type=int, default=5_000_000)
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = load(configuration(folder, asked.database or f"sqlite:///{folder / 'bridge.db'}"), ADAPTERS, {})
        engine = open_database(settings.bridge.database_url.get_secret_value())
        migrate(engine)
        directory = Directory(engine, ("username",), lambda: learners(asked.users), lambda: NOW)
        began = time.perf_counter()
        directory.refresh()
        fill(engine, asked.users, asked.launches)
        print(f"{asked.users:,} users and {asked.launches:,} launches, made in {time.perf_counter() - began:.0f} s")
        services = build_services(
            settings, engine, way_out(settings.bridge), directory, adapters=ADAPTERS, now=lambda: NOW
        )
        client = create_app(services).test_client()
        admin = build_admin(services)
        token = admin.sessions.begin("password", "benchmark", Role.OWNER)
        client.set_cookie(admin.cookie(), token, domain="bridge.example.edu")
        print(f"\n{'page':28} {'median ms':>10} {'worst ms':>10} {'KB':>8}")
        for name, path in PAGES.items():
            if (found := measure(client, path)) is not None:
                print(f"{name:28} {found[0]:10.1f} {found[1]:10.1f} {found[2] / 1024:8.1f}")
        engine.dispose()


if __name__ == "__main__":
    main()
