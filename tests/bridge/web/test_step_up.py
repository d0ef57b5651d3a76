"""Step-up: a SCORM launch lets nobody in, and counts for nobody, before the customer's provider has said who it is."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters import ADAPTERS
from bridge.config.configuration import load
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.packages.origin import Packages
from bridge.store.engine import migrate, open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import newest
from bridge.web.app import create_app
from bridge.web.services import AppServices, build_services
from tests.bridge.web.conftest import LEARNERS
from tests.fakes.serving import FakeServer, Reply, Request

NOW = 1_800_000_000.0
BRIDGE = "https://bridge.example.edu"
LMS = "https://lms.example.edu"
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
OTHER_KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": str(KEY.kid)})

CONFIG = """
bridge: {{public_url: "{bridge}", secret_key: 0123456789abcdef0123456789abcdef,
          database_url: "sqlite:///{database}", trusted_networks: [127.0.0.0/8]}}
ottolearn:
  organization_id: 1
  username: api
  password: password
  username_attributes: [username]
  learner_url: https://learn.example.com
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
connections:
  packages:
    adapter: scorm
    package_origins: [{lms}]
    accepts: [signed, confirmed]
    on_no_match: create
    step_up: {{issuer: "{issuer}", client_id: bridge, client_secret: the-client-secret}}
"""


class Provider:
    """The customer's OpenID provider; `claims` and `key` may be spoilt."""

    def __init__(self) -> None:
        self.server = FakeServer(self._answer)
        self.claims: dict[str, Any] = {}
        self.key = KEY
        self.token = ""
        """An id_token in place of a signed one."""
        self.says: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.login: dict[str, str] = {}

    @property
    def issuer(self) -> str:
        return self.server.url

    def _answer(self, request: Request) -> Reply:
        if request.path == "/.well-known/openid-configuration":
            found = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
            }
            return Reply(200, msgspec.json.encode({**found, **self.says}))
        if request.path == "/jwks":
            return Reply(200, msgspec.json.encode({"keys": [KEY.as_dict(private=False)]}))
        self.asked = dict(request.parameters())
        return self._token()

    def _token(self) -> Reply:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.asked["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != self.login["code_challenge"] or self.asked["client_secret"] != "the-client-secret":
            return Reply(400, b'{"error": "invalid_grant"}')
        claims = {
            "iss": self.issuer,
            "aud": "bridge",
            "sub": "u1",
            "iat": int(NOW),
            "exp": int(NOW) + 300,
            "nonce": self.login["nonce"],
            "preferred_username": "S000101",
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = self.token or jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims, self.key)
        return Reply(200, msgspec.json.encode({"id_token": token, "access_token": "x", "token_type": "Bearer"}))


class Visitor:
    """A learner's browser before a bridge with step-up."""

    def __init__(self, client: FlaskClient, provider: Provider, services: AppServices) -> None:
        self.client, self.provider, self.engine, self.reports = client, provider, services.engine, services.reports
        self.settings = services.configuration.connections["packages"].settings

    def record(self) -> list[LaunchLine]:
        return newest(self.engine, 9)

    def launch(self, learner_id: str = "S000101") -> Any:
        body = {"version": "scorm12", "learner_id": learner_id}
        headers = {"Origin": LMS, "Authorization": "Bearer package", "X-OttoBridge-Handover": "post"}
        return self.client.post("/scorm/packages/launch", json=body, headers=headers)

    def begin(self) -> dict[str, str]:
        """Launch, and go to the provider."""
        code = self.launch().json["code"]
        answer = self.client.post("/l", data={"code": code}, headers={"Origin": LMS}, base_url=BRIDGE)
        assert answer.status_code == 303
        assert answer.location.startswith(f"{self.provider.issuer}/authorize?")
        self.provider.login = {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}
        return self.provider.login

    def come_back(self, **query: str) -> Any:
        asked = {"state": self.provider.login["state"], "code": "the-code", **query}
        asked = {name: value for name, value in asked.items() if value}
        return self.client.get("/step-up/packages/callback", query_string=asked, base_url=BRIDGE)


@pytest.fixture
def visitor(tmp_path: Path, loopback: Outbound) -> Iterator[Visitor]:
    provider = Provider()
    with provider.server:
        path = tmp_path / "config.yaml"
        names = {"bridge": BRIDGE, "lms": LMS, "issuer": provider.issuer, "database": tmp_path / "bridge.db"}
        path.write_text(CONFIG.format(**names), "utf-8")
        configuration = load(path, ADAPTERS, {})
        engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(engine)
        directory = Directory(engine, ("username",), lambda: LEARNERS, lambda: NOW)
        directory.refresh()
        numbers = itertools.count()
        services = build_services(
            configuration,
            engine,
            loopback,
            directory,
            now=lambda: NOW,
            token=lambda: f"random-{next(numbers)}-{'x' * 43}",
        )
        Packages(engine, lambda: NOW).register("packages", "scorm12", "Safety", "package")
        yield Visitor(create_app(services).test_client(), provider, services)
        engine.dispose()


def test_the_right_person_gets_in_and_only_then_it_counts(visitor: Visitor) -> None:
    login = visitor.begin()
    assert visitor.record() == [], "nobody has proved anything yet"
    assert (login["client_id"], login["code_challenge_method"]) == ("bridge", "S256")
    assert login["redirect_uri"] == f"{BRIDGE}/step-up/packages/callback"
    landed = visitor.come_back()
    assert landed.status_code == 303
    assert landed.location.startswith("https://learn.example.com/in?token=")
    (line,) = visitor.record()
    assert (line.kind, line.student_id, line.outcome) == ("scorm12", "S000101", "matched")
    assert visitor.provider.asked["code"] == "the-code"


def test_the_page_hears_nothing_before_the_launch_counts(visitor: Visitor) -> None:
    said = {"student_id": "S000101", "user_id": 0, "course": "", "progress": 0.4, "mastered": False, "seconds": 1}
    launched = visitor.launch().json
    code, session = launched["code"], launched["session"]
    headers = {"Authorization": f"Bearer {session}"}

    def ask() -> Any:
        return visitor.client.post("/scorm/packages/progress", json={"had": 0}, headers=headers)

    assert visitor.reports.receive("packages", **said) is None, "nobody waits for this person's progress yet"
    assert (ask().status_code, ask().json) == (200, {})
    answer = visitor.client.post("/l", data={"code": code}, headers={"Origin": LMS}, base_url=BRIDGE)
    visitor.provider.login = {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}
    assert visitor.come_back().status_code == 303
    assert visitor.reports.receive("packages", **said)
    assert ask().json["progress"] == 0.4


def test_nobody_is_made_for_an_id_that_only_a_browser_has_said(visitor: Visitor) -> None:
    refused = visitor.launch("S999999")
    assert (refused.status_code, refused.json["error"]) == (404, "no_match"), "and OttoLearn was asked for nothing"
    assert "code" not in refused.json


def test_whoever_signs_in_as_somebody_else_stays_out(visitor: Visitor) -> None:
    visitor.provider.claims = {"preferred_username": "other"}
    visitor.begin()
    assert visitor.come_back().status_code == 403
    assert visitor.record()[0].reason == "step_up_other_person"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["bridge", "another"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(NOW) - 61},
        {"exp": None},
        {"iat": int(NOW) - 700},
        {"iat": None},
        {"sub": None},
        {"preferred_username": None},
        {"preferred_username": ""},
        {"preferred_username": ["S000101"]},
    ],
)
def test_a_token_that_is_wrong_in_any_one_way_lets_nobody_in(claims: dict[str, Any], visitor: Visitor) -> None:
    visitor.provider.claims = claims
    visitor.begin()
    assert visitor.come_back().status_code == 401
    assert visitor.record()[0].reason == "step_up_failed"


