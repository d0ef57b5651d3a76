"""One request cannot take the processor for minutes: what grows with the square of something has a bound."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from scim2_server.service import ScimService
from sqlalchemy import Engine

from bridge.scim.rows import MOST_VALUES
from bridge.scim.server import Server
from bridge.scim.service import MOST_ATTRIBUTES, MOST_NAMED, MOST_OPERATIONS, Asked
from tests.bridge.scim.conftest import PATCH, user

BASE = "https://bridge.example.com/scim/v2/acme"
Ask = Callable[..., Any]


@pytest.fixture
def ask(engine: Engine) -> Ask:
    server = Server(engine, lambda: 1_800_000_000.0)

    def asking(method: str, path: str, body: Any = None, **query: str) -> Any:
        text = b"" if body is None else json.dumps(body).encode()
        return server.answer("acme", Asked(method, BASE, path, query, {}, text))

    return asking


def mails(number: int) -> list[dict[str, str]]:
    return [{"value": f"{n}@example.com", "type": f"t{n}"} for n in range(number)]


def made(ask: Ask, **more: Any) -> str:
    return str(ask("POST", "/Users", user("ann", **more)).headers["Location"].rpartition("/")[2])


def test_a_person_has_no_thousand_addresses(ask: Ask) -> None:
    assert ask("POST", "/Users", user("bob", emails=mails(MOST_VALUES + 1))).status == 400
    ann = made(ask, emails=mails(MOST_VALUES))
    assert ask("PUT", f"/Users/{ann}", user("ann", emails=mails(MOST_VALUES + 1))).status == 400
    more = {"op": "add", "path": "emails", "value": [{"value": "one@example.com"}]}
    assert ask("PATCH", f"/Users/{ann}", {"schemas": [PATCH], "Operations": [more]}).status == 400
    assert ask("GET", "/Users").body["totalResults"] == 1


def test_a_person_has_no_thousand_schemas(ask: Ask) -> None:
    schemas = [*user("")["schemas"], *(f"urn:example:{n}" for n in range(MOST_VALUES))]
    assert ask("POST", "/Users", {"schemas": schemas, "userName": "ann"}).status == 400


def test_a_patch_of_a_thousand_operations_is_refused(ask: Ask) -> None:
    ann = made(ask)
    operations = [{"op": "replace", "path": "title", "value": str(n)} for n in range(MOST_OPERATIONS + 1)]
    assert ask("PATCH", f"/Users/{ann}", {"schemas": [PATCH], "Operations": operations}).status == 400
    assert ask("PATCH", f"/Users/{ann}", {"schemas": [PATCH], "Operations": operations[1:]}).status == 204


@pytest.mark.parametrize("asked", ["attributes", "excludedAttributes"])
@pytest.mark.parametrize("one", [True, False])
def test_a_thousand_attributes_are_not_asked_for(ask: Ask, asked: str, one: bool) -> None:
    path = f"/Users/{made(ask)}" if one else "/Users"
    assert ask("GET", path, **{asked: ",".join(["title"] * (MOST_ATTRIBUTES + 1))}).status == 400
    assert ask("GET", path, **{asked: ",".join(["title"] * MOST_ATTRIBUTES)}).status == 200


@pytest.mark.parametrize("start", [2**53 + 1, 2**63, 10**23])
@pytest.mark.parametrize("more", [{}, {"sortBy": "externalId"}, {"filter": "externalId pr"}])
@pytest.mark.parametrize("path", ["/Users", "/Groups", "/"])
def test_a_page_beyond_every_number_is_empty(ask: Ask, path: str, start: int, more: dict[str, str]) -> None:
    made(ask, externalId="e")
    answer = ask("GET", path, startIndex=str(start), **more)
    assert (answer.status, answer.body["itemsPerPage"]) == (200, 0)


def test_a_patch_of_a_megabyte_is_counted_before_it_is_read(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_body(*_: object) -> Any:
        raise AssertionError("the library read it")

    ann = made(ask)
    monkeypatch.setattr(ScimService, "read_body", read_body)
    operations = [{"op": "replace", "path": "title", "value": "x" * 300} for _ in range(MOST_OPERATIONS + 1)]
    for name in ("Operations", "OPERATIONS"):
        answer = ask("PATCH", f"/Users/{ann}", {"schemas": [PATCH], name: operations})
        assert (answer.status, "operations" in answer.body["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        ({"op": "replace", "path": f"emails[{' or '.join(['value eq 1'] * 2_000)}].type", "value": "x"}, "paths"),
        ({"op": "replace", "Path": f"emails[{' or '.join(['value eq 1'] * 2_000)}].type", "value": "x"}, "paths"),
        ({"op": "replace", "VALUE": {f"x{n:020}": n for n in range(MOST_NAMED + 1)}}, "attributes"),
    ],
)
def test_a_path_or_value_that_takes_a_minute_is_refused_unread(
    ask: Ask, operation: dict[str, Any], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_body(*_: object) -> Any:
        raise AssertionError("the library read it")

    ann = made(ask)
    monkeypatch.setattr(ScimService, "read_body", read_body)
    answer = ask("PATCH", f"/Users/{ann}", {"schemas": [PATCH], "Operations": [operation]})
    assert (answer.status, word in answer.body["detail"]) == (400, True)


def test_a_large_group_is_changed_at_once(ask: Ask) -> None:
    group = ask("POST", "/Groups", {"displayName": "all"}).headers["Location"].rpartition("/")[2]
    add = {"op": "add", "path": "members", "value": [{"value": f"{n:032x}"} for n in range(5_000)]}
    assert ask("PATCH", f"/Groups/{group}", {"schemas": [PATCH], "Operations": [add]}).status == 204
