"""SCIM pushes against `ottobridge serve`: how many a second are taken, how long one waits, and that none is lost.

    python -m benchmarks.scim [--seconds 10] [--clients 8]

Once with SQLite and one worker, once with PostgreSQL and two. An identity provider of `--clients` connections makes
people, switches them off and writes them anew, in three equal parts. The clients take processor time too, so what a
push costs a worker's own processor is measured beside it: its inverse is what a worker takes where the clients run
elsewhere. The floor is the same pushes through scim2-server alone, with its storage in memory, without network or
token.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from scim2_server.handler import ScimHandler
from scim2_server.memory import InMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService

from bridge.scim import tokens
from bridge.scim.provider import provider
from bridge.store import scim_resources
from bridge.store.engine import migrate, open_database
from sandbox.postgresql import free_port
from tests.faults.postgresql import cluster

HERE = Path(__file__).resolve().parent.parent
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
GOALS = {"SQLite, 1 worker": 500, "PostgreSQL, 2 workers": 1_500}
P99 = 0.050
Push = Callable[[str, str, bytes], dict[str, Any]]


class Taken(NamedTuple):
    pushes: int
    made: int
    seconds: float
    waits: list[float]


def person(name: str, **more: Any) -> bytes:
    said = {
        "schemas": [USER, ENTERPRISE], "userName": f"{name}@example.com", "externalId": f"00u{name}", "active": True,
        "displayName": "Ann Lee", "name": {"givenName": "Ann", "familyName": "Lee", "formatted": "Ann Lee"},
        "emails": [{"primary": True, "type": "work", "value": f"{name}@example.com"}], "title": "Nurse",
        "locale": "en-US", ENTERPRISE: {"employeeNumber": name, "department": "Care"}, **more,
    }  # fmt: skip
    return json.dumps(said).encode()


def push_one(push: Push, name: str) -> Iterator[None]:
    """Make somebody, switch them off as Entra does, and write them anew as Okta does."""
    made = push("POST", "/Users", person(name))["id"]
    yield
    off = {"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
    push("PATCH", f"/Users/{made}", json.dumps(off).encode())
    yield
    push("PUT", f"/Users/{made}", person(name, id=made, title="Head nurse"))
    yield


def client(port: int, token: str, who: int, seconds: float, found: Any) -> None:
    """One connection of the identity provider, for so long."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}

    def push(method: str, path: str, body: bytes) -> dict[str, Any]:
        connection.request(method, f"/scim/v2/staff{path}", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300, text
        return json.loads(text) if text else {}

    waits, made, began = [], 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        made += 1
        steps, last = push_one(push, f"{who}-{made}"), time.perf_counter()
        for _ in steps:
            now = time.perf_counter()
            waits.append(now - last)
            last = now
    found.put((waits, made, time.perf_counter() - began))


@contextmanager
def standing(folder: Path, database: str, port: int, workers: int) -> Iterator[int]:
    """`ottobridge serve`; the number of its process."""
    config, nowhere = folder / "config.yaml", "http://127.0.0.1:9"
    tree = {
        "bridge": {"public_url": f"http://127.0.0.1:{port}", "secret_key": "x" * 32, "database_url": database,
                   "trusted_networks": ["127.0.0.0/8"]},
        "ottolearn": {"api_url": nowhere, "organization_id": 1, "username": "api", "password": "api",
                      "learner_url": nowhere,
                      "sign_in": {"method": "signed_link", "url": nowhere, "secret": "x" * 32}},
        "connections": {"staff": {"adapter": "scim"}},
    }  # fmt: skip
    config.write_text(yaml.safe_dump(tree))
    command = [sys.executable, "-m", "bridge", "--config", str(config), "serve"]
    with (folder / "log").open("wb") as log:
        served = subprocess.Popen(
            [*command, "--port", str(port), "--workers", str(workers)],
            cwd=HERE, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        for _ in range(300):
            with suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    break
            time.sleep(0.1)
        yield served.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(served.pid, signal.SIGKILL)  # what was answered must be there all the same
        served.wait()


def processor_seconds(master: int) -> float:
    """What the workers of a gunicorn have taken so far."""
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    after_name = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in workers]
    return sum(int(fields[11]) + int(fields[12]) for fields in after_name) / os.sysconf("SC_CLK_TCK")


def measure(name: str, database: str, workers: int, clients: int, seconds: float) -> bool:
    """One run, told in one line; whether it kept every promise."""
    engine, port = open_database(database), free_port()
    migrate(engine)
    token = tokens.make(engine, "staff", time.time())
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder), database, port, workers) as master:
        warm = run(port, token, range(1_000, 1_000 + clients), 2.0)
        before = processor_seconds(master)
        taken = run(port, token, range(clients), seconds)
        consumed = processor_seconds(master) - before
    kept = sum(len(rows) for rows in scim_resources.users(engine, "staff"))
    engine.dispose()
    rate, waits = taken.pushes / taken.seconds, sorted(taken.waits)
    p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    each = consumed / taken.pushes
    print(
        f"{name}: {rate:,.0f} pushes a second (goal {GOALS[name]:,}), p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms "
        f"(goal {P99 * 1e3:.0f}); {each * 1e3:.2f} ms of a worker's processor each: {workers / each:,.0f} a second "
        f"where the clients run elsewhere; kept after the kill: {kept:,}, answered: {warm.made + taken.made:,}"
    )
    return max(rate, workers / each) >= GOALS[name] and p99 < P99 and kept == warm.made + taken.made


def run(port: int, token: str, clients: range, seconds: float) -> Taken:
    found: Any = multiprocessing.Queue()
    processes = [multiprocessing.Process(target=client, args=(port, token, who, seconds, found)) for who in clients]
    for process in processes:
        process.start()
    parts = [found.get() for _ in processes]
    for process in processes:
        process.join()
    waits = [wait for part in parts for wait in part[0]]
    return Taken(len(waits), sum(part[1] for part in parts), max(part[2] for part in parts), waits)


def floor(times: int) -> float:
    """Seconds of the processor for a push through the library alone."""
    handler = ScimHandler(ScimService(provider()), InMemoryStorage())

    def push(method: str, path: str, body: bytes) -> dict[str, Any]:
        headers = {"Content-Type": "application/scim+json"}
        request = ScimRequest(method, "https://b.example/scim/v2/staff", path, {}, headers, body)
        return handler.handle(request).body or {}

    for warm in range(20):
        list(push_one(push, f"w{warm}"))
    began = time.process_time()
    for number in range(times):
        list(push_one(push, str(number)))
    return (time.process_time() - began) / (3 * times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=8)
    asked = parser.parse_args()
    least = floor(500)
    print(f"floor, scim2-server alone: {least * 1e3:.2f} ms of the processor each: {1 / least:,.0f} a second")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kept = [measure("SQLite, 1 worker", f"sqlite:///{folder / 'bridge.db'}", 1, asked.clients, asked.seconds)]
        server = stack.enter_context(cluster())
        kept.append(measure("PostgreSQL, 2 workers", server.url, 2, asked.clients, asked.seconds))
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
