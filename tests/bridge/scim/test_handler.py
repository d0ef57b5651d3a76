"""The short way answers what the library's whole way answers, and keeps the same."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scim2_models import SCIMException
from scim2_server.handler import ScimHandler
from sqlalchemy import Engine

from bridge.scim.handler import Handler
from bridge.scim.provider import provider
from bridge.scim.service import Asked, Service
from bridge.scim.storage import Storage
from bridge.store import scim_resources
from bridge.store.engine import open_database
from tests.bridge.scim.conftest import ENTERPRISE, PATCH, user

BASE = "https://bridge.example.com/scim/v2/acme"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ID = re.compile(r"[0-9a-f]{32}")
Ask = tuple[str, str, Any, dict[str, str], dict[str, str]]

EVERYTHING: dict[str, Any] = {
    "externalId": "00u1", "displayName": "Ann Lee", "title": "", "locale": "en-US", "nickName": "Ann",
    "name": {"givenName": "Ann", "familyName": "Lee", "formatted": None}, "password": "secret", "active": "False",
    "emails": [{"value": "ann@example.com", "type": "work", "primary": True}, {}], "groups": [{"value": "g"}],
    "phoneNumbers": [], "addresses": [{"country": "DE"}], "roles": [{"value": "r", "primary": True}], "id": "theirs",
    "meta": {"version": "theirs"}, "unknown": {"a": 1}, "x509Certificates": [{"value": "YWJj"}],
    ENTERPRISE: {"employeeNumber": "7", "manager": {"value": "m", "displayName": "The manager"}},
}  # fmt: skip
BODIES: list[Any] = [
    user("ann"),
    user("ann", **EVERYTHING),
    user("Ann", name={"givenName": "Anne"}),
    {"schemas": user("")["schemas"], "userName": "ann"},
    user("ann", emails=[{"value": "b@example.com", "type": "home"}, {"value": "a@example.com", "type": "work"}]),
    user("ann", emails=[{"value": "a@example.com", "type": "work"}, {"value": "b@example.com", "type": "home"}]),
    user("ann", emails=[{"value": "a@b", "primary": True}, {"value": "c@d", "primary": True}]),
    user("bob"),
    user(""),
    user("a" * 256),
    user("ann", active=None),
    user("ann", active="perhaps"),
    user("ann", emails="ann@example.com"),
    user("ann", **{ENTERPRISE: None}),
    user("ann", **{ENTERPRISE: "7"}),
    {"userName": "ann"},
    {"schemas": "x", "userName": "ann"},
    [],
    b"",
    b"{",
]
SAME = {name: value for name, value in BODIES[1].items() if name not in {"password", "emails"}}
"""Without what is not kept: the library takes that for a change, whenever it is sent again."""
OPERATIONS: list[Any] = [
    {"op": "Replace", "path": "active", "value": "False"},
    {"op": "replace", "value": {"active": True, "name.givenName": "A", f"{ENTERPRISE}:employeeNumber": "8"}},
    {"op": "add", "path": 'emails[type eq "other"].value', "value": "o@example.com"},
    {"op": "remove", "path": "title"},
    {"op": "remove", "path": "userName"},
    {"op": "replace", "path": "userName", "value": "bob"},
    {"op": "replace", "path": "id", "value": "x"},
    {"op": "replace", "path": "meta.version", "value": "x"},
    {"op": "replace", "path": "nothing", "value": "x"},
    {"op": "replace", "path": "(", "value": "x"},
    {"op": "move", "path": "title", "value": "x"},
]
CONDITIONS: list[dict[str, str]] = [
    {}, {"If-Match": 'W/"1"'}, {"If-Match": 'W/"9"'}, {"If-Match": "*"}, {"If-None-Match": 'W/"1"'},
    {"Content-Type": "text/plain"}, {"Content-Type": ""},
]  # fmt: skip


def conversations() -> list[list[Ask]]:
    """What is asked in turn; `ID` stands for the id of the first who was made."""
    begin: list[Ask] = [("POST", "/Users", BODIES[1], {}, {}), ("POST", "/Users", user("bob"), {}, {})]
    show: Ask = ("GET", "/Users/ID", None, {}, {})
    found: list[list[Ask]] = [[("POST", "/Users", body, {}, {}), show] for body in BODIES]
    found += [[*begin, ("PUT", "/Users/ID", body, {}, {}), show] for body in BODIES if body != BODIES[1]]
    found += [[("POST", "/Users", SAME, {}, {}), ("PUT", "/Users/ID", SAME, {}, {}), show]]
    found += [[begin[0], ("PUT", "/Users/ID", first, {}, {}), ("PUT", "/Users/ID", second, {}, {}), show]
              for first, second in itertools.permutations(BODIES[3:6], 2)]  # fmt: skip
    found += [[*begin, ("PATCH", "/Users/ID", patched(operation), {}, {}), show] for operation in OPERATIONS]
    for headers, method in itertools.product(CONDITIONS, ("PUT", "PATCH", "GET")):
        body = {"PUT": user("ann", title="x"), "PATCH": patched(OPERATIONS[0]), "GET": None}[method]
        found += [[*begin, (method, "/Users/ID", body, headers, {}), show]]
        found += [[(method, "/Users/nobody", body, headers, {})]]
    found += [[*begin, ("GET", "/users/ID", None, {}, {}), ("GET", "/Users/ID", None, {}, {"attributes": "title"})]]
    return [*found, [*begin, ("PATCH", "/Users/ID", patched(OPERATIONS[0]), {}, {"excludedAttributes": "name"}), show]]


def patched(*operations: Any) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def test_the_short_way_answers_as_the_library_does(tmp_path: Path, migrated_sqlite: Path) -> None:
    ours, theirs = (opened(tmp_path / name, migrated_sqlite) for name in ("ours.db", "theirs.db"))
    for number, conversation in enumerate(conversations()):
        asked = [json.dumps(ask, default=repr) for ask in conversation]
        assert said(Handler, ours, number, conversation) == said(ScimHandler, theirs, number, conversation), asked
    ours.dispose()
    theirs.dispose()


def said(kind: type[ScimHandler], engine: Engine, number: int, conversation: list[Ask]) -> list[Any]:
    """What is answered in turn, ids aside, and what is kept in the end."""
    service, name, clock = Service(PROVIDER), f"acme{number}", itertools.count(1_800_000_000)
    storage = Storage(engine, name, PROVIDER, lambda: next(clock) + 0.5)
    handler: ScimHandler = kind(service, storage)
    answers: list[Any] = []
    made = "nobody"
    for method, path, body, headers, query in conversation:
        text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        asked = Asked(method, BASE, path.replace("ID", made), query, headers, text)
        try:
            answer = handler.handle(asked)
        except SCIMException as error:
            answer = service.error_response(error)
        shown = msgspec.json.decode(msgspec.json.encode(answer.body))
        if made == "nobody" and answer.status == 201:
            made = shown["id"]
        answers.append([int(answer.status), ID.sub("ID", json.dumps([shown, answer.headers], sort_keys=True))])
    rows = [row for page in scim_resources.users(engine, name) for row in page]
    return [answers, [(row.document, row.version, row.created_at) for row in rows]]


PROVIDER = provider()


def opened(file: Path, template: Path) -> Engine:
    file.write_bytes(template.read_bytes())
    return open_database(f"sqlite:///{file}")


def test_nothing_of_a_user_is_immutable_so_that_a_replacement_needs_no_look_at_what_was() -> None:
    users = PROVIDER.model_for(next(kind for kind in PROVIDER.resource_types if kind.name == "User"))
    assert users is not None
    told = [json.dumps(schema.model_dump()) for schema in PROVIDER.schemas if ":Group" not in str(schema.id)]
    assert len(told) > 1
    assert not [text for text in told if '"mutability": "immutable"' in text and ":User" in text]


@pytest.mark.parametrize("one", ["x" * 64, 'a"b', "ä"])
def test_an_id_of_the_caller_breaks_no_answer(one: str, tmp_path: Path, migrated_sqlite: Path) -> None:
    engine = opened(tmp_path / "bridge.db", migrated_sqlite)
    storage = Storage(engine, "acme", PROVIDER, lambda: 1.0)
    handler = Handler(Service(PROVIDER), storage)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = json.dumps(user("ann") if method == "PUT" else patched(OPERATIONS[0])).encode()
        with pytest.raises(SCIMException) as refused:
            handler.handle(Asked(method, BASE, f"/Users/{one}", {}, {}, body))
        assert refused.value.status == 404
    engine.dispose()
