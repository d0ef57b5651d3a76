"""`ottobridge unmatched`: whom launches named and nobody was found for, and who could be meant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from adapters.spreadsheet.headers import UNMATCHED
from adapters.spreadsheet.writing import write_table
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.lazy_group import ListingGroup
from bridge.cli.output import say
from bridge.cli.tables import check_table_file, print_table
from bridge.cli.unmatched_import import import_, to_complete
from bridge.contracts import FIRST_NAME, LAST_NAME, Outcome
from bridge.learners.near_misses import NearMiss
from bridge.learners.unmatched import Asked, Waiting
from bridge.store import unmatched as queue

COLUMNS = ("student_id", "first_name", "last_name", "connection", "times", "last_seen", "could_be")


@click.group(cls=ListingGroup, invoke_without_command=True)
@click.option("--last", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many.")
@as_json
@click.pass_context
def unmatched(context: click.Context, last: int, as_json: bool) -> None:
    """Students whom nobody in OttoLearn was found for, the last seen first, each with who could be meant.

    Who is found by now leaves the list.
    """
    if context.invoked_subcommand is not None:
        return
    invocation = context.ensure_object(Invocation)
    with invocation.database() as engine:
        found = invocation.unmatched_over(engine).page(Asked(), last).students
    if as_json:
        print_json([_row(waiting) for waiting in found])
    elif not found:
        say("Everybody who came was found.")
    else:
        _print_table(found)


@unmatched.command()
@click.argument("student_id")
@click.option("--connection", required=True, help="The connection that named the ID.")
@pass_invocation
def forget(invocation: Invocation, student_id: str, connection: str) -> None:
    """Take STUDENT_ID off the list."""
    with invocation.database() as engine:
        queue.forget(engine, connection, student_id)


@unmatched.command()
@click.option(
    *("-o", "--output"),
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    callback=check_table_file,
    metavar="FILE",
    help="Where to write it: .xlsx, which keeps zeros in front of IDs, or .csv.",
)
@click.option("--connection", help="Only the students of this connection.")
@pass_invocation
def export(invocation: Invocation, output: Path, connection: str | None) -> None:
    """Write a spreadsheet of students whom nobody was found for: enter each one's email, then import it.

    ottobridge unmatched import FILE links each of them in the bridge; ottobridge sync spreadsheet --file FILE writes
    the student ID into a free Username attribute of OttoLearn.
    """
    asked = Asked(connection=connection, outcome=Outcome.NO_MATCH)
    with invocation.database() as engine:
        people = [to_complete(waiting) for waiting in invocation.unmatched_over(engine).every(asked)]
    try:
        write_table(output, "People", [UNMATCHED, *people])
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from error
    say(f"{len(people):,} people: {output}", err=True)


unmatched.add_command(import_)


def _row(waiting: Waiting) -> dict[str, Any]:
    row = waiting.row
    seen = {"first_seen": _iso(row.first_seen), "last_seen": _iso(row.last_seen)}
    return {**row._asdict(), **seen, "could_be": [_miss(miss) for miss in waiting.near]}


def _miss(miss: NearMiss) -> dict[str, Any]:
    learner = miss.learner
    found = {"user_id": learner.user_id, "active": learner.active, "reason": miss.reason, "attribute": miss.attribute}
    names = {"first_name": learner.attributes.get(FIRST_NAME, ""), "last_name": learner.attributes.get(LAST_NAME, "")}
    value = learner.attributes.get(miss.attribute, "")
    return {**found, "name_differs": miss.name_differs, "value": value, **names}


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _print_table(found: Sequence[Waiting]) -> None:
    rows = []
    for waiting in found:
        row = waiting.row
        cells = (row.student_id, row.first_name, row.last_name, row.connection, str(row.times), _iso(row.last_seen))
        could_be = waiting.held or "\n".join(miss.in_words() for miss in waiting.near) or "nobody like them"
        rows.append((*cells, could_be))
    print_table(COLUMNS, rows, folding=("first_name", "last_name", "could_be"))
    say("Link one with: ottobridge learners link STUDENT_ID USER_ID --connection CONNECTION")
