"""The rosters of a page, and what happens with each at this moment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import abort, url_for

from bridge.contracts import Connection
from bridge.store import sync_people, sync_requests, sync_runs, workers
from bridge.sync.activity import Activity, activity_of
from bridge.sync.status import SyncStatus, read_by_the_last, status_of_connection
from bridge.web.admin.paging import Page, page_of_sorted, read_place
from bridge.web.admin.services import AdminServices
from bridge.web.admin.sync_words import Live, Processes, live_of

ROWS: Final = 12
"""Connections of a page: each takes some ten questions to the database."""
NEWEST: Final = 50
"""Runs among which those under way are looked for."""


@dataclass(frozen=True)
class Present:
    """What happens with the roster of one connection, and who does it."""

    connection: Connection[Any]
    activity: Activity
    live: Live
    processes: Processes

    @property
    def name(self) -> str:
        """That of the connection."""
        return self.connection.name


@dataclass(frozen=True)
class Row(Present):
    """The same, with how fresh the roster is."""

    freshness: SyncStatus


def rostered(admin: AdminServices, name: str) -> Connection[Any]:
    """The connection of this name, whose adapter reads rosters; else the answer is that there is none."""
    found = admin.app.connections.find(name)
    if found is None or found.adapter.read_roster is None:
        abort(404, f"No connection with a roster is called {name[:64]}.")
    return found


def page_of_rosters(admin: AdminServices, args: Mapping[str, str]) -> Page[Connection[Any]]:
    """The connections that have a roster, by name: those that say so, and those that were ever synced by hand."""
    known, synced = admin.app.connections, sync_people.sources(admin.app.engine)
    everyone = {one.name: one for one in (*known.configured.values(), *known.registered())}
    names = sorted(
        name
        for name, one in everyone.items()
        if one.adapter.read_roster is not None and (_is_on_time(one) or name in synced)
    )
    page = page_of_sorted(names, read_place(args, str), str, ROWS)
    return Page([everyone[name] for name in page.rows], page.before, page.after)


def rows_of(admin: AdminServices, connections: Sequence[Connection[Any]]) -> list[Row]:
    """What there is to say of these connections."""
    engine, now = admin.app.engine, admin.app.now()
    rows = []
    for one in present_of(admin, connections):
        freshness = status_of_connection(engine, one.connection, now, counted=False, last=one.activity.newest)
        rows.append(Row(one.connection, one.activity, one.live, one.processes, freshness))
    return rows


def present_of(admin: AdminServices, connections: Sequence[Connection[Any]]) -> list[Present]:
    """What happens with each of these connections."""
    engine, now = admin.app.engine, admin.app.now()
    waiting, processes = sync_requests.every_open(engine), processes_of(admin)
    found = []
    for number, connection in enumerate(connections):
        activity = activity_of(engine, connection.name, waiting)
        before = read_by_the_last(engine, connection.name) if activity.run else 0
        live = live_of(str(number), activity, processes, before, now)
        found.append(Present(connection, activity, live, processes))
    return found


def processes_of(admin: AdminServices) -> Processes:
    """Who carries out what is asked for."""
    engine, are_workers = admin.app.engine, admin.app.configuration.bridge.workers
    return Processes(
        are_workers,
        workers.count_by_queue(workers.read_all(engine), admin.app.now())["sync"] if are_workers else 0,
        sync_runs.count_under_way(engine, NEWEST),
    )


def mark_of(rows: Sequence[Present], now: float) -> str:
    """Differs as soon as a page with these rows says what is not so any more."""
    said = "\n".join(f"{row.activity.mark(now)} {row.live.is_bad}" for row in rows)
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def live_address(rows: Sequence[Present], now: float, **place: Any) -> str:
    """Where the page hears how far what it shows is; empty where nothing goes on."""
    if all(row.activity.is_quiet for row in rows):
        return ""
    return url_for("admin.sync.events", mark=mark_of(rows, now), **place)


def _is_on_time(connection: Connection[Any]) -> bool:
    return "roster" in connection.settings.model_fields_set
