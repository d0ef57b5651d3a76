"""`ottobridge launches`: what became of each launch."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.reasons import REASONS
from bridge.store.launches import LaunchLine, newest

COLUMNS = ("time", "connection", "kind", "student_id", "first_name", "last_name", "outcome", "reason", "reference")


@click.command()
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many.")
@as_json
@pass_invocation
def launches(invocation: Invocation, last: int, as_json: bool) -> None:
    """The record of launches, newest first."""
    with invocation.database() as engine:
        lines = newest(engine, last)
    if as_json:
        print_json([{name: _value(line, name) for name in COLUMNS} for line in lines])
    elif not lines:
        click.echo("No launch yet.")
    else:
        _print_table(lines)


def _value(line: LaunchLine, name: str) -> str:
    return _iso(line.time) if name == "time" else str(getattr(line, name))


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _print_table(lines: list[LaunchLine]) -> None:
    table = Table(*(name.replace("_", " ") for name in COLUMNS), box=None, pad_edge=False)
    for line in lines:
        table.add_row(*(Text(_value(line, name)) for name in COLUMNS))
    console = Console()
    console.print(table)
    for reason in dict.fromkeys(line.reason for line in lines if line.reason in REASONS):
        row = REASONS[reason]
        console.print(Text(f"{reason}: {row.how} ({row.who})"))
