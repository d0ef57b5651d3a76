"""An owner sees who may sign in and who is, and whom they sign out is out at once."""

from __future__ import annotations

from collections.abc import Callable

from bridge.admin.roles import Role
from bridge.store import admin_accounts, audit
from bridge.store.admin_accounts import AccountRow
from bridge.web.admin import accounts
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge

SignIn = Callable[[Role], AdminBrowser]
HOSTILE = '"><script>alert(1)</script>'


def cells(browser: AdminBrowser, label: str, path: str = "/admin/accounts") -> list[str]:
    found = browser.tree(path).xpath(f"//td[@data-label='{label}']")
    return [" ".join(cell.text_content().split()) for cell in found]


def add(bridge: Bridge, name: str, used_at: float | None = None) -> None:
    assert admin_accounts.add(bridge.engine, AccountRow(name, "viewer", "the-hash", 1.0, 1.0, used_at))


def test_accounts_and_who_is_signed_in_stand_in_one_list(bridge: Bridge, admin: SignIn) -> None:
    add(bridge, "bo")
    add(bridge, "ada", used_at=bridge.now - 60)
    owner = admin(Role.OWNER)
    owner.admin.sessions.begin("password", "ada", Role.VIEWER)
    owner.admin.sessions.begin("oidc", "zoe@school.example", Role.OPERATOR)
    assert cells(owner, "Who") == [
        "ada account", "bo account", "the owner account", "zoe@school.example identity provider",
    ]  # fmt: skip
    assert cells(owner, "Role") == ["viewer", "viewer", "owner", "operator"]
    now = cells(owner, "Now")
    assert [text.startswith("signed in") for text in now] == [True, False, True, True]
    assert cells(owner, "Last sign-in")[1] == "never"
    assert "the-hash" not in owner.get("/admin/accounts").text


def test_whom_an_owner_signs_out_is_out_in_every_browser_and_nobody_else(bridge: Bridge, admin: SignIn) -> None:
    owner, viewer = admin(Role.OWNER), admin(Role.VIEWER)
    elsewhere = owner.admin.sessions.begin("password", "the viewer", Role.VIEWER)
    same_name = owner.admin.sessions.begin("oidc", "the viewer", Role.VIEWER)
    assert owner.post("/admin/accounts/end", way="password", who="the viewer").status_code == 303
    assert "the viewer is signed out everywhere" in owner.get("/admin/accounts").text
    assert viewer.get("/admin").status_code == 303
    assert owner.admin.sessions.find(elsewhere) is None
    assert owner.admin.sessions.find(same_name) is not None
    (act,) = [row for row in audit.newest(bridge.engine, 9) if row.act == "end_sessions"]
    assert (act.who, "the viewer" in act.details) == ("the owner", True)
    owner.post("/admin/accounts/end", way="password", who="the viewer")
    assert "they are not signed in" in owner.get("/admin/accounts").text


def test_who_was_idle_for_too_long_is_not_said_to_be_signed_in(bridge: Bridge, admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    owner.admin.sessions.begin("oidc", "zoe@school.example", Role.OPERATOR)
    bridge.now += owner.admin.settings.idle_seconds + 1
    assert [one.who for one in accounts.everybody(owner.admin)] == []


def test_a_hostile_name_is_shown_as_text(bridge: Bridge, admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    owner.admin.sessions.begin("oidc", HOSTILE, Role.OPERATOR)
    assert f"{HOSTILE} identity provider" in cells(owner, "Who")
    assert HOSTILE not in owner.get("/admin/accounts").text


def test_every_administrator_is_on_one_page(bridge: Bridge, admin: SignIn) -> None:
    for number in range(2 * accounts.ROWS + 3):
        add(bridge, f"a{number:03}")
    owner, seen, url, last = admin(Role.OWNER), [], "/admin/accounts", ""
    while url:
        seen += cells(owner, "Who", url)
        last, url = url, next(iter(owner.tree(url).xpath("//a[@rel='next']/@href")), "")
    assert seen == [*(f"a{number:03} account" for number in range(2 * accounts.ROWS + 3)), "the owner account"]
    back = owner.tree(last).xpath("//a[@rel='prev']/@href")[0]
    assert cells(owner, "Who", back) == seen[accounts.ROWS : 2 * accounts.ROWS]


def test_only_an_owner_finds_the_page_in_the_navigation(admin: SignIn) -> None:
    assert "Administrators" in admin(Role.OWNER).get("/admin").text
    assert "Administrators" not in admin(Role.OPERATOR).get("/admin").text
