"""The list of unmatched students as a sheet: how it goes out, and how `ottobridge unmatched import` takes it back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click

from adapters.spreadsheet.completed import Completed, read_completed
from adapters.spreadsheet.ids import written_id
from adapters.spreadsheet.settings import ATTRIBUTES
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.saying import say
from bridge.cli.tables import print_table
from bridge.errors import RosterIncomplete
from bridge.learners import linking
from bridge.learners.bulk import WHY, LinkRequest, Verdict, judge
from bridge.learners.student_ids import shape
from bridge.learners.unmatched import Waiting
from bridge.store import unmatched as queue
from bridge.store.database import Engine
from bridge.store.unmatched import UnmatchedRow

MOST_EXPORTED: Final = 1_000_000
NOTHING, SOME = 1, 4
"""Exit codes: nobody was linked, or not everybody who was entered."""
NOT_WAITING: Final = "no launch of this connection named the ID, or somebody is found for it by now"
UNFILLED: Final = "email and employee number are empty"

Rows = dict[tuple[str, str], list[UnmatchedRow]]
"""By connection and ID as it is looked up: which IDs launches sent."""


class Row(NamedTuple):
    """What became of one row."""

    where: str
    connection: str
    student_id: str
    user_id: int | None
    who: str
    result: str
    """`linked`, or why not, in words."""


def to_complete(waiting: Waiting) -> list[str]:
    """One student as cells; email and employee number stay empty, because nobody is ever guessed."""
    row = waiting.row
    could_be = "; ".join(miss.in_words() for miss in waiting.near)
    names = [row.first_name, row.last_name]
    return [written_id(waiting.student_id), "", "", *names, row.connection, str(row.times), could_be]


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--plan", is_flag=True, help="Change nothing; show who would be linked with whom.")
@click.option("--yes", is_flag=True, help="Link people, too, whom the LMS and OttoLearn call otherwise.")
@as_json
@pass_invocation
def import_(invocation: Invocation, file: Path, plan: bool, yes: bool, as_json: bool) -> None:
    """Link the students of FILE, which `unmatched export` wrote and somebody completed.

    Each row with an email or an employee number is kept as a link in the bridge, for the connection it names. Nothing
    is written into OttoLearn. The exit code is 1 where nobody is linked, and 4 where somebody of them is not.
    """
    with invocation.database() as engine:
        try:
            rows = _import(invocation, engine, [*read_completed(file)], plan=plan, other_names=yes)
        except RosterIncomplete as error:
            raise click.UsageError(str(error)) from error
    _tell(rows, as_json=as_json)
    linked = sum(row.result.startswith("linked") or row.result == "would be linked" for row in rows)
    entered = sum(row.result != UNFILLED for row in rows)
    if linked < entered or not linked:
        raise click.exceptions.Exit(SOME if linked else NOTHING)


def _import(
    invocation: Invocation, engine: Engine, listed: Sequence[Completed], *, plan: bool, other_names: bool
) -> list[Row]:
    usernames, directory = invocation.configuration.ottolearn.username_attributes, invocation.directory_over(engine)
    waiting = _waiting(invocation, engine)
    odd = {at: why for at, row in enumerate(listed) if (why := _why_not(row, waiting))}
    good = [at for at in range(len(listed)) if at not in odd]
    link_requests = [_link_request(listed[at], waiting) for at in good]
    verdicts = dict(zip(good, judge(engine, directory, link_requests, usernames, other_names=other_names), strict=True))

    def keep(row: Completed, verdict: Verdict) -> str:
        if verdict.why or verdict.user_id is None:
            return WHY[verdict.why]
        if plan:
            return "would be linked"
        for sent in waiting[row.connection, row.student_id]:
            linking.link(engine, sent.connection, sent.student_id, verdict.user_id, usernames, now=time.time())
        return "linked"

    return [_row(row, odd.get(at), verdicts.get(at), keep) for at, row in enumerate(listed)]


def _waiting(invocation: Invocation, engine: Engine) -> Rows:
    connections = invocation.configuration.connections
    found: Rows = {}
    for row in queue.newest(engine, MOST_EXPORTED):
        rules = connections[row.connection].id_rules if row.connection in connections else ()
        found.setdefault((row.connection, shape(row.student_id, rules)), []).append(row)
    return found


def _why_not(row: Completed, waiting: Rows) -> str:
    if row.unreadable:
        return row.unreadable
    if not (row.email or row.employee_number):
        return UNFILLED
    return "" if (row.connection, row.student_id) in waiting else NOT_WAITING


def _link_request(row: Completed, waiting: Rows) -> LinkRequest:
    sent = waiting[row.connection, row.student_id][0]
    entered = {"email": row.email, "employee_number": row.employee_number}
    known_by = {ATTRIBUTES[name]: value for name, value in entered.items() if value}
    return LinkRequest(row.connection, row.student_id, f"{sent.first_name} {sent.last_name}", known_by)


def _row(row: Completed, odd: str | None, verdict: Verdict | None, keep: Callable[[Completed, Verdict], str]) -> Row:
    if verdict is None:
        return Row(row.where, row.connection, row.student_id, None, "", odd or "")
    return Row(row.where, row.connection, row.student_id, verdict.user_id, verdict.who, keep(row, verdict))


def _tell(rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        print_json([row._asdict() for row in rows])
        return
    shown = [row for row in rows if row.result != UNFILLED]
    if shown:
        cells = [["" if value is None else str(value) for value in row] for row in shown]
        print_table(Row._fields, cells, folding=("who", "result"))
    results = [row.result for row in shown]
    linked, planned = results.count("linked"), results.count("would be linked")
    done = f"{planned:,} would be linked" if planned else f"{linked:,} linked"
    say(f"{done}, {len(shown) - linked - planned:,} not, {len(rows) - len(shown):,} not filled in.")
