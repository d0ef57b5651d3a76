"""Whoever the school's identity provider sends is who it says, in the browser that asked, and by the role it says."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey
from pydantic import ValidationError

from bridge.admin.roles import Role
from bridge.config.admin import AdminOidc
from bridge.store import audit
from bridge.web.admin.services import build_admin
from bridge.web.app import create_app
from sandbox.serving import serve
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge
from tests.fakes.openid_provider import SECRET, OpenIdProvider

CALLBACK = "/admin/sign-in/oidc/callback"


def settings(issuer: str, **changed: Any) -> AdminOidc:
    roles = {"owner": ["it-heads"], "operator": ["it-staff"], "viewer": ["teachers", "ada@school.example"]}
    asked = {"issuer": issuer, "client_id": "bridge", "client_secret": SECRET, "roles_claim": "groups", "roles": roles}
    return AdminOidc.model_validate(asked | changed)


class School:
    """A bridge with an identity provider, and a browser."""

    def __init__(self, bridge: Bridge, provider: OpenIdProvider) -> None:
        self.bridge = bridge
        self.provider = provider
        self.browser = self.with_settings()

    def with_settings(self, **changed: Any) -> AdminBrowser:
        services = self.bridge.services
        admin = services.configuration.admin.model_copy(update={"oidc": settings(self.provider.url, **changed)})
        services = replace(services, configuration=replace(services.configuration, admin=admin))
        self.browser = AdminBrowser(create_app(services).test_client(), build_admin(services))
        return self.browser

    def begin(self, back: str = "/admin") -> str:
        answer = self.browser.get(f"/admin/sign-in/oidc?{urlencode({'next': back})}")
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def finish(self, **changed: str) -> Any:
        found = {**self.provider.authorize(self.begin()), **changed}
        return self.browser.get(f"{CALLBACK}?{urlencode(found)}")


@pytest.fixture
def school(bridge: Bridge) -> Iterator[School]:
    provider = OpenIdProvider()
    with serve(provider) as served:
        provider.url = served.url
        yield School(bridge, provider)


def test_an_administrator_signs_in_and_gets_where_they_wanted(school: School) -> None:
    asked = school.provider.authorize(school.begin("/admin/audit?who=ada"))
    answer = school.browser.get(f"{CALLBACK}?{urlencode(asked)}")
    assert (answer.status_code, answer.location) == (303, "/admin/audit?who=ada")
    page = school.browser.get("/admin").text
    assert "ada@school.example" in page
    assert "operator" in page
    (act,) = audit.newest(school.bridge.engine, 9)
    assert (act.who, act.role, act.act) == ("ada@school.example", "operator", "sign_in")


def test_the_request_has_state_nonce_and_a_challenge(school: School) -> None:
    url = school.begin()
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["redirect_uri"] == f"https://bridge.example.edu{CALLBACK}"
    assert query["scope"] == "openid profile email"
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert min(len(query[name]) for name in ("state", "nonce", "code_challenge")) > 40
    assert SECRET not in url


@pytest.mark.parametrize(
    ("groups", "role"), [(["it-heads", "teachers"], "owner"), (["teachers"], "viewer"), ("it-staff", "operator")]
)
def test_the_claim_says_who_may_what(school: School, groups: Any, role: str) -> None:
    school.provider.claims["groups"] = groups
    assert school.finish().status_code == 303
    assert f"<small>{role}</small>" in school.browser.get("/admin").text


@pytest.mark.parametrize("groups", [["pupils"], None, 7, {"it-heads": True}, [["it-heads"]], ""])
def test_whoever_has_no_role_stays_out(school: School, groups: Any) -> None:
    school.provider.claims["groups"] = groups
    answer = school.finish()
    assert answer.status_code == 403
    assert "has no role here" in answer.text
    assert school.browser.get("/admin").status_code == 303


@pytest.mark.parametrize("verified", [False, "false", "False", 0, None, "no", {}])
def test_an_address_that_nobody_has_confirmed_is_no_role(school: School, verified: Any) -> None:
    school.with_settings(roles_claim="email")
    assert school.finish().status_code == 303
    school.with_settings(roles_claim="email")
    school.provider.claims["email_verified"] = verified
    assert school.finish().status_code == 403


def test_nobody_stands_in_the_audit_list_under_an_address_that_is_not_confirmed(school: School) -> None:
    school.provider.claims["email_verified"] = False
    assert school.finish().status_code == 303
    claims = school.provider.claims
    page = school.browser.get("/admin").text
    assert claims["email"] not in page
    assert f"<bdi>{claims['sub']}</bdi>" in page


@pytest.mark.parametrize(
    "wrong",
    [
        *({"nonce": "of another sign-in"}, {"aud": "another"}, {"iss": "https://evil.test"}, {"exp": 1}),
        *({"aud": ["bridge", "another"]}, {"azp": "another"}, {"iat": 9_000_000_000}, {"sub": ""}),
    ],
    ids=str,
)
def test_a_token_for_somebody_else_opens_nothing(school: School, wrong: dict[str, Any]) -> None:
    school.provider.claims |= wrong
    assert school.finish().status_code == 403
    assert school.browser.get("/admin").status_code == 303


def test_a_token_that_the_provider_did_not_sign_opens_nothing(school: School) -> None:
    school.provider.key = RSAKey.generate_key(2048)
    assert school.finish().status_code == 403
    school.provider.key = OctKey.import_key("x" * 64)  # type: ignore[assignment]
    school.provider.header = {"alg": "HS256", "kid": "school-1"}
    assert school.finish().status_code == 403
    assert school.browser.get("/admin").status_code == 303


@pytest.mark.parametrize("header", [b'["alg"]', b'"alg"', b'["alg", "kid"]'])
def test_a_token_whose_header_is_no_object_opens_nothing(school: School, header: bytes) -> None:
    school.provider.id_token = f"{urlsafe_b64encode(header).decode().rstrip('=')}.e30.e30"
    assert school.finish().status_code == 403
    assert school.browser.get("/admin").status_code == 303


def test_an_answer_belongs_to_the_browser_that_asked_and_works_once(school: School) -> None:
    asked = school.provider.authorize(school.begin())
    mine, other = school.browser, AdminBrowser(school.browser.client.application.test_client(), school.browser.admin)
    assert other.get(f"{CALLBACK}?{urlencode(asked)}").status_code == 403
    assert mine.get(f"{CALLBACK}?{urlencode(asked | {'state': 'x'})}").status_code == 403
    assert mine.get(f"{CALLBACK}?{urlencode(asked)}").status_code == 303
    assert mine.get(f"{CALLBACK}?{urlencode(asked)}").status_code == 403


def test_an_answer_that_comes_too_late_or_from_elsewhere_opens_nothing(school: School) -> None:
    assert school.finish(iss="https://evil.test").status_code == 403
    assert school.finish(error="access_denied").status_code == 403
    asked = school.provider.authorize(school.begin())
    school.bridge.now += 601
    assert school.browser.get(f"{CALLBACK}?{urlencode(asked)}").status_code == 403


@pytest.mark.parametrize("back", ["https://evil.test", "//evil.test", "/admin//evil.test"])
def test_signing_in_leads_to_no_other_site(school: School, back: str) -> None:
    asked = school.provider.authorize(school.begin(back))
    assert school.browser.get(f"{CALLBACK}?{urlencode(asked)}").location == "/admin"


def test_a_provider_that_calls_itself_otherwise_is_not_believed(school: School) -> None:
    school.provider.metadata = {"issuer": "https://evil.test"}
    answer = school.browser.get("/admin/sign-in/oidc")
    assert answer.status_code == 502
    assert "not what the identity provider calls itself" in answer.text


def test_the_form_offers_the_provider_and_no_passwords_where_they_are_off(school: School) -> None:
    page = school.browser.get("/admin/sign-in").text
    assert "Sign in with your school account" in page
    assert "password" in page
    services = school.browser.admin.app
    admin = services.configuration.admin.model_copy(update={"accounts": False})
    closed = replace(services, configuration=replace(services.configuration, admin=admin))
    browser = AdminBrowser(create_app(closed).test_client(), build_admin(closed))
    assert "password" not in browser.get("/admin/sign-in").text
    assert browser.post_bare("/admin/sign-in", name="ada", password="x").status_code == 404


def test_roles_that_let_nobody_in_are_a_mistake() -> None:
    with pytest.raises(ValidationError, match="else nobody gets in"):
        settings("https://idp.example.edu", roles={})
    with pytest.raises(ValidationError, match="openid"):
        settings("https://idp.example.edu", scopes=["email"])


def signed_out(school: School) -> Any:
    """The page after signing out at the bridge."""
    assert school.finish().status_code == 303
    csrf = school.browser.tree("/admin").xpath("//form[contains(@action, 'sign-out')]//input[@name='csrf']/@value")[0]
    return school.browser.get(school.browser.post_bare("/admin/sign-out", csrf=csrf).location)


@pytest.mark.parametrize("endpoint", [None, "http://elsewhere.test/out", 7, "javascript:alert(1)"])
def test_who_signs_out_is_led_nowhere_but_to_a_safe_address_of_the_provider(school: School, endpoint: Any) -> None:
    school.provider.metadata = {"end_session_endpoint": endpoint}
    answer = signed_out(school)
    assert (answer.status_code, answer.location) == (303, "/admin/sign-in")


def test_a_school_that_wants_only_the_bridge_to_be_left_is_not_asked(school: School) -> None:
    school.provider.metadata = {"end_session_endpoint": "https://school.example/out?x=1"}
    assert "https://school.example/out?x=1&amp;client_id=bridge" in signed_out(school).text
    school.with_settings(sign_out=False)
    assert signed_out(school).location == "/admin/sign-in"


def test_an_id_token_that_fits_into_no_cookie_is_not_kept(school: School) -> None:
    school.provider.metadata = {"end_session_endpoint": "https://school.example/out"}
    school.provider.claims["groups"] = ["it-staff", *(f"group-{number}" for number in range(300))]
    page = signed_out(school).text
    assert "https://school.example/out" in page
    assert "id_token_hint" not in page


def test_a_provider_that_is_away_keeps_nobody_signed_in(school: School) -> None:
    school.provider.url = "http://127.0.0.1:9"
    browser = school.with_settings()
    browser.token = browser.admin.sessions.begin("oidc", "ada", Role.VIEWER)
    browser.client.set_cookie("__Host-ottobridge-admin", browser.token, domain="bridge.example.edu")
    answer = browser.post("/admin/sign-out")
    assert browser.get(answer.location).location == "/admin/sign-in"
    assert browser.get("/admin").status_code == 303
