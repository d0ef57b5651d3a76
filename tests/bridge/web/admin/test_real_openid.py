"""The administrators' sign-in at a certified OpenID provider that somebody else wrote (npm oidc-provider)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import pytest
import requests
from lxml import html

from bridge.store import audit
from bridge.web.admin.services import build_admin
from bridge.web.app import create_app
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import BRIDGE
from tests.fakes.real_openid_provider import real_openid_provider, settings_for

CALLBACK = "/admin/sign-in/oidc/callback"
PATIENCE = 180
"""Seconds for an answer of the provider."""


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_openid_provider(f"{BRIDGE}{CALLBACK}") as found:
        yield found


class School:
    """A browser that is at the bridge and at the provider."""

    def __init__(self, bridge: Bridge, issuer: str, **changed: Any) -> None:
        configuration = bridge.services.configuration
        admin = configuration.admin.model_copy(update={"oidc": settings_for(issuer, **changed)})
        services = replace(
            bridge.services, configuration=replace(configuration, admin=admin), now=time.time
        )  # the provider has the real time
        self.engine = services.engine
        self.browser = AdminBrowser(create_app(services).test_client(), build_admin(services))
        self.school = requests.Session()

    def begin(self, **changed: str) -> str:
        """Where the bridge sends the browser; `changed` are parameters that somebody has changed on the way."""
        answer = self.browser.get(f"/admin/sign-in/oidc?{urlencode({'next': '/admin/audit'})}")
        assert answer.status_code == 303, answer.text
        parts = urlsplit(answer.location)
        return urlunsplit(parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | changed)))

    def at_the_school(self, url: str, login: str) -> str:
        """Sign in there; the address to which the school sends the browser back."""
        posted = False
        for _ in range(10):
            answer = self.school.get(url, allow_redirects=False, timeout=PATIENCE)
            if answer.status_code == 200 and not posted:
                posted = True
                answer = self.school.post(url, data={"login": login}, allow_redirects=False, timeout=PATIENCE)
            assert answer.status_code in {302, 303}, answer.text
            url = urljoin(url, answer.headers["Location"])
            if url.startswith(BRIDGE):
                return url
        raise AssertionError("the school leads nowhere")

    def back(self, url: str, **changed: str) -> Any:
        """The browser comes back to the bridge."""
        query = dict(parse_qsl(urlsplit(url).query)) | changed
        return self.browser.get(f"{CALLBACK}?{urlencode(query)}")

    def sign_in(self, login: str) -> Any:
        return self.back(self.at_the_school(self.begin(), login))

    @property
    def is_in(self) -> bool:
        return bool(self.browser.get("/admin").status_code == 200)


@pytest.fixture
def school(bridge: Bridge, issuer: str) -> School:
    return School(bridge, issuer)


@pytest.mark.parametrize(("login", "role"), [("ada", "owner"), ("bo", "operator")])
def test_somebody_signs_in_with_the_role_of_their_groups(school: School, login: str, role: str) -> None:
    answer = school.sign_in(login)
    assert (answer.status_code, answer.location) == (303, "/admin/audit")
    assert school.is_in
    (act,) = audit.newest(school.engine, 9)
    assert (act.who, act.role, act.act) == (f"{login}@school.example", role, "sign_in")


def test_somebody_without_a_role_gets_in_nowhere(school: School) -> None:
    answer = school.sign_in("eve")
    assert (answer.status_code, "has no role here" in answer.text) == (403, True)
    assert not school.is_in


def test_somebody_whom_the_school_refuses_is_told_so(school: School) -> None:
    answer = school.sign_in("mallory")
    assert (answer.status_code, "access_denied" in answer.text) == (403, True)
    assert not school.is_in


def test_a_token_for_another_nonce_opens_nothing(school: School) -> None:
    answer = school.back(school.at_the_school(school.begin(nonce="somebody-elses-nonce"), "ada"))
    assert (answer.status_code, "ID token does not hold" in answer.text) == (403, True)
    assert not school.is_in


def test_an_answer_with_another_state_opens_nothing(school: School) -> None:
    url = school.at_the_school(school.begin(state="somebody-elses-state"), "ada")
    assert school.back(url).status_code == 403
    assert school.back(school.at_the_school(school.begin(), "ada"), state="another").status_code == 403
    assert not school.is_in


def test_a_code_that_was_asked_for_with_another_verifier_gives_no_token(school: School) -> None:
    answer = school.back(school.at_the_school(school.begin(code_challenge="A" * 43), "ada"))
    assert (answer.status_code, "gave no token" in answer.text) == (403, True)
    assert not school.is_in


def test_a_code_of_somebody_elses_browser_opens_nothing(bridge: Bridge, issuer: str, school: School) -> None:
    """Whoever is made to open an attacker's answer must not be signed in as the attacker."""
    url = School(bridge, issuer).at_the_school(school.begin(), "ada")
    victim = School(bridge, issuer)
    victim.begin()
    assert victim.back(url).status_code == 403
    assert not victim.is_in


