"""Server-sent events through nginx and Caddy: each is there when it is said, and whoever listens keeps no thread."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest
from lxml import html

from bridge.admin.roles import Role
from bridge.admin.sessions import Sessions
from bridge.store import sync_progress
from bridge.store.database import Engine
from bridge.store.engine import open_database
from bridge.store.sync_progress import Progress
from tests.browser.sync_rows import run_of
from tests.deploy.fronts import Front, connect, front, launch
from tests.faults.standing import Standing

PAGE = "/admin/sync?connection=campus"
TOTAL = 400
LISTENERS = 40
"""More than the bridge has threads: twice eight."""


@dataclass(frozen=True)
class Listening:
    """An administrator's browser behind the front, and a sync that is under way."""

    front: Front
    engine: Engine
    run: int
    cookie: str

    def note(self, done: int) -> None:
        sync_progress.note(self.engine, self.run, Progress("writing", done, TOTAL, time.time()))

    def address(self) -> str:
        """Where the page hears how far the sync is."""
        page = self.front.ask("GET", PAGE, headers={"Cookie": self.cookie})
        (found,) = html.fromstring(page.text).xpath("//@data-live")
        return str(found)

    def request(self, address: str) -> bytes:
        head = (f"GET {address} HTTP/1.1", f"Host: {self.front.host}", f"Cookie: {self.cookie}")
        return "\r\n".join((*head, "Accept: text/event-stream", "", "")).encode()


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def listening(
    request: pytest.FixtureRequest, served: Standing, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listening]:
    engine = open_database(served.database_url)
    sessions = Sessions(engine, "", 3600.0, 3600.0, time.time)
    token = sessions.begin("password", "viewer", Role.VIEWER)
    kind: str = request.param
    with front(kind, served.port, tmp_path_factory.mktemp(f"{kind}-events")) as found:
        run = run_of(engine, "campus", time.time() - 5, "applying")
        yield Listening(found, engine, run, f"__Host-ottobridge-admin={token}")
    engine.dispose()


def test_each_step_is_told_when_it_is_made_and_not_when_the_front_has_enough(listening: Listening) -> None:
    listening.note(0)
    address = listening.address()
    with closing(connect(listening.front)) as client, client.makefile("rb") as answers:
        for done in (10, 20, 30):  # on one connection, which stays open: nothing is told because it ends
            listening.note(done)
            client.sendall(listening.request(address))
            for line in answers:
                if line.startswith(b"data: "):
                    break
            assert [row["done"] for row in json.loads(line[6:])] == [done]


def test_pages_left_open_and_pages_closed_keep_no_launch_waiting(listening: Listening) -> None:
    listening.note(40)
    request = listening.request(listening.address())
    with ExitStack() as opened:
        for number in range(LISTENERS):
            client = connect(listening.front)
            client.sendall(request)
            if number % 2:
                client.close()
            else:
                opened.enter_context(closing(client))  # it listens, and reads nothing
        assert [launch(listening.front).status_code for _ in range(20)] == [303] * 20
