"""The processes of `sync.py`: what it measures, one step each, and the servers.

    python -m benchmarks.sync_steps STEP ARGUMENT...      # prints what the step took, as JSON

`peer` is run by another interpreter, which has canvasapi and nothing of ours.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

TOKEN = "canvas-token-1~secret"
QUERY = "sort=id&include%5B%5D=email&per_page=100"
ROSTER = {"attributes": {"username": "sis_user_id", "emailAddress": "email"}, "on_leave": "deactivate"}


class Timed:
    """What a block takes: `seconds` of the clock and of the processor, without starting Python and importing."""

    def __enter__(self) -> Self:
        self._began, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.used = {"seconds": time.perf_counter() - self._began, "cpu": time.process_time() - self._cpu}


def bare(url: str) -> dict[str, Any]:
    """Fetch every page with requests and throw it away."""
    import requests

    session, following, total = requests.Session(), f"{url}/api/v1/accounts/1/users?{QUERY}", 0
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    with Timed() as timed:
        while following:
            with session.get(following, timeout=60) as answer:
                total += len(answer.content)
                following = answer.links.get("next", {}).get("url", "")
    return {**timed.used, "bytes": total}


def peer(url: str, people: str) -> dict[str, Any]:
    """canvasapi's bare listing."""
    import canvasapi  # type: ignore[import-not-found]

    canvas = canvasapi.Canvas(url, TOKEN)
    account = canvasapi.account.Account(canvas._Canvas__requester, {"id": 1})  # spares a request
    users = account.get_users(sort="id", include=["email"], per_page=100)
    with Timed() as timed:
        found = sum(1 for _ in zip(range(int(people)), users, strict=False))
    return {**timed.used, "people": found}


def sync(folder: str, canvas_url: str, ottolearn_url: str, full: str) -> dict[str, Any]:
    """One whole sync of the fake Canvas into OttoLearn."""
    from adapters.canvas import roster
    from adapters.canvas.settings import Settings

    settings = Settings(api={"url": canvas_url, "token": TOKEN, "account": "1"}, roster=ROSTER)
    return _run(folder, ottolearn_url, settings, roster.read_roster, full == "full")


def writes(folder: str, ottolearn_url: str, people: str, at_once: str) -> dict[str, Any]:
    """Create so many people."""
    from bridge.contracts import RosterEnd, RosterMember, Student
    from bridge.roster.settings import Roster

    def read(settings: Any, context: Any) -> Iterator[Any]:
        del settings, context
        yield [RosterMember(Student(f"p{n}", "A", "B"), {"login": f"p{n}"}) for n in range(int(people))]
        yield RosterEnd(int(people))

    settings = SimpleNamespace(student_id="login", roster=Roster(writes_at_once=int(at_once)))
    return _run(folder, ottolearn_url, settings, read, False)


def _run(folder: str, url: str, settings: Any, read: Callable[..., Any], full: bool) -> dict[str, Any]:
    from bridge.sync.run import Options
    from tests.bridge.sync.assembled import assembled

    with assembled(Path(folder), url, settings, read) as (prepared, _):
        with Timed() as timed:
            outcome = prepared.run(Options(full=full))
        return {**outcome.document(), "durations": outcome.durations, **timed.used}


def serve_canvas(people: str, delay: str) -> None:
    from benchmarks import sync_servers

    sync_servers.serve_canvas(int(people), float(delay))


def serve_ottolearn(people: str) -> None:
    from benchmarks import sync_servers

    sync_servers.serve_ottolearn(int(people))


def serve_writes(delay: str, limited: str) -> None:
    from benchmarks import sync_servers

    sync_servers.serve_writes(float(delay), limited == "limited")


SERVERS: Mapping[str, Callable[..., None]] = {
    "serve-canvas": serve_canvas,
    "serve-ottolearn": serve_ottolearn,
    "serve-writes": serve_writes,
}
STEPS: Mapping[str, Callable[..., dict[str, Any]]] = {"bare": bare, "peer": peer, "sync": sync, "writes": writes}


def main(name: str, *arguments: str) -> None:
    """Serve, or run one step and print what it took."""
    if name in SERVERS:
        SERVERS[name](*arguments)
        return
    found = STEPS[name](*arguments)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**found, "megabytes": megabytes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
