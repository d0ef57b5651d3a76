"""`ottobridge unmatched`: whom launches named and nobody was found for, and who could be meant."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from adapters.spreadsheet.headers import UNMATCHED
from adapters.spreadsheet.writing import write_table
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.saying import say
from bridge.cli.tablefile import check_table_file
from bridge.cli.tables import print_table
from bridge.cli.unmatched_import import import_
from bridge.cli.unmatched_sheet import MOST_EXPORTED, to_complete
from bridge.contracts import Learner, Outcome, Student
from bridge.errors import LearnerAmbiguous
from bridge.learners.directory import Directory
from bridge.learners.names import differ, name_of
from bridge.learners.near_misses import NearMiss, near_misses
from bridge.learners.student_ids import shape
from bridge.ottolearn.api import FIRST_NAME, LAST_NAME
from bridge.store import disputes
from bridge.store import unmatched as queue
from bridge.store.database import Engine
from bridge.store.unmatched import UnmatchedRow

COLUMNS = ("student_id", "first_name", "last_name", "connection", "times", "last_seen", "could_be")
REASONS = {
    "same_id": "has this ID, and so has another",
    "other_case": "has it in other letter case; `ignore_case: true` on the connection lets them in",
    "other_spelling": "has it in another spelling; a link lets them in",
    "leading_zeros": "has it with more or fewer leading zeros",
    "other_attribute": "has it in another attribute",
    "same_name": "has the same name",
}
HELD = {
    "identity_changed": "their record in the LMS had another ID before; ottobridge people show",
    "identity_of_another": "another record of the LMS is this user already; ottobridge people show",
    "identity_disputed": "the last roster found this ID in conflict; ottobridge runs show",
}
"""What is to be done about those whose ID leads to a user, by outcome."""


@click.group(invoke_without_command=True)
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
        found = _waiting(invocation, engine, last)
    if as_json:
        print_json([_row(row, misses) for row, misses in found])
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
    with invocation.database() as engine:
        waiting = _waiting(invocation, engine, MOST_EXPORTED)
    people = [
        to_complete(_looked_up(invocation, row), row, [_sentence(row, miss) for miss in misses])
        for row, misses in waiting
        if row.outcome == Outcome.NO_MATCH and connection in {None, row.connection}
    ]
    try:
        write_table(output, "People", [UNMATCHED, *people])
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}") from error
    say(f"{len(people):,} people: {output}", err=True)


unmatched.add_command(import_)


def _waiting(invocation: Invocation, engine: Engine, last: int) -> list[tuple[UnmatchedRow, list[NearMiss]]]:
    directory, attributes = invocation.directory_over(engine), invocation.configuration.ottolearn.username_attributes
    waiting = []
    for row in queue.newest(engine, last):
        student_id = _looked_up(invocation, row)
        if _is_over(invocation, engine, directory, row, student_id):
            queue.forget(engine, row.connection, row.student_id)
            continue
        student = Student(row.student_id, row.first_name, row.last_name)
        waiting.append((row, near_misses(engine, student, student_id, attributes)))
    return waiting


def _looked_up(invocation: Invocation, row: UnmatchedRow) -> str:
    """The student ID as it is looked for in OttoLearn."""
    configured = invocation.configuration.connections.get(row.connection)
    return shape(row.student_id, configured.id_rules) if configured else row.student_id


def _is_over(invocation: Invocation, engine: Engine, directory: Directory, row: UnmatchedRow, student_id: str) -> bool:
    """Whether there is nothing left to do about the row; who is held by the ledger waits for a command."""
    if row.outcome == "identity_disputed":
        return not disputes.find(engine, row.connection, row.student_id)
    if row.outcome in HELD:
        return False
    configured = invocation.configuration.connections.get(row.connection)
    try:
        return directory.look(student_id, ignore_case=bool(configured and configured.ignore_case)) is not None
    except LearnerAmbiguous:
        return False


def _row(row: UnmatchedRow, misses: list[NearMiss]) -> dict[str, Any]:
    seen = {"first_seen": _iso(row.first_seen), "last_seen": _iso(row.last_seen)}
    return {**row._asdict(), **seen, "could_be": [_miss(row, miss) for miss in misses]}


def _miss(row: UnmatchedRow, miss: NearMiss) -> dict[str, Any]:
    learner = miss.learner
    found = {"user_id": learner.user_id, "active": learner.active, "reason": miss.reason, "attribute": miss.attribute}
    names = {"first_name": learner.attributes.get(FIRST_NAME, ""), "last_name": learner.attributes.get(LAST_NAME, "")}
    return {
        **found,
        "name_differs": _named_otherwise(row, learner),
        "value": learner.attributes.get(miss.attribute, ""),
        **names,
    }


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _print_table(found: list[tuple[UnmatchedRow, list[NearMiss]]]) -> None:
    rows = []
    for row, misses in found:
        cells = (row.student_id, row.first_name, row.last_name, row.connection, str(row.times), _iso(row.last_seen))
        could_be = HELD.get(row.outcome) or "\n".join(_sentence(row, miss) for miss in misses) or "nobody like them"
        rows.append((*cells, could_be))
    print_table(COLUMNS, rows, folding=("first_name", "last_name", "could_be"))
    say("Link one with: ottobridge learners link STUDENT_ID USER_ID --connection CONNECTION")


def _sentence(row: UnmatchedRow, miss: NearMiss) -> str:
    where = f" ({miss.attribute})" if miss.attribute else ""
    other = ", but another name" if _named_otherwise(row, miss.learner) else ""
    inactive = "" if miss.learner.active else ", inactive"
    return f"user {miss.learner.user_id}{inactive} {REASONS[miss.reason]}{where}{other}"


def _named_otherwise(row: UnmatchedRow, learner: Learner) -> bool:
    return differ(f"{row.first_name} {row.last_name}", name_of(learner))
