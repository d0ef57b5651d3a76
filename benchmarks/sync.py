"""How fast, and in how much memory, a roster is synced; against bare reading of the same pages in the same run.

    python benchmarks/sync.py --people 100000                 # some minutes; 1000000 takes most of an hour
    python benchmarks/sync.py --people 20000 --only read writes storm
    python benchmarks/sync.py --people 5000 --peer /path/to/python-with-canvasapi

A fake Canvas and a stand-in OttoLearn run in processes of their own; every measured step runs in another one, which
reports its seconds and its peak memory. Exits 1 where a goal is missed. Goals: the issue "Roster sync".
"""

# ruff: noqa: ARG001, ARG005 -- each process imports what it needs, and its memory is measured

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import random
import resource
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

WINDOW = 10.0
"""Seconds of a window of the server that limits its calls."""
ALLOWED = 300
"""Calls it takes in each."""


# --- the other sides, each in a process of its own -------------------------------------------------------------------


def serve_canvas(people: int, delay: float) -> None:
    from tests.fakes.canvas import Crowd, FakeCanvas

    with FakeCanvas(people=Crowd(people), keep=True, delay=delay, rights={"list", "sis", "logins", "email"}) as canvas:
        _announce(canvas.url)


def serve_ottolearn(people: int) -> None:
    from sandbox.ottolearn import create_sandbox
    from sandbox.serving import serve
    from tests.fakes.canvas import Crowd

    def users() -> Iterator[dict[str, Any]]:
        for person in Crowd(people):
            last, first = person.sortable_name.split(", ")
            attribute = {"firstName": first, "lastName": last, "username": person.logins[0].sis_user_id}
            yield {"id": person.id, "active": True, "attribute": {**attribute, "emailAddress": person.email}}

    with serve(create_sandbox(users())) as served:
        _announce(served.url)


