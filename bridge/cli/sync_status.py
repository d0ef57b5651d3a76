"""`ottobridge sync status`: how fresh each roster is."""

from __future__ import annotations

import time
from typing import Final

import click

from adapters import ADAPTERS
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.cli.tables import print_table
from bridge.config.connections import Connections
from bridge.sync.planfile import iso
from bridge.sync.status import SyncStatus, status_of_connection

HEAD: Final = (
    "connection",
    "people",
    "full run",
    "incremental run",
    "behind",
    "next due",
    "last run",
    "looked up today",
)
TIMES: Final = ("last_whole", "last_incremental", "next_due")
UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@click.command()
@as_json
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """How fresh the roster of each connection is: the last runs, how far behind, and when the next one is due."""
    now = time.time()
    with invocation.database() as engine:
        known = Connections(invocation.configuration.connections, ADAPTERS, engine)
        everyone = [*known.configured.values(), *known.registered()]
        found = [status_of_connection(engine, one, now) for one in everyone if one.adapter.read_roster is not None]
    if as_json:
        print_json([_document(one) for one in found])
    elif not found:
        say("No connection has a roster.")
    else:
        print_table(HEAD, [_row(one, now) for one in found])


def _document(one: SyncStatus) -> dict[str, object]:
    document = one.document()
    return {**document, **{name: iso(document[name]) for name in TIMES}}


def _row(one: SyncStatus, now: float) -> list[str]:
    return [
        one.connection,
        str(one.people),
        _ago(one.last_whole, now),
        _ago(one.last_incremental, now),
        "-" if one.lag_seconds is None else _span(one.lag_seconds),
        _due(one, now),
        one.last_status or "never",
        str(one.looked_up),
    ]


def _due(one: SyncStatus, now: float) -> str:
    if one.next_due is None:
        return "not by --all"
    what = "full run" if one.next_is_whole else "incremental run"
    return f"now ({what})" if one.next_due <= now else f"in {_span(one.next_due - now)} ({what})"


def _ago(time: float | None, now: float) -> str:
    return "never" if time is None else f"{_span(now - time)} ago"


def _span(seconds: float) -> str:
    """The seconds in the largest unit of which there are two."""
    for size, unit in UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return "0 s"
