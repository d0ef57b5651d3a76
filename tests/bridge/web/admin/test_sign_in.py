"""Who signs in is who they say, in a session that nobody prepared, for as long as it was said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from bridge.admin.accounts import Accounts, TooManyTries
from bridge.admin.passwords import IN_LINE, Passwords
from bridge.admin.roles import Role
from bridge.store import admin_accounts, admin_sessions, audit
from bridge.web.admin.sign_in import safe_next
from tests.bridge.web.admin.conftest import COOKIE, AdminBrowser
from tests.bridge.web.admin.test_access import sign_in_by_form
from tests.bridge.web.conftest import Bridge

SignIn = Callable[[Role], AdminBrowser]
PASSWORD = "correct horse battery"


@pytest.fixture
def ada(stranger: AdminBrowser) -> AdminBrowser:
    """A browser of somebody who has the account `ada`."""
    stranger.admin.accounts.create("ada", Role.OPERATOR, PASSWORD)
    return stranger


def test_the_right_password_opens_the_page_that_was_asked_for(ada: AdminBrowser) -> None:
    asked = ada.get("/admin/audit?who=ada")
    assert asked.location == "/admin/sign-in?next=/admin/audit?who%3Dada"
    answer = sign_in_by_form(ada, next="/admin/audit?who=ada")
    assert (answer.status_code, answer.location) == (303, "/admin/audit?who=ada")
    page = ada.get("/admin/audit").text
    assert "ada" in page
    assert "operator" in page
    assert [row.act for row in audit.newest(ada.admin.app.engine, 9)] == ["sign_in"]


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("eve", PASSWORD), ("ada", ""), ("", PASSWORD)])
def test_a_wrong_password_opens_nothing(ada: AdminBrowser, name: str, password: str) -> None:
    answer = sign_in_by_form(ada, password, name=name)
    assert answer.status_code == 403
    assert "No account has this name and this password." in answer.text
    assert ada.get("/admin").status_code == 303


def test_nobody_prepares_the_session_of_whoever_signs_in(ada: AdminBrowser) -> None:
    ada.client.set_cookie(COOKIE, "prepared", domain="bridge.example.edu")
    sign_in_by_form(ada)
    found = ada.client.get_cookie(COOKIE, domain="bridge.example.edu")
    assert found is not None
    assert found.value != "prepared"
    assert admin_sessions.find(ada.admin.app.engine, "prepared") is None


def test_signing_in_again_ends_the_session_before(ada: AdminBrowser) -> None:
    before = ada.sign_in(Role.VIEWER).token
    ada.client.set_cookie(COOKIE, before, domain="bridge.example.edu")
    csrf = ada.admin.sessions.csrf_of("form")
    ada.client.set_cookie(f"{COOKIE}-form", "form", domain="bridge.example.edu")
    assert ada.post_bare("/admin/sign-in", csrf=csrf, name="ada", password=PASSWORD).status_code == 303
    assert ada.admin.sessions.find(before) is None


def test_another_site_signs_nobody_in_as_itself(ada: AdminBrowser) -> None:
    ada.tree("/admin/sign-in")
    other = ada.admin.sessions.csrf_of("a browser of somebody else")
    assert ada.post_bare("/admin/sign-in", csrf=other, name="ada", password=PASSWORD).status_code == 400
    assert ada.get("/admin").status_code == 303


def test_signing_out_ends_the_session_and_not_only_the_cookie(ada: AdminBrowser) -> None:
    ada.sign_in(Role.VIEWER)
    assert ada.post("/admin/sign-out").status_code == 303
    assert ada.admin.sessions.find(ada.token) is None
    assert ada.client.get_cookie(COOKIE, domain="bridge.example.edu") is None


def test_passwords_are_not_guessed_by_trying(ada: AdminBrowser) -> None:
    quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts = Accounts(ada.admin.app.engine, ada.admin.app.limits, ada.admin.app.now, quick)
    for _ in range(10):
        assert accounts.sign_in("ada", "wrong", "192.0.2.1") is None
    with pytest.raises(TooManyTries):
        accounts.sign_in("ada", PASSWORD, "192.0.2.1")
    assert accounts.sign_in("ada", PASSWORD, "192.0.2.2") is not None, "a stranger has locked ada out"


def test_many_tries_are_told_so(ada: AdminBrowser) -> None:
    statuses = [sign_in_by_form(ada, "").status_code for _ in range(11)]
    assert statuses[-1] == 429


def test_a_flood_of_sign_ins_leaves_threads_for_launches(ada: AdminBrowser) -> None:
    taken = 0
    while IN_LINE.acquire(blocking=False):
        taken += 1
    try:
        answer = sign_in_by_form(ada)
    finally:
        IN_LINE.release(taken)
    assert 0 < taken <= 4
    assert answer.status_code == 503
    assert "Try again in a few seconds" in answer.text
    assert sign_in_by_form(ada).status_code == 303


def test_a_session_ends_when_nobody_uses_it(bridge: Bridge, admin: SignIn) -> None:
    browser = admin(Role.VIEWER)
    bridge.now += 3000
    assert browser.get("/admin").status_code == 200
    bridge.now += 3000
    assert browser.get("/admin").status_code == 200, "it was used meanwhile"
    bridge.now += 3600
    assert browser.get("/admin").status_code == 303


def test_a_session_ends_however_much_it_is_used(bridge: Bridge, admin: SignIn) -> None:
    browser = admin(Role.VIEWER)
    for _ in range(13):
        assert browser.get("/admin").status_code == 200
        bridge.now += 3500
    assert browser.get("/admin").status_code == 303


def test_a_copy_of_the_database_opens_no_session_and_no_account(bridge: Bridge, ada: AdminBrowser) -> None:
    ada.sign_in(Role.OWNER)
    folder = Path(str(bridge.engine.url.database)).parent
    content = b"".join(path.read_bytes() for path in folder.glob("*.db*"))
    assert ada.token.encode() not in content
    assert PASSWORD.encode() not in content
    row = admin_accounts.find(bridge.engine, "ada")
    assert row is not None
    assert row.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "argon2" not in repr(row)


def test_a_role_that_was_taken_away_is_gone_at_once(ada: AdminBrowser) -> None:
    sign_in_by_form(ada)
    engine, now = ada.admin.app.engine, ada.admin.app.now()
    assert admin_accounts.change_role(engine, "ada", "viewer", now)
    assert "viewer" in ada.get("/admin").text
    assert admin_accounts.remove(engine, "ada")
    assert ada.get("/admin").status_code == 303


def test_another_password_ends_the_sessions_of_the_old_one(ada: AdminBrowser) -> None:
    sign_in_by_form(ada)
    assert ada.admin.accounts.change_password("ada", "another battery horse")
    assert ada.get("/admin").status_code == 303


@pytest.mark.parametrize(
    "url",
    [
        *("https://evil.test/admin", "//evil.test/admin", "/\\evil.test", "/admin//evil.test", "/adminevil", "/lti"),
        *("/admin/%2e%2e/l/code", "/admin/.%2E/lti", "/admin/x/%2e%2e", "/admin/..", "/admin/%2e/x", "/admin/a/..?x=1"),
        *("/admin/../lti", "javascript:alert(1)", "/admin\n", "/admin/\\evil.test", "", "/admin?x=<b>", "admin"),
    ],
)
def test_signing_in_leads_to_no_other_site(url: str) -> None:
    assert safe_next(url) == "/admin"


@pytest.mark.parametrize(
    "url",
    [
        *("/admin", "/admin/launches?q=a%20b&after=W10", "/admin/connections/campus-1"),
        *("/admin/reference?reference=7K3M-9QXT", "/admin/launches?q=O'Brien", "/admin/launches?q=https://x/%2e%2e"),
    ],
)
def test_signing_in_leads_to_our_own_pages(url: str) -> None:
    assert safe_next(url) == url


def test_what_is_said_is_said_once(ada: AdminBrowser) -> None:
    ada.sign_in(Role.VIEWER)
    who = ada.admin.sessions.find(ada.token)
    assert who is not None
    ada.admin.sessions.say_next(who, "good", "Linked <b>3</b>")
    assert "Linked &lt;b&gt;3&lt;/b&gt;" in ada.get("/admin").text
    assert "Linked" not in ada.get("/admin").text
