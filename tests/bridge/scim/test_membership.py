"""Who is in a group changes with what is pushed, however large the group is and whoever pushes at the same moment."""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any

import pytest
from scim2_models import SCIMException
from scim2_server.handler import ScimHandler
from sqlalchemy import Engine

from bridge.scim.handler import Handler
from bridge.scim.provider import provider
from bridge.scim.pushes import pushes_of
from bridge.scim.server import Server
from bridge.scim.service import MOST_ODD_OPERATIONS, Asked, Service
from bridge.scim.storage import Storage
from bridge.store import scim_groups
from tests.bridge.scim.conftest import PATCH, user

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PROVIDER = provider()
BASE = "https://bridge.example.com/scim/v2/acme"
SHAPES: list[list[Any]] = [
    [{"op": "Add", "path": "members", "value": [{"value": "c", "$ref": None, "odd": 1}, {"value": "d"}]}],
    [{"op": "add", "path": "members", "value": {"value": "c", "display": "Cy", "type": "User"}}],
    [{"op": "add", "value": {"members": [{"value": "c"}]}}],
    [{"op": "add", "path": f"{GROUP}:members", "value": [{"value": "c"}]}],
    [{"op": "add", "path": "members", "value": [5]}],
    [{"op": "add", "path": "members", "value": [{"value": "x" * 256}]}],
    [{"op": "add", "path": "members", "value": [{"value": ""}]}],
    [{"op": "add", "path": "members", "value": [{"value": "a", "display": "Ann"}]}],
    [{"op": "remove", "path": "members", "value": [{"value": "a"}]}],
    [{"op": "Remove", "path": 'members[value eq "a"]'}],
    [{"op": "remove", "path": 'MEMBERS[VALUE EQ "a"]'}],
    [{"op": "remove", "path": 'members[value eq "nobody"]'}],
    [{"op": "remove", "path": "members", "value": [{"value": "nobody"}]}],
    [{"op": "remove", "path": "members", "value": []}],
    [{"op": "remove", "path": "members", "value": [{"display": "Ann"}]}],
    [{"op": "remove", "path": "members"}],
    [{"op": "remove", "path": 'members[display eq "Ann"]'}],
    [{"op": "replace", "path": "members", "value": [{"value": "b"}, {"value": "c"}]}],
    [{"op": "replace", "path": "members", "value": []}],
    [{"op": "replace", "path": "members"}],
    [{"op": "replace", "value": {"displayName": "All", "members": [{"value": "c"}]}}],
    [{"op": "replace", "path": "displayName", "value": "A"}, {"op": "add", "value": {"members": [{"value": "c"}]}}],
    [{"op": "replace", "path": "displayName", "value": "All"}],
    [{"op": "replace", "path": "displayName", "value": "Staff"}],
    [{"op": "replace", "path": "externalId", "value": "e" * 256}],
    [{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": "b"}]}],
    [{"op": "add", "path": "members", "value": [{"value": "c"}]}, {"op": "remove", "path": 'members[value eq "c"]'}],
    [{"op": "remove", "path": 'members[value eq "a"]'}, {"op": "add", "path": "members", "value": [{"value": "a"}]}],
]  # fmt: skip


def ask(handler: ScimHandler, method: str, path: str, body: Any = None, **headers: str) -> Any:
    text = b"" if body is None else json.dumps(body).encode()
    return handler.handle(
        Asked(method, BASE, path, {}, {name.replace("_", "-"): v for name, v in headers.items()}, text)
    )


def made(handler: ScimHandler, *members: Any, name: str = "Staff") -> str:
    body = {"schemas": [GROUP], "displayName": name, "members": list(members)}
    return str(ask(handler, "POST", "/Groups", body).body["id"])


def patched(*operations: Any) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def handler_of(engine: Engine, connection: str = "acme", kind: type[ScimHandler] = Handler) -> ScimHandler:
    clock = itertools.count(1_800_000_000)
    return kind(Service(PROVIDER), Storage(engine, connection, PROVIDER, lambda: float(next(clock))))


@pytest.mark.parametrize("operations", SHAPES, ids=json.dumps)
def test_the_members_are_those_that_the_library_would_leave(engine: Engine, operations: list[Any]) -> None:
    found = []
    for kind in (Handler, ScimHandler):
        handler = handler_of(engine, kind.__name__, kind)
        group = made(handler, {"value": "a", "display": "Ann"}, {"value": "b"})
        try:
            status = int(ask(handler, "PATCH", f"/Groups/{group}", patched(*operations)).status)
        except SCIMException as error:
            status = error.status
        found.append([status, *shown(handler, group)])
    assert found[0] == found[1]
    before, after = ["Staff", {"a": ["Ann", None], "b": [None, None]}], found[0][1:]
    assert ask(handler_of(engine, "Handler"), "GET", "/Groups").body["Resources"][0]["meta"]["version"] == (
        'W/"1"' if before == after else 'W/"2"'
    )


def shown(handler: ScimHandler, group: str) -> list[Any]:
    body = ask(handler, "GET", f"/Groups/{group}").body
    members = {m["value"]: [m.get("display"), m.get("type")] for m in body.get("members", ())}
    return [body["displayName"], members]


def test_who_is_removed_may_be_called_otherwise_by_now(engine: Engine) -> None:
    handler = handler_of(engine)
    group = made(handler, {"value": "a", "display": "Ann"})
    gone = {"op": "remove", "path": "members", "value": [{"value": "a", "display": "Anne"}]}
    ask(handler, "PATCH", f"/Groups/{group}", patched(gone))
    assert "members" not in ask(handler, "GET", f"/Groups/{group}").body


def test_a_change_of_a_few_members_reads_no_others(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = handler_of(engine)
    group = made(handler, *({"value": f"m{n}"} for n in range(2_000)))

    def read_all(*_: object) -> dict[str, str]:
        raise AssertionError("all members were read")

    with monkeypatch.context() as patch:
        patch.setattr(scim_groups, "members_of", read_all)
        gone = [{"op": "remove", "path": f'members[value eq "m{n}"]'} for n in range(100)]
        more = [{"op": "remove", "path": "members", "value": [{"value": f"m{n}"} for n in range(100, 1_500)]}]
        come = [{"op": "add", "path": "members", "value": [{"value": "new"}]}]
        answer = ask(handler, "PATCH", f"/Groups/{group}", patched(*gone, *more, *come))
        renamed = ask(
            handler, "PATCH", f"/Groups/{group}", patched({"op": "replace", "path": "displayName", "value": "X"})
        )
    assert (answer.headers["ETag"], renamed.headers["ETag"]) == ('W/"2"', 'W/"3"')
    left = {member["value"] for member in ask(handler, "GET", f"/Groups/{group}").body["members"]}
    assert left == {"new", *(f"m{n}" for n in range(1_500, 2_000))}


def test_many_operations_that_look_through_all_members_are_refused(engine: Engine) -> None:
    handler = handler_of(engine)
    group = made(handler, {"value": "a", "display": "Ann"})
    odd = [{"op": "remove", "path": f'members[display eq "{n}"]'} for n in range(MOST_ODD_OPERATIONS + 1)]
    with pytest.raises(SCIMException) as refused:
        ask(handler, "PATCH", f"/Groups/{group}", patched(*odd))
    assert refused.value.status == 400
    assert ask(handler, "PATCH", f"/Groups/{group}", patched(*odd[1:])).status == 204


def test_all_who_change_one_group_at_the_same_moment_are_heard(engine: Engine) -> None:
    server = Server(engine, lambda: 1_800_000_000.0)
    group = made(handler_of(engine))
    answers: list[int] = []

    def join(number: int) -> None:
        operation = {"op": "add", "path": "members", "value": [{"value": f"m{number}"}]}
        body = json.dumps(patched(operation)).encode()
        answers.append(int(server.answer("acme", Asked("PATCH", BASE, f"/Groups/{group}", {}, {}, body)).status))

    threads = [threading.Thread(target=join, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [204] * 16
    shown = ask(handler_of(engine), "GET", f"/Groups/{group}").body
    assert {member["value"] for member in shown["members"]} == {f"m{n}" for n in range(16)}
    assert shown["meta"]["version"] == 'W/"17"'


@pytest.mark.parametrize(("tag", "status"), [('W/"1"', 204), ('W/"2"', 412), ("*", 204)])
def test_a_change_upon_an_older_version_is_refused(engine: Engine, tag: str, status: int) -> None:
    handler = handler_of(engine)
    group = made(handler)
    change = patched({"op": "add", "path": "members", "value": [{"value": "a"}]})
    try:
        found = int(ask(handler, "PATCH", f"/Groups/{group}", change, If_Match=tag).status)
    except SCIMException as error:
        found = error.status
    assert found == status


def test_a_group_of_another_connection_lets_nobody_in(engine: Engine) -> None:
    ours, theirs = handler_of(engine), handler_of(engine, "other")
    body = json.dumps(user("ann")).encode()
    ann = handler_of(engine).handle(Asked("POST", BASE, "/Users", {}, {}, body)).headers["Location"].rpartition("/")[2]
    made(theirs, {"value": ann}, name="Administrators")
    made(ours, {"value": ann}, name="Staff")
    (person,) = next(iter(pushes_of(engine, "acme").read(None)))
    assert "Staff" in person.groups
    assert "Administrators" not in person.groups


def test_whoever_joins_leaves_or_has_a_group_renamed_is_looked_at_again(engine: Engine) -> None:
    handler = handler_of(engine)
    storage = handler.storage
    assert isinstance(storage, Storage)
    people = [
        storage.keep(kind, storage._model(kind).model_validate(user(name)))
        for kind in PROVIDER.resource_types if kind.name == "User" for name in ("ann", "bob", "cy")
    ]  # fmt: skip
    ann, bob, cy = (row.id for row in people)
    group = made(handler, {"value": ann}, {"value": bob})
    steps = [
        ({"op": "add", "path": "members", "value": [{"value": cy}, {"value": ann}]}, {cy}),
        ({"op": "remove", "path": f'members[value eq "{ann}"]'}, {ann}),
        ({"op": "replace", "path": "displayName", "value": "X"}, {bob, cy}),
    ]
    for operation, looked_at in steps:
        before = storage._now()
        ask(handler, "PATCH", f"/Groups/{group}", patched(operation))
        changed = {person.record for page in pushes_of(engine, "acme").read(before + 0.5) for person in page}
        assert changed == looked_at
