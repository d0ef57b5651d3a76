"""Two processes push one person at the same moment: every push is made, and none answered by a 412 out of nothing."""

from __future__ import annotations

import gc
import json
import threading
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic._internal import _generics
from sqlalchemy import Engine

from bridge.scim.server import Server
from bridge.scim.service import Asked
from bridge.store.engine import open_database, shared_connection
from tests.bridge.scim.conftest import PATCH, user

BASE = "https://bridge.example.com/scim/v2/acme"
EACH = 5
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def ask(server: Server, engine: Engine, method: str, path: str, body: Any = None, **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    path, _, query = path.partition("?")
    with shared_connection(engine):
        return server.answer("acme", Asked(method, BASE, path, dict(parse_qsl(query)), sent, json.dumps(body).encode()))


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


REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/ServiceProviderConfig", None),
    ("GET", "/ResourceTypes", None),
    ("GET", "/Schemas", None),
    ("POST", "/Groups", {"schemas": [GROUP_SCHEMA], "displayName": "Staff"}),
    ("GET", '/Users?filter=userName eq "ann"', None),
    ("GET", '/Users?filter=emails[type eq "work"]&sortBy=name.familyName&attributes=userName', None),
    ("GET", "/Groups?excludedAttributes=members", None),
    ("GET", '/?filter=id eq "1"', None),
    ("POST", "/.search", {"schemas": [SEARCH], "filter": 'displayName co "a"'}),
    ("POST", "/Users/.search", {"schemas": [SEARCH], "filter": "active eq true", "count": 3}),
]


def test_no_request_makes_a_model(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that make one at once are answered by a SystemError in CPython 3.11 (cpython issue 106905)."""
    server = Server(engine, lambda: 1_800_000_000.0)
    gc.collect()  # the library keeps what it made for as long as somebody holds it
    made: list[object] = []
    make = _generics.create_generic_submodel

    def note(*said: Any) -> Any:
        made.append(said)
        return make(*said)

    monkeypatch.setattr(_generics, "create_generic_submodel", note)
    ann = ask(server, engine, "POST", "/Users", user("ann")).headers["Location"].rpartition("/")[2]
    answered = [ask(server, engine, *request) for request in REQUESTS]
    staff = answered[3].headers["Location"].rpartition("/")[2]
    for path, value in ((f"/Users/{ann}", "x"), (f"/Groups/{staff}", "y")):
        change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": value}]}
        answered.append(ask(server, engine, "PATCH", path, change))
        answered.append(ask(server, engine, "GET", path))
    answered.append(ask(server, engine, "PUT", f"/Users/{ann}", user("ann", title="x")))
    answered.append(ask(server, engine, "DELETE", f"/Users/{ann}"))
    assert [answer.body for answer in answered if int(answer.status) >= 400] == []
    assert made == []