def serve_writes(delay: float, limited: bool) -> None:
    """An OttoLearn that only creates, quickly; with `limited`, so many in a window."""
    from tests.fakes.serving import FakeServer, Reply

    state = SimpleNamespace(number=0, taken=0, window=-1, refused=[], began=time.monotonic())

    def answer(request: Any) -> Reply:
        if request.path.endswith("/login"):
            return Reply(200, b'{"userId":1,"organizationId":1,"sessionToken":"t"}')
        if request.path.endswith("/attribute"):
            return Reply(404)
        if request.method == "GET":
            found = {"refused": state.refused, "created": state.number}
            return Reply(200, json.dumps(found).encode() if "count" in request.path else b"[]")
        window = int((time.monotonic() - state.began) // WINDOW)
        if window != state.window:
            state.window, state.taken = window, 0
            state.refused.append(0)
        if limited and state.taken >= ALLOWED:
            state.refused[-1] += 1
            wait = int(state.began + (window + 1) * WINDOW - time.monotonic()) + 1
            return Reply(429, b"", {"Retry-After": str(wait)})
        state.taken += 1
        state.number += 1
        return Reply(201, b'{"id":%d,"active":true}' % state.number)

    with FakeServer(answer, delay=delay) as server:
        _announce(server.url)


def _announce(url: str) -> None:
    print(url, flush=True)
    sys.stdin.read()


# --- what is measured ------------------------------------------------------------------------------------------------


def bare_read(url: str) -> int:
    """Fetch every page and throw it away."""
    import requests

    session, following, total = requests.Session(), f"{url}/api/v1/accounts/1/users?{QUERY}", 0
    session.trust_env = False
    session.headers["Authorization"] = "Bearer canvas-token-1~secret"
    while following:
        with session.get(following, timeout=60) as answer:
            total += len(answer.content)
            following = answer.links.get("next", {}).get("url", "")
    return total


QUERY = "sort=id&include%5B%5D=email&per_page=100"


def peer_read(url: str, people: int) -> int:
    """canvasapi's bare listing; run by the interpreter of --peer."""
    import canvasapi  # type: ignore[import-not-found]

    canvas = canvasapi.Canvas(url, "canvas-token-1~secret")
    account = canvasapi.account.Account(canvas._Canvas__requester, {"id": 1})  # spares a request
    return sum(
        1 for _ in zip(account.get_users(sort="id", include=["email"], per_page=100), range(people), strict=False)
    )


def sync(folder: str, canvas_url: str, ottolearn_url: str, full: bool) -> dict[str, Any]:
    """One whole sync of the fake Canvas into OttoLearn."""
    from adapters.canvas import roster
    from adapters.canvas.settings import Settings

    settings = Settings(api={"url": canvas_url, "token": "canvas-token-1~secret", "account": "1"}, roster=ROSTER)
    return _sync(folder, ottolearn_url, settings, roster.read_roster, full)


ROSTER = {"attributes": {"username": "sis_user_id", "emailAddress": "email"}, "on_leave": "deactivate"}


def writes(folder: str, ottolearn_url: str, people: int, at_once: int) -> dict[str, Any]:
    """Create so many people."""
    from bridge.contracts import RosterEnd, RosterMember, Student
    from bridge.sync.settings import Roster

    def read(settings: Any, means: Any) -> Iterator[Any]:
        yield [RosterMember(Student(f"p{n}", "A", "B"), {"login": f"p{n}"}) for n in range(people)]
        yield RosterEnd(people)

    settings = SimpleNamespace(student_id="login", roster=Roster(writes_at_once=at_once))
    return _sync(folder, ottolearn_url, settings, read, False)


def _sync(folder: str, url: str, settings: Any, read: Callable[..., Any], full: bool) -> dict[str, Any]:
    from bridge.contracts import Adapter, Connection
    from bridge.http import Outbound
    from bridge.learners.directory import Directory
    from bridge.ottolearn.api import OttoLearnApi
    from bridge.ottolearn.settings import OttoLearn
    from bridge.store.engine import migrate, open_database
    from bridge.sync.apply import Surroundings
    from bridge.sync.run import Options, Sync

    engine = open_database(f"sqlite:///{folder}/bridge.db")
    migrate(engine)
    outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")])
    account = OttoLearn.model_validate(
        {
            "api_url": url,
            "organization_id": 1,
            "username": "api",
            "password": "api",
            "learner_url": url,
            "sign_in": {"method": "signed_link", "url": url, "secret": "x" * 32},
        }
    )
    api = OttoLearnApi(account, outbound, attempts=1)
    around = Surroundings(
        engine=engine,
        directory=Directory(engine, ("username",), api.read_learners, time.time),
        ottolearn=api,
        now=time.time,
        sleep=time.sleep,
        token=lambda: secrets.token_urlsafe(32),
        chance=random.random,
        notice=lambda sentence: print(sentence, file=sys.stderr),
        progress=lambda stage, done, total: None,
        stopping=lambda: False,
    )
    adapter: Any = Adapter(name="bench", title="Bench", settings=SimpleNamespace, read_roster=read)
    outcome = Sync(Connection("bench", adapter, settings), ("username",), "api", outbound, around).run(
        Options(full=full)
    )
    engine.dispose()
    return {**outcome.document(), "durations": outcome.durations}


CHILDREN: Mapping[str, Callable[..., Any]] = {
    "bare": lambda url: {"bytes": bare_read(url)},
    "peer": lambda url, people: {"people": peer_read(url, int(people))},
    "sync": lambda folder, canvas, ottolearn, full: sync(folder, canvas, ottolearn, full == "full"),
    "writes": lambda folder, url, people, at_once: writes(folder, url, int(people), int(at_once)),
    "serve-canvas": lambda people, delay: serve_canvas(int(people), float(delay)),
    "serve-ottolearn": lambda people: serve_ottolearn(int(people)),
    "serve-writes": lambda delay, limited: serve_writes(float(delay), limited == "limited"),
}


def child(name: str, *arguments: str) -> None:
    """Run one step and print what it took. Seconds are of the step alone, without starting Python."""
    began = time.perf_counter()
    found = CHILDREN[name](*arguments) or {}
    if not name.startswith("serve"):
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"wall": time.perf_counter() - began, "megabytes": megabytes, **found}))


def measure(name: str, *arguments: object, python: str = sys.executable) -> dict[str, Any]:
    """`child` in a process of its own."""
    command = [python, __file__, "child", name, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))


