"""What needs a person now."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, Response, current_app, url_for
from markupsafe import Markup

from bridge.admin.overview import DAY, Need, Overview, look
from bridge.admin.roles import Role
from bridge.contracts import Outcome
from bridge.errors import OttoBridgeError
from bridge.store.launch_counts import HOUR
from bridge.store.launch_search import FAILED
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.plots import Column, Series, stacked_bars
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

log = logging.getLogger(__name__)

BUTTONS: Final = {
    "unmatched": "Find who they are",
    "sync": "Look at the sync",
    "connection": "Decide",
    "connections": "Look at the connections",
    "launches": "Look at the launches",
    "failed": "See who did not get in",
}


def overview_pages(admin: AdminServices) -> Blueprint:
    """The routes of the overview."""
    pages = Blueprint("overview", __name__)

    @pages.get("")
    @requires(Role.VIEWER)
    def show() -> Response:
        found = look_now(admin)
        return render(
            "admin/overview.html",
            overview=found,
            needs=[(need, _link(need)) for need in found.needs],
            buttons=BUTTONS,
            plot=_plot(found, admin.app.now()),
            url=admin.app.public_url,
        )

    @pages.post("/directory/refresh")
    @requires(Role.OPERATOR)
    def refresh() -> Response:
        try:
            state = admin.app.directory.refresh()
        except OttoBridgeError as error:
            log.warning("OttoLearn's users could not be read: %s", error)
            say(f"OttoLearn’s users could not be read: {error}", "bad")
        else:
            note("refresh_directory", learners=state.learners)
            say(f"{state.learners:,} OttoLearn users were read.")
        return go("admin.overview.show")

    return pages


def look_now(admin: AdminServices) -> Overview:
    """The bridge at this moment."""
    now, self_test = admin.app.now(), admin.app.self_test
    return look(
        admin.app.engine,
        now,
        refresh_every=admin.app.configuration.ottolearn.directory.refresh_every,
        needs_workers=admin.app.configuration.bridge.workers,
        is_well=lambda: self_test is None or self_test.is_well(now),
    )


def _link(need: Need) -> str:
    """Where the need is dealt with; empty where there is no such page, or it is a button of the overview itself."""
    links: dict[str, tuple[str, dict[str, Any]]] = {
        "unmatched": ("admin.unmatched.show", {"connection": need.connection}),
        "sync": ("admin.sync.show", {"connection": need.connection}),
        "connection": ("admin.connections.one", {"name": need.connection}),
        "connections": ("admin.connections.show", {}),
        "launches": ("admin.launches.show", {}),
        "failed": ("admin.launches.show", {"outcome": FAILED, "span": "7d"}),
    }
    endpoint, values = links.get(need.page, ("", {}))
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""


def _plot(found: Overview, now: float) -> Markup:
    """Launches of the last days, in two colours."""
    bar = 6
    last = int(now) // HOUR // bar
    first = last - 7 * DAY // bar + 1
    sums = {at: [0, 0] for at in range(first, last + 1)}
    for count in found.counts:
        if (at := count.hour // bar) in sums:
            sums[at][count.outcome != Outcome.MATCHED] += count.launches
    columns = [_column(at * bar * HOUR, (at + 1) * bar * HOUR, values) for at, values in sums.items()]
    return stacked_bars(
        "Launches of the last 7 days", [Series("got in", "s1"), Series("did not get in", "s2")], columns
    )


def _column(begins: int, ends: int, values: Sequence[int]) -> Column:
    moment = datetime.fromtimestamp(begins, UTC)
    href = url_for("admin.launches.show", since=begins, until=ends)
    return Column(moment.strftime("%b %-d"), moment.strftime("%Y-%m-%d %H:%M UTC"), values, href)