def test_an_answer_works_once(school: School) -> None:
    url = school.at_the_school(school.begin(), "ada")
    assert school.back(url).status_code == 303
    assert school.back(url).status_code == 403


def test_another_issuer_in_the_answer_is_refused(school: School) -> None:
    url = school.at_the_school(school.begin(), "ada")
    assert dict(parse_qsl(urlsplit(url).query))["iss"].startswith("http://127.0.0.1:"), (
        "the provider says it (RFC 9207)"
    )
    assert school.back(url, iss="https://evil.test").status_code == 403
    assert not school.is_in


def test_a_wrong_client_secret_gives_no_token(bridge: Bridge, issuer: str) -> None:
    school = School(bridge, issuer, client_secret="another secret, long enough too")
    answer = school.sign_in("ada")
    assert (answer.status_code, "gave no token" in answer.text) == (403, True)


def test_who_has_signed_out_is_out_and_may_come_back_as_somebody_else(school: School) -> None:
    assert school.sign_in("ada").status_code == 303
    page = school.browser.tree("/admin")
    csrf = page.xpath("//form[contains(@action, 'sign-out')]//input[@name='csrf']/@value")[0]
    old = school.browser.client.get_cookie("__Host-ottobridge-admin", domain="bridge.example.edu")
    assert school.browser.post_bare("/admin/sign-out", csrf=csrf).status_code == 303
    assert not school.is_in
    assert old is not None
    school.browser.client.set_cookie(old.key, old.value, domain="bridge.example.edu")
    assert not school.is_in, "the session is over, not only its cookie gone"
    school.school = requests.Session()
    assert school.sign_in("bo").status_code == 303
    assert "operator" in school.browser.get("/admin").text


def sign_out(school: School) -> str:
    """Sign out at the bridge; where its page leads."""
    csrf = school.browser.tree("/admin").xpath("//form[contains(@action, 'sign-out')]//input[@name='csrf']/@value")[0]
    answer = school.browser.post_bare("/admin/sign-out", csrf=csrf)
    assert (answer.status_code, answer.location) == (303, "/admin/sign-in/oidc/sign-out")
    page = school.browser.tree(answer.location)
    (link,) = page.xpath("//a[contains(@class, 'primary')]/@href")
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == [f"0; url={link}"]
    return str(link)


def test_who_signs_out_is_signed_out_at_the_school_too_and_comes_back(school: School) -> None:
    assert school.sign_in("ada").status_code == 303
    url = sign_out(school)
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["post_logout_redirect_uri"] == f"{BRIDGE}/admin/sign-in"
    assert asked["client_id"] == "ottobridge"
    assert asked["id_token_hint"].count(".") == 2
    question = html.fromstring(school.school.get(url, timeout=PATIENCE).text)
    (form,) = question.xpath("//form")
    fields = {one.get("name"): one.get("value") for one in form.xpath(".//input")} | {"logout": "yes"}
    where = urljoin(url, form.get("action"))
    answer = school.school.post(where, data=fields, allow_redirects=False, timeout=PATIENCE)
    assert answer.headers["Location"].startswith(f"{BRIDGE}/admin/sign-in")
    assert school.sign_in("bo").status_code == 303, "the school asks who it is, and does not take them for ada"
    assert "operator" in school.browser.get("/admin").text


def test_without_a_hint_the_school_is_asked_all_the_same(school: School) -> None:
    assert school.sign_in("ada").status_code == 303
    school.browser.client.set_cookie("__Host-ottobridge-admin-oidc-hint", "nonsense", domain="bridge.example.edu")
    url = sign_out(school)
    assert "id_token_hint" not in url
    assert "form" in school.school.get(url, timeout=PATIENCE).text


def test_a_link_signs_nobody_out(school: School) -> None:
    assert school.sign_in("ada").status_code == 303
    assert school.browser.get("/admin/sign-in/oidc/sign-out").location == "/admin"
    assert school.is_in
