"""A role may only what it may, nobody else anything, and no other site may act by an administrator's browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.routing import Rule

from bridge.admin.roles import Role
from bridge.web.admin.access import EVERYBODY, MARK
from bridge.web.app import create_app
from bridge.web.body import MAX_BODY
from tests.bridge.web.admin.conftest import COOKIE, AdminBrowser
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import BRIDGE

SignIn = Callable[[Role], AdminBrowser]
ROLES = list(Role)


def routes(bridge: Bridge) -> Iterator[tuple[Rule, str, Any]]:
    """Every route below /admin but the static files: with each of its methods and what it is open to."""
    app = bridge.client.application
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin") and rule.endpoint != "admin.static":
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield rule, method, getattr(app.view_functions[rule.endpoint], MARK, None)


def address(rule: Rule) -> str:
    """One that the rule takes; nothing is there by these names."""
    return re.sub(r"<(?:int:)?[a-z_]+>|<[a-z]+:[a-z_]+>", "0", rule.rule)


def ask(browser: AdminBrowser, rule: Rule, method: str) -> Any:
    return browser.get(address(rule)) if method == "GET" else browser.post(address(rule))


def test_every_route_says_who_may_ask_for_it(bridge: Bridge) -> None:
    found = list(routes(bridge))
    assert len(found) > 5
    assert [rule.rule for rule, _, mark in found if not isinstance(mark, Role) and mark != EVERYBODY] == []
    open_to_all = {rule.rule for rule, _, mark in found if mark == EVERYBODY}
    assert open_to_all <= {"/admin/sign-in", "/admin/sign-in/oidc", "/admin/sign-in/oidc/callback"}


def test_a_stranger_gets_no_page_and_changes_nothing(bridge: Bridge, stranger: AdminBrowser) -> None:
    for rule, method, mark in routes(bridge):
        if mark != EVERYBODY:
            answer = ask(stranger, rule, method)
            assert answer.status_code == 303, (rule.rule, method)
            assert answer.location.startswith("/admin/sign-in"), (rule.rule, method)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_it_may_and_no_more(bridge: Bridge, admin: SignIn, role: Role) -> None:
    for rule, method, mark in routes(bridge):
        if mark == EVERYBODY:
            continue
        answer = ask(admin(role), rule, method)
        if role.may(mark):
            assert answer.status_code not in {401, 403}, (rule.rule, method, role)
        else:
            assert answer.status_code == 403, (rule.rule, method, role)


@pytest.mark.parametrize("role", ROLES)
def test_no_form_is_taken_without_its_token(bridge: Bridge, admin: SignIn, role: Role) -> None:
    for rule, method, _ in routes(bridge):
        if method == "POST":
            assert admin(role).post_bare(address(rule), csrf="0" * 64).status_code in {400, 403}, rule.rule
            assert admin(role).post_bare(address(rule)).status_code in {400, 403}, rule.rule


def test_a_token_of_one_session_is_none_of_another(admin: SignIn) -> None:
    mine, other = admin(Role.OWNER), admin(Role.OWNER)
    answer = mine.post_bare("/admin/sign-out", csrf=other.admin.sessions.csrf_of(other.token))
    assert answer.status_code == 400
    assert mine.get("/admin").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}], ids=str
)
def test_no_form_of_another_site_is_taken_even_with_the_token(admin: SignIn, headers: dict[str, str]) -> None:
    browser = admin(Role.OWNER)
    answer = browser.post_bare("/admin/sign-out", headers, csrf=browser.admin.sessions.csrf_of(browser.token))
    assert answer.status_code == 400
    assert browser.get("/admin").status_code == 200


def test_a_view_that_says_nothing_is_open_to_nobody(bridge: Bridge, admin: SignIn) -> None:
    view = bridge.client.application.view_functions["admin.audit.show"]
    mark = getattr(view, MARK)
    delattr(view, MARK)
    try:
        assert admin(Role.OWNER).get("/admin/audit").status_code == 403
    finally:
        setattr(view, MARK, mark)


def test_pages_are_framed_by_nobody_kept_by_nobody_and_run_no_code_of_theirs(admin: SignIn) -> None:
    for path in ("/admin", "/admin/audit", "/admin/no-such", "/admin/sign-in"):
        headers = admin(Role.VIEWER).get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"


PAGE = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize("path", ["/admin/launches", "/admin/audit", "/admin/no-such", "/admin/sign-in"])
def test_what_is_refused_is_framed_by_nobody_either(admin: SignIn, method: str, path: str) -> None:
    answer = admin(Role.OWNER).client.open(path, method=method, base_url=BRIDGE)
    assert answer.status_code in {400, 404, 405}
    assert answer.headers["Content-Security-Policy"] == f"{PAGE}form-action 'self'; frame-ancestors 'none'"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/admin/sign-in", "/admin/unmatched/link"])
def test_a_form_that_is_too_large_is_told_so(stranger: AdminBrowser, admin: SignIn, path: str) -> None:
    for browser in (stranger, admin(Role.OWNER)):
        answer = browser.post_bare(path, name="x" * (MAX_BODY + 1))
        assert answer.status_code == 413
        assert "That is too large" in answer.text
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_file_that_is_not_there_is_no_fault(stranger: AdminBrowser) -> None:
    for path in ("/admin/static/none.css", "/admin/static/../../../config.yaml", "/admin/static/%2e%2e/x"):
        assert stranger.get(path).status_code == 404


def test_static_files_may_be_kept_and_no_template_has_code_or_style_in_it(admin: SignIn) -> None:
    page = admin(Role.VIEWER).tree("/admin")
    for link in [*page.xpath("//link[@rel='stylesheet']/@href"), *page.xpath("//script/@src")]:
        with admin(Role.VIEWER).get(link) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
    assert not page.xpath("//style | //@style | //script[not(@src)]")
    assert not [name for name in page.xpath("//@*/..") if any(key.startswith("on") for key in name.attrib)]


def test_plain_http_is_for_this_machine_alone(bridge: Bridge) -> None:
    services = bridge.services

    def at(public_url: str, host: str, peer: str) -> int:
        local = replace(services, public_url=public_url, is_secure=False)
        client = create_app(local).test_client()
        base = f"http://{host}"
        return client.get("/admin/sign-in", base_url=base, environ_base={"REMOTE_ADDR": peer}).status_code

    assert at("http://localhost:8080", "localhost:8080", "127.0.0.1") == 200
    assert at("http://localhost:8080", "localhost:8080", "192.0.2.7") == 403
    assert at("http://localhost:8080", "rebound.evil.test:8080", "127.0.0.1") == 403
    assert at("http://bridge.example.edu", "bridge.example.edu", "127.0.0.1") == 403


def test_the_pages_can_be_switched_off(bridge: Bridge) -> None:
    services = bridge.services
    settings = services.configuration.admin.model_copy(update={"enabled": False})
    closed = replace(services, configuration=replace(services.configuration, admin=settings))
    assert create_app(closed).test_client().get("/admin/sign-in").status_code == 404


def test_the_cookie_is_held_to_this_host_and_to_https(stranger: AdminBrowser) -> None:
    stranger.admin.accounts.create("ada", Role.OWNER, "correct horse battery")
    answer = sign_in_by_form(stranger)
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(f"{COOKIE}="))
    assert "; Secure" in cookie
    assert "; HttpOnly" in cookie
    assert "; Path=/" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


def sign_in_by_form(browser: AdminBrowser, password: str = "correct horse battery", **fields: str) -> Any:
    page = browser.tree("/admin/sign-in")
    csrf = page.xpath("//input[@name='csrf']/@value")[0]
    return browser.post_bare("/admin/sign-in", csrf=csrf, **{"name": "ada", "password": password, **fields})