@contextmanager
def served(name: str, *arguments: object) -> Iterator[str]:
    command = [sys.executable, __file__, "child", f"serve-{name}", *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@dataclass
class Goals:
    """What was found against what was promised."""

    missed: int = 0
    lines: list[str] = field(default_factory=list)

    def check(self, what: str, found: float, promised: float, *, at_most: bool) -> None:
        kept = found <= promised if at_most else found >= promised
        self.missed += not kept
        sign = "<=" if at_most else ">="
        print(f"  {'kept  ' if kept else 'MISSED'} {what}: {found:.3f} ({sign} {promised})", flush=True)


def measure_reading(people: int, rounds: int, peer: str, goals: Goals) -> None:
    """A no-change re-sync against the bare reading of the same pages, without latency; memory; a first full run."""
    print(f"reading {people:,} people without latency", flush=True)
    with TemporaryDirectory() as folder, served("canvas", people, 0) as canvas, served("ottolearn", people) as otto:
        measure("bare", canvas)  # the server makes its pages on the first reading
        first = measure("sync", folder, canvas, otto, "full")
        print(f"  first run, OttoLearn's list included: {_line(first)}", flush=True)
        bares, syncs = [], []
        for _ in range(rounds):
            bares.append(measure("bare", canvas))
            syncs.append(measure("sync", folder, canvas, otto, "incremental"))
            print(f"  bare {bares[-1]['wall']:.2f} s, re-sync {_line(syncs[-1])}", flush=True)
        bare, again = min(b["wall"] for b in bares), min(s["seconds"] for s in syncs)
        goals.check("no-change re-sync / bare reading", again / bare, 2.5, at_most=True)
        goals.check("seconds beside the network", again - bare, 15.0, at_most=True)
        goals.check("writes of a no-change run", sum(s["created"] + s["updated"] for s in syncs), 0, at_most=True)
        most = max(run["megabytes"] for run in [first, *syncs])
        goals.check("peak memory, MB", most, 128 + 16 * max(0, people / 1e6 - 1), at_most=True)
        if peer:
            few = measure("peer", canvas, min(people, 3_000), python=peer)
            rate = (people / again) / (few["people"] / few["wall"])
            goals.check("people a second / canvasapi's bare listing", rate, 50.0, at_most=False)


def measure_latency(people: int, delay: float, at_most: float, goals: Goals) -> None:
    """The same with a slow Canvas: everything beside the network happens while it is waited for."""
    print(f"reading {people:,} people with {delay * 1000:.0f} ms a page", flush=True)
    with TemporaryDirectory() as folder, served("canvas", people, delay) as canvas, served("ottolearn", people) as otto:
        measure("bare", canvas)
        measure("sync", folder, canvas, otto, "full")
        bare = measure("bare", canvas)["wall"]
        again = measure("sync", folder, canvas, otto, "incremental")["seconds"]
        print(f"  bare {bare:.2f} s, re-sync {again:.2f} s", flush=True)
        goals.check("no-change re-sync / bare reading", again / bare, at_most, at_most=True)


def measure_writes(at_once: int, people: int, goals: Goals) -> None:
    """Creations at 50 ms a call."""
    print(f"creating {people:,} people, {at_once} at once, 50 ms a call", flush=True)
    with TemporaryDirectory() as folder, served("writes", 0.05, "free") as url:
        found = measure("writes", folder, url, people, at_once)
        rate = found["created"] / found["durations"]["writing"]
        print(f"  {rate:.0f}/s of {at_once / 0.05:.0f}/s", flush=True)
        goals.check("share of connections / latency", rate * 0.05 / at_once, 0.93, at_most=False)


def measure_storm(goals: Goals) -> None:
    """A server that takes so many calls a window and refuses the rest."""
    import requests

    people = ALLOWED * 10
    print(f"creating {people:,} people where {ALLOWED} each {WINDOW:.0f} s are allowed", flush=True)
    with TemporaryDirectory() as folder, served("writes", 0.01, "limited") as url:
        found = measure("writes", folder, url, people, 8)
        refused = requests.get(f"{url}/count", timeout=10).json()["refused"]
        print(
            f"  {found['created']} in {found['durations']['writing']:.1f} s, refused by window: {refused}", flush=True
        )
        rate = found["created"] / found["durations"]["writing"]
        goals.check("share of what is allowed", rate / (ALLOWED / WINDOW), 0.8, at_most=False)
        goals.check("refusals after two windows", sum(refused[2:]), 0, at_most=True)


def _line(found: Mapping[str, Any]) -> str:
    return f"{found['seconds']:.2f} s, {found['megabytes']:.0f} MB, {found['status']}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", default="", help="a Python that has canvasapi")
    parser.add_argument("--only", nargs="+", choices=["read", "latency", "writes", "storm"])
    asked = parser.parse_args()
    goals, only = Goals(), set(asked.only or ["read", "latency", "writes", "storm"])
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores", flush=True)
    if "read" in only:
        measure_reading(asked.people, asked.rounds, asked.peer, goals)
    if "latency" in only:
        measure_latency(min(asked.people, 50_000), 0.02, 1.05, goals)
        measure_latency(min(asked.people, 5_000), 0.3, 1 / 0.95, goals)
    if "writes" in only:
        for at_once in (8, 32):
            measure_writes(at_once, 300 * at_once, goals)
    if "storm" in only:
        measure_storm(goals)
    return 1 if goals.missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        sys.exit(main())
