"""The other sides of `sync.py`, each in a process of its own: Canvas, OttoLearn, and an OttoLearn that only creates."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.serving import FakeServer, Reply, Request

TOKEN = "canvas-token-1~secret"
WINDOW = 10.0
"""Seconds of a window of the server that limits its calls."""
ALLOWED = 300
"""Calls it takes in each."""


def serve_canvas(people: int, delay: float) -> None:
    """A Canvas whose token may not run reports; a page takes `delay` seconds."""
    from tests.fakes.canvas import Crowd, FakeCanvas

    rights = {"list", "sis", "logins", "email"}
    with FakeCanvas(people=Crowd(people), keep=True, delay=delay, rights=rights, token=TOKEN) as canvas:
        _announce(canvas.url)


def serve_ottolearn(people: int) -> None:
    """The sandbox's OttoLearn, with everybody in it."""
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
    with FakeServer(Writes(limited), delay=delay) as server:
        _announce(server.url)


@dataclass
class Writes:
    """Answers creations, and counts what came in each window."""

    limited: bool
    began: float = field(default_factory=time.monotonic)
    created: int = 0
    taken: int = 0
    """In this window."""
    refused: list[int] = field(default_factory=list)
    """By window."""
    first: float = 0.0
    last: float = 0.0
    """When the first and the last creation came."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Reply:
        if request.path.endswith("/login"):
            return Reply(200, b'{"userId":1,"organizationId":1,"sessionToken":"t"}')
        if request.path == "/count":
            return Reply(200, json.dumps({"refused": self.refused, "seconds": self.last - self.first}).encode())
        if request.method == "GET":
            return Reply(404 if request.path.endswith("/attribute") else 200, b"[]")
        with self.lock:
            return self._create(time.monotonic())

    def _create(self, now: float) -> Reply:
        window = int((now - self.began) // WINDOW)
        while len(self.refused) <= window:
            self.refused.append(0)
            self.taken = 0
        if self.limited and self.taken >= ALLOWED:
            self.refused[-1] += 1
            wait = int(self.began + (window + 1) * WINDOW - now) + 1
            return Reply(429, b"", {"Retry-After": str(wait)})
        self.taken += 1
        self.created += 1
        self.first, self.last = self.first or now, now
        return Reply(201, b'{"id":%d,"active":true}' % self.created)


def _announce(url: str) -> None:
    print(url, flush=True)
    sys.stdin.read()
