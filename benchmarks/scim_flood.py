"""10,000 SCIM pushes while workers are killed: none that was answered is lost, and none is kept twice.

    python -m benchmarks.scim_flood [--pushes 10000] [--clients 8] [--postgresql]

An identity provider that gets no answer sends the same again; 409 then tells it that the person is there. Every eight
seconds one worker of `ottobridge serve` is killed by SIGKILL.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from benchmarks.scim import person, standing
from bridge.scim import tokens
from bridge.store import scim_resources
from bridge.store.engine import migrate, open_database
from sandbox.postgresql import free_port
from tests.faults.postgresql import cluster

EVERY = 8.0


def push_all(port: int, token: str, names: list[str], answered: list[str]) -> None:
    """Push everybody, each until an answer comes."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for name in names:
        while True:
            try:
                connection.request("POST", "/scim/v2/staff/Users", person(name), headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.05)
                continue
            if answer.status in {201, 409}:
                break
            assert answer.status in {500, 502, 503}, answer.status
        answered.append(name)


def kill_workers(master: int, done: threading.Event) -> int:
    """Kill one worker after another until it is done; how many."""
    killed = 0
    while not done.wait(EVERY):
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        with suppress(ProcessLookupError, IndexError):
            os.kill(int(workers[0]), signal.SIGKILL)
            killed += 1
    return killed


def flood(database: str, pushes: int, clients: int) -> bool:
    """Whether everybody is there once."""
    engine, port = open_database(database), free_port()
    migrate(engine)
    token = tokens.make(engine, "staff", time.time())
    names, answered, done = [f"p{n}" for n in range(pushes)], list[str](), threading.Event()
    killed: list[int] = []
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder), database, port, 2) as master:
        threads = [
            threading.Thread(target=push_all, args=(port, token, names[who::clients], answered))
            for who in range(clients)
        ]
        killer = threading.Thread(target=lambda: killed.append(kill_workers(master, done)))
        began = time.perf_counter()
        for thread in [*threads, killer]:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - began
        done.set()
        killer.join()
    rows = [row for page in scim_resources.users(engine, "staff") for row in page]
    engine.dispose()
    kept = [msgspec.json.decode(row.document)["externalId"].removeprefix("00u") for row in rows]
    print(f"{len(answered):,} of {pushes:,} answered in {took:.1f} s, {killed[0]} workers killed, {len(kept):,} kept")
    return sorted(kept) == sorted(names)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pushes", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--postgresql", action="store_true")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = stack.enter_context(cluster()).url if asked.postgresql else f"sqlite:///{folder}/bridge.db"
        sys.exit(0 if flood(database, asked.pushes, asked.clients) else 1)


if __name__ == "__main__":
    main()
