"""The way before the web framework answers as the way through it, and lets nobody in who has no token."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from bridge.scim import tokens
from bridge.web.app import create_app
from bridge.web.body import MAX_BODY
from tests.bridge.scim.conftest import Provider, user

USERS = "/scim/v2/acme/Users"


@pytest.fixture
def through_flask(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that went through the framework."""
    seen: list[str] = []
    whole = Flask.full_dispatch_request

    def noted(self: Flask) -> Any:
        from flask import request

        seen.append(request.full_path.rstrip("?"))
        return whole(self)

    monkeypatch.setattr(Flask, "full_dispatch_request", noted)
    return seen


def client(provider: Provider) -> Any:
    return create_app(provider.services).test_client()


def headers(provider: Provider, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {provider.token}", "Content-Type": "application/scim+json", **more}


def test_a_plain_push_needs_no_framework(provider: Provider, through_flask: list[str]) -> None:
    asked, sent = client(provider), headers(provider)
    made = asked.post(USERS, data=json.dumps(user("ann")), headers=sent)
    one = f"{USERS}/{made.json['id']}"
    assert made.status_code == 201
    assert (
        asked.put(f"{one}?aadOptscim062020", data=json.dumps(user("ann", title="x")), headers=sent).json["title"] == "x"
    )
    assert asked.get(one, headers=sent).json["userName"] == "ann"
    assert asked.get(one, headers={**sent, "If-None-Match": 'W/"2"'}).status_code == 304
    assert asked.delete(one, headers={**sent, "If-Match": 'W/"9"'}).status_code == 412
    gone = asked.delete(one, headers=sent)
    assert (gone.status_code, gone.data, "Content-Length" in gone.headers) == (204, b"", False)
    assert through_flask == []


ODD: list[tuple[str, str, bytes, dict[str, str]]] = [
    ("GET", USERS, b"", {"Authorization": ""}),
    ("GET", USERS, b"", {"Authorization": "Bearer x"}),
    ("POST", "/scim/v2/other/Users", json.dumps(user("ann")).encode(), {}),
    ("POST", "/scim/v2/nobody/Users", json.dumps(user("ann")).encode(), {}),
    ("POST", "/scim/v2/campus/Users", json.dumps(user("ann")).encode(), {}),
    ("POST", USERS, b"x" * (MAX_BODY + 1), {}),
    ("GET", f"{USERS}?filter=userName%20eq%20%22ann%22", b"", {}),
    ("GET", "/scim/v2/acme/Schemas", b"", {}),
    ("GET", f"{USERS}/nobody", b"", {}),
    ("TRACE", USERS, b"", {}),
]


@pytest.mark.parametrize(("method", "path", "body", "sent"), ODD)
def test_what_is_odd_or_refused_is_the_frameworks_to_answer(
    provider: Provider, through_flask: list[str], method: str, path: str, body: bytes, sent: dict[str, str]
) -> None:
    client(provider).open(path, method=method, data=body, headers=headers(provider, **sent))
    assert len(through_flask) == 1


@pytest.mark.parametrize("body", [user("ann"), user(""), []])
@pytest.mark.parametrize("query", ["", "?x="])
def test_both_ways_answer_alike(provider: Provider, query: str, body: Any) -> None:
    """With a query the framework answers."""
    asked, sent = client(provider), headers(provider)
    answers = [asked.post(f"{USERS}{ask}", data=json.dumps(body), headers=sent) for ask in ("?a=", query)]
    first, second = ({n: v for n, v in a.headers if n not in {"X-Request-ID", "ETag"}} for a in answers)
    assert first.keys() - {"Location", "Content-Location"} == second.keys() - {"Location", "Content-Location"}
    assert answers[1].status_code == (409 if body == user("ann") else 400)


def test_a_failure_is_answered_and_recorded_by_the_framework_and_not_tried_twice(
    provider: Provider, through_flask: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def fail(*_: object) -> bool:
        tried.append("once")
        raise OperationalError("SELECT", {}, Exception("the database is away"))

    monkeypatch.setattr(tokens.Tokens, "let_in", fail)
    answer = client(provider).post(USERS, data=json.dumps(user("ann")), headers=headers(provider))
    assert answer.status_code >= 500
    assert "reference" in answer.json["detail"]
    assert tried == ["once"]
    assert len(through_flask) == 1


def test_a_body_that_is_cut_off_is_no_push(provider: Provider) -> None:
    body, sent = json.dumps(user("ann")).encode(), headers(provider)
    longer = {"CONTENT_LENGTH": str(len(body) + 9)}
    answer = client(provider).post(USERS, data=body, headers=sent, environ_overrides=longer)
    assert answer.status_code == 400
    assert provider.found('userName eq "ann"') == []


def test_a_body_that_cannot_be_read_is_no_failure_of_ours(provider: Provider) -> None:
    class Broken(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise OSError("the connection is gone")

    answer = client(provider).post(
        USERS, headers=headers(provider), environ_overrides={"wsgi.input": Broken(), "CONTENT_LENGTH": "9"}
    )
    assert answer.status_code == 400