def test_a_token_of_another_key_lets_nobody_in(visitor: Visitor) -> None:
    visitor.provider.key = OTHER_KEY
    visitor.begin()
    assert visitor.come_back().status_code == 401


def test_a_token_whose_header_is_no_object_is_refused_and_not_a_crash(visitor: Visitor) -> None:
    visitor.provider.token = "WyJhbGciXQ.e30.e30"  # ["alg"]
    visitor.begin()
    assert visitor.come_back().status_code == 401
    assert visitor.record()[0].reason == "step_up_failed"


def test_a_sign_in_counts_once(visitor: Visitor) -> None:
    visitor.begin()
    assert visitor.come_back().status_code == 303
    assert visitor.come_back().status_code == 400
    assert visitor.record()[0].reason == "state_unknown"


def test_another_browser_cannot_come_back_in_ones_place(visitor: Visitor) -> None:
    visitor.begin()
    for name in list(visitor.client._cookies):
        visitor.client._cookies.pop(name)
    assert visitor.come_back().status_code == 400
    assert visitor.record()[0].reason == "state_other_browser"


def test_a_sign_in_for_one_connection_is_none_for_another(visitor: Visitor) -> None:
    visitor.begin()
    asked = {"state": visitor.provider.login["state"], "code": "the-code"}
    answer = visitor.client.get("/step-up/elsewhere/callback", query_string=asked, base_url=BRIDGE)
    assert (answer.status_code, visitor.record()[0].reason) == (400, "state_unknown")


@pytest.mark.parametrize(("verified", "status"), [(True, 303), (False, 401), (None, 401), ("true", 401)])
def test_an_address_that_nobody_verified_is_no_proof(verified: object, status: int, visitor: Visitor) -> None:
    object.__setattr__(visitor.settings.step_up, "claim", "email")
    visitor.provider.claims = {"email": "S000101", "email_verified": verified}
    visitor.begin()
    assert visitor.come_back().status_code == status


def test_a_provider_that_refuses_is_named(visitor: Visitor) -> None:
    visitor.begin()
    assert visitor.come_back(code="", error="access_denied").status_code == 401
    assert "access_denied" in visitor.record()[0].detail


def test_a_provider_that_says_it_is_another_is_not_used(visitor: Visitor) -> None:
    visitor.provider.says = {"issuer": "https://evil.example"}
    code = visitor.launch().json["code"]
    answer = visitor.client.post("/l", data={"code": code}, headers={"Origin": LMS}, base_url=BRIDGE)
    assert (answer.status_code, visitor.record()[0].reason) == (502, "remote_refused")


def test_who_is_unknown_is_not_even_sent_to_the_provider(visitor: Visitor) -> None:
    answer = visitor.launch("nobody")
    assert (answer.status_code, "code" in answer.json) == (404, False)
    assert visitor.record()[0].outcome == "no_match"
