"""`ottobridge audit`: what administrators did."""

from __future__ import annotations

import click
import msgspec

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.cli.tables import print_table
from bridge.cli.timestamps import iso
from bridge.store import audit as stored
from bridge.store.audit import AuditRow

COLUMNS = ("time", "who", "role", "act", "connection", "student_id", "details", "address")


@click.command()
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many.")
@click.option("--who", default="", help="Only what this account did.")
@click.option("--act", default="", help="Only this, such as sign_in.")
@as_json
@pass_invocation
def audit(invocation: Invocation, last: int, who: str, act: str, as_json: bool) -> None:
    """What administrators did at /admin and by `ottobridge admin`, newest first."""
    with invocation.database() as engine:
        rows = stored.newest(engine, last, who=who, act=act)
    if as_json:
        print_json([_document(row) for row in rows])
    elif rows:
        print_table(COLUMNS, [list(map(str, _document(row).values())) for row in rows], folding=("details",))
    else:
        say("Nothing was done yet.")


def _document(row: AuditRow) -> dict[str, object]:
    found = {name: getattr(row, name) for name in COLUMNS}
    return {**found, "time": iso(row.time), "details": msgspec.json.decode(row.details)}
