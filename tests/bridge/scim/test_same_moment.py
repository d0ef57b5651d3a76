"""Two processes push one person at the same moment: every push is made, and none answered by a 412 out of nothing."""

from __future__ import annotations

import json
import threading
from typing import Any

from sqlalchemy import Engine

from bridge.scim.server import Server
from bridge.scim.service import Asked
from bridge.store.engine import open_database, shared_connection
from tests.bridge.scim.conftest import PATCH, user

BASE = "https://bridge.example.com/scim/v2/acme"
EACH = 5


def ask(server: Server, engine: Engine, method: str, path: str, body: Any = None, **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with shared_connection(engine):
        return server.answer("acme", Asked(method, BASE, path, {}, sent, json.dumps(body).encode()))


def test_every_change_of_one_person_is_made(database_url: str) -> None:
    engines = [open_database(database_url) for _ in range(2)]  # as two processes have them
    servers = [Server(engine, lambda: 1_800_000_000.0) for engine in engines]
    ann = ask(servers[0], engines[0], "POST", "/Users", user("ann")).headers["Location"].rpartition("/")[2]
    answers: list[int] = []

    def change(number: int) -> None:
        mine = number % 2
        for turn in range(EACH):
            said = {"op": "add", "path": f'emails[type eq "t{number}"].value', "value": f"{turn}@example.com"}
            body = {"schemas": [PATCH], "Operations": [said]}
            answers.append(int(ask(servers[mine], engines[mine], "PATCH", f"/Users/{ann}", body).status))

    threads = [threading.Thread(target=change, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    body = json.loads(bytes(ask(servers[0], engines[0], "GET", f"/Users/{ann}").body))
    for engine in engines:
        engine.dispose()
    assert answers == [204] * (12 * EACH)
    last = f"{EACH - 1}@example.com"
    assert {mail["type"]: mail["value"] for mail in body["emails"]} == {f"t{n}": last for n in range(12)}
    assert body["meta"]["version"] == f'W/"{12 * EACH + 1}"'


def test_whoever_names_a_version_is_told_that_it_is_another_now(engine: Engine) -> None:
    server = Server(engine, lambda: 1_800_000_000.0)
    ann = ask(server, engine, "POST", "/Users", user("ann")).headers["Location"].rpartition("/")[2]
    assert ask(server, engine, "PUT", f"/Users/{ann}", user("ann", title="x"), If_Match='W/"1"').status == 200
    assert ask(server, engine, "PUT", f"/Users/{ann}", user("ann", title="y"), If_Match='W/"1"').status == 412
