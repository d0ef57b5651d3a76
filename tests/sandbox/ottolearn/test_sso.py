"""The sandbox's single sign-on: a provider's every failure is a page, and only the named person gets in."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.ottolearn import SingleSignOn, create_sandbox
from sandbox.ottolearn.sso import CALLBACK
from tests.fakes.serving import FakeServer, Reply, Request

PEOPLE = [
    {
        "id": 7,
        "active": True,
        "attribute": {"firstName": "伟", "lastName": "<王>", "username": "A7", "employeeId": "E"},
    },
    {"id": 8, "active": False, "attribute": {"firstName": "B", "lastName": "B", "username": "A8", "employeeId": "A7x"}},
    {"id": 9, "active": True, "attribute": {"firstName": "C", "lastName": "C", "username": "A9", "employeeId": "A8x"}},
    {"id": 10, "active": True, "attribute": {"firstName": "D", "lastName": "D", "username": "A8x"}},
]
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": "k"})


class Provider:
    """An OpenID Provider of which everything can be wrong."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.key = KEY
        self.token_status = 200
        self.server = FakeServer(self.answer)

    def answer(self, request: Request) -> Reply:
        base = self.server.url
        if request.path.endswith("openid-configuration"):
            found: Any = {
                "issuer": base,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "jwks_uri": f"{base}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        elif request.path == "/keys":
            found = {"keys": [KEY.as_dict(private=False)]}
        elif self.token_status != 200:
            return Reply(self.token_status, b'{"error": "invalid_grant"}', {"Content-Type": "application/json"})
        else:
            now = int(time.time())
            claims = {"iss": base, "aud": "c", "sub": "7", "iat": now, "exp": now + 60, **self.claims}
            signed = jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)
            found = {"access_token": "t", "token_type": "Bearer", "id_token": signed}
        return Reply(200, json.dumps(found).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    with provider.server:
        yield provider


@pytest.fixture
def browser(provider: Provider) -> FlaskClient:
    return create_sandbox(PEOPLE, sso=SingleSignOn(provider.server.url, "c", "s" * 32)).test_client()


def arrive(browser: FlaskClient, provider: Provider, **claims: Any) -> Any:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(browser.get("/learn").location).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"http://localhost{CALLBACK}"
    provider.claims = {"nonce": asked["nonce"], "preferred_username": "A7", **claims}
    return browser.get(CALLBACK, query_string={"code": "x", "state": asked["state"]})


def test_whom_the_provider_names_is_greeted(browser: FlaskClient, provider: Provider) -> None:
    answer = arrive(browser, provider)
    assert answer.status_code == 200
    assert "伟 &lt;王&gt;" in answer.text


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"preferred_username": "A8"}, 403),
        ({"preferred_username": "A8x"}, 404),
        ({"preferred_username": "nobody"}, 404),
        ({"preferred_username": ""}, 404),
        ({"nonce": "another"}, 502),
        ({"aud": "another"}, 502),
        ({"iss": "https://evil.example"}, 502),
        ({"exp": 1}, 502),
    ],
)
def test_a_token_that_does_not_hold_lets_nobody_in(browser, provider, claims: dict[str, Any], status: int) -> None:
    assert arrive(browser, provider, **claims).status_code == status


def test_a_forged_token_lets_nobody_in(browser: FlaskClient, provider: Provider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "k"})
    assert arrive(browser, provider).status_code == 502


def test_a_code_that_the_provider_refuses_lets_nobody_in(browser: FlaskClient, provider: Provider) -> None:
    provider.token_status = 400
    assert arrive(browser, provider).status_code == 401


def test_an_answer_that_nobody_asked_for_lets_nobody_in(browser: FlaskClient) -> None:
    assert browser.get(CALLBACK, query_string={"code": "x", "state": "y"}).status_code == 401
    assert browser.get(CALLBACK, query_string={"error": "access_denied"}).status_code == 401


def test_a_provider_that_is_down_is_told() -> None:
    app = create_sandbox(PEOPLE, sso=SingleSignOn("http://127.0.0.1:9", "c", "s" * 32))
    assert app.test_client().get("/learn").status_code == 502
