"""Who may sign in to these pages, and who is signed in: an owner sees both, and ends sessions."""

from __future__ import annotations

from typing import Final, NamedTuple

from flask import Blueprint, Response, request

from bridge.admin.roles import Role
from bridge.store import admin_accounts, admin_sessions
from bridge.store.admin_accounts import PASSWORD
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.paging import Place, page_of_sorted, read_place
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

ROWS: Final = 50


class Administrator(NamedTuple):
    """Somebody with an account, or who is signed in at the identity provider. Times are Unix seconds."""

    who: str
    way: str
    role: str
    signed_in_at: float | None
    """When they last signed in, as far as it is known."""
    seen_at: float | None
    """None where they are not signed in."""
    sessions: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Where they stand in the list."""
        return self.who, self.way


def account_pages(admin: AdminServices) -> Blueprint:
    """The routes of the administrators."""
    pages = Blueprint("accounts", __name__)

    @pages.get("/accounts")
    @requires(Role.OWNER)
    def show() -> Response:
        place: Place[tuple[str, str]] | None = read_place(request.args, tuple[str, str])
        page = page_of_sorted(everybody(admin), place, lambda one: one.key, ROWS)
        return render("admin/accounts.html", page=page, password=PASSWORD)

    @pages.post("/accounts/end")
    @requires(Role.OWNER)
    def end() -> Response:
        way, who = request.form.get("way", ""), request.form.get("who", "")
        ended = admin_sessions.remove_all(admin.app.engine, way, who)
        if ended:
            note("end_sessions", way=way, whose=who, sessions=ended)
            say(f"{who} is signed out everywhere.")
        else:
            say("Nobody was signed out: they are not signed in.", "note")
        return go("admin.accounts.show")

    return pages


def everybody(admin: AdminServices) -> list[Administrator]:
    """All of them, by name."""
    now, idle = admin.app.now(), admin.settings.idle_seconds
    here = {(one.who, one.way): one for one in admin_sessions.people(admin.app.engine, now=now, seen_since=now - idle)}
    found = []
    for account in admin_accounts.every(admin.app.engine):
        one = here.pop((account.name, PASSWORD), None)
        seen, sessions = (one.seen_at, one.sessions) if one else (None, 0)
        found.append(Administrator(account.name, PASSWORD, account.role, account.used_at, seen, sessions))
    found += [
        Administrator(one.who, one.way, one.role, one.begun_at, one.seen_at, one.sessions) for one in here.values()
    ]
    return sorted(found, key=lambda one: one.key)
