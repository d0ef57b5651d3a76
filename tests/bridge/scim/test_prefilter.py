"""What the database finds first changes no answer, and no filter reads a whole university."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from bridge.scim import storage
from bridge.scim.prefilter import MAX_ALTERNATIVES
from bridge.scim.server import Server
from bridge.scim.service import Asked
from bridge.store import scim_resources
from tests.bridge.scim.conftest import ENTERPRISE, PATCH, USER, user

BASE = "https://bridge.example.com/scim/v2/acme"
BEGAN = 1_800_000_000.0
Ask = Callable[..., Any]
LOOKED_UP = [
    'userName eq "ANN"',
    'userName eq "ann" or userName eq "bob" or externalId eq "e-cem"',
    'userName eq "ann" and active eq true',
    f'{USER}:userName eq "ann"',
    f'{ENTERPRISE}:employeeNumber eq "7"',
    'emails[value eq "BOB@example.com" or value eq "two@example.com"]',
    'emails[type eq "work" and value eq "bob@example.com"]',
    "active eq false",
    "ACTIVE EQ FALSE",
    'active eq false and userName eq "bob"',
    'active eq false or userName eq "ann"',
    'meta.lastModified gt "{2}"',
    'meta.lastModified ge "{2}"',
    'meta.lastModified lt "{2}"',
    'meta.lastModified le "{2}"',
    'meta.lastModified eq "{4}"',
    'META.LASTMODIFIED GE "{4}" and active eq true',
    'meta.lastModified gt "{1}" and meta.lastModified lt "{5}"',
    'meta.lastModified lt "0001-01-01T00:00:00Z"',
    'id eq "nobody" or id eq "\\u0000"',
]
NOBODY = LOOKED_UP[-2:]
EVALUATED = [
    "not (active eq false)",
    "active ne true",
    "active eq true",
    'userName sw "a"',
    'userName eq "ann" or title pr',
    'not (userName eq "ann")',
    'emails[type eq "work"]',
    'meta.lastModified ne "{4}"',
    'meta.created ge "{2}"',
    " or ".join([f'userName eq "{n}"' for n in range(MAX_ALTERNATIVES)] + ['userName eq "ann"']),
]


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """A server whose clock is a minute on at each request, and six people, some of them changed since they came."""
    minutes = iter(range(10_000))
    server = Server(engine, lambda: BEGAN + 60 * next(minutes))

    def asking(method: str, path: str, body: Any = None, **query: str) -> Any:
        text = b"" if body is None else json.dumps(body).encode()
        return server.answer("acme", Asked(method, BASE, path, query, {}, text))

    work = {"emails": [{"type": "work", "value": "bob@example.com"}]}
    two = {"emails": [{"value": "one@example.com"}, {"value": "two@example.com"}]}
    seventh = {ENTERPRISE: {"employeeNumber": "7"}}
    people = [
        user("Ann", title='says "active":false'), user("bob", **work), user("Cem", externalId="e-cem", **two),
        user("dee", active=False), {"schemas": [USER], "userName": "eve"}, user("fay", **seventh),
    ]  # fmt: skip
    made = [asking("POST", "/Users", one).headers["Location"].rpartition("/")[2] for one in people]
    for id_, value in ((made[1], "False"), (made[3], "True"), (made[2], False)):
        off = {"op": "Replace", "path": "active", "value": value}
        assert asking("PATCH", f"/Users/{id_}", {"schemas": [PATCH], "Operations": [off]}).status == 204
    assert asking("POST", "/Groups", {"displayName": "all", "members": [{"value": made[0]}]}).status == 201
    return asking


def found(ask: Ask, asked: str) -> list[str]:
    answer = ask("GET", "/Users", filter=at_minutes(asked))
    assert answer.status == 200, answer.body
    return [one["userName"] for one in answer.body.get("Resources", [])]


def at_minutes(asked: str) -> str:
    times = [datetime.fromtimestamp(BEGAN + 60 * minute, UTC).isoformat() for minute in range(6)]
    for minute, time in enumerate(times):
        asked = asked.replace(f"{{{minute}}}", time.replace("+00:00", "Z"))
    return asked


@pytest.mark.parametrize("asked", LOOKED_UP + EVALUATED)
def test_whoever_is_looked_up_is_whom_the_filter_means(ask: Ask, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_database = found(ask, asked)
    monkeypatch.setattr(storage, "prefilters", lambda *_: None)
    assert by_database == found(ask, asked)
    assert len(by_database) < 6
    assert by_database or asked in NOBODY


@pytest.mark.parametrize("asked", LOOKED_UP)
def test_a_filter_that_can_be_looked_up_does_not_read_everybody(
    ask: Ask, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def everything(*_: object) -> Any:
        raise AssertionError(asked)

    monkeypatch.setattr(scim_resources, "everything", everything)
    found(ask, asked)


@pytest.mark.parametrize(
    "query",
    [
        *({"filter": asked} for asked in EVALUATED),
        {"sortBy": "userName"},
        {"filter": "active eq false", "sortBy": "userName"},
        {"filter": 'meta.lastModified gt "{0}"'},
    ],
)
@pytest.mark.parametrize("path", ["/Users", "/"])
def test_what_would_be_compared_with_a_whole_university_is_refused_in_words(
    ask: Ask, query: dict[str, str], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MOST_CANDIDATES", 1)
    answer = ask("GET", path, **{name: at_minutes(text) for name, text in query.items()})
    assert (answer.status, answer.body["scimType"]) == (400, "tooMany")
    assert "userName" in answer.body["detail"]


def test_a_list_and_a_look_up_have_no_bound(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MOST_CANDIDATES", 1)
    assert ask("GET", "/Users", count="2").body["totalResults"] == 6
    assert found(ask, 'userName eq "ann" or userName eq "bob"') == ["Ann", "bob"]


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ("Two_100%!@example.com", "tWO_100%!@EXAMPLE.com"),
        ("zo\u00eb@example.com", "ZO\u00cb@example.com"),
        ('a\\b"c@example.com', 'A\\\\b\\"C@example.com'),
        ("\u212aim@example.com", "kim@example.com"),
        ("I@example.com", "i@example.com"),
    ],
)
def test_an_address_among_several_is_found_however_it_is_written(ask: Ask, kept: str, asked: str) -> None:
    mails = [{"value": "first@example.com"}, {"value": kept}]
    assert ask("POST", "/Users", user("gil", emails=mails)).status == 201
    assert found(ask, f'emails.value eq "{asked}"') == ["gil"]


def test_a_university_of_two_addresses_each_is_not_read_for_one_of_them(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        mails = [{"value": f"a{number}@example.com"}, {"value": f"b{number}@example.com"}]
        ask("POST", "/Users", user(f"gil{number}", emails=mails))
    monkeypatch.setattr(storage, "MOST_CANDIDATES", 1)
    assert found(ask, 'emails.value eq "B3@example.com"') == ["gil3"]


def test_many_comparisons_with_many_people_are_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MOST_COMPARISONS", 12)
    one, two = 'title co "x" or not (nickName pr)', 'emails[type eq "work" and (value co "zz" or value co "yy")]'
    assert ask("GET", "/Users", filter=one).status == 200
    assert ask("GET", "/Users", filter=two).body["scimType"] == "tooMany"
    assert found(ask, f'userName eq "bob" and {two}') == []


def test_a_filter_of_a_megabyte_is_refused_unread(ask: Ask) -> None:
    schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]
    asked = " or ".join(['title eq "x"'] * 20_000)
    answer = ask("POST", "/Users/.search", {"schemas": schemas, "filter": asked})
    assert (answer.status, "filter is longer" in answer.body["detail"]) == (400, True)
    answer = ask("POST", "/Users/.search", {"schemas": schemas, "Attributes": ["title"] * 100_000})
    assert (answer.status, "attributes" in answer.body["detail"]) == (400, True)
    assert ask("POST", "/Users/.search", {"schemas": schemas, "filter": 'userName eq "ann"'}).status == 200
