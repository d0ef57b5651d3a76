"""The list of unmatched students as a sheet: how it goes out, and how `ottobridge unmatched import` takes it back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from adapters.spreadsheet.completed import Completed, read_completed
from adapters.spreadsheet.ids import written_id
from adapters.spreadsheet.settings import ATTRIBUTES
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.cli.tables import print_table
from bridge.errors import RosterIncomplete
from bridge.learners import linking
from bridge.learners.sheet_links import UNFILLED, cells_of, judge_lines
from bridge.learners.unmatched import Waiting
from bridge.store.database import Engine

NOTHING, SOME = 1, 4
"""Exit codes: nobody was linked, or not everybody who was entered."""


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
    """One student as cells."""
    return cells_of(waiting, written_id)


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
    usernames = invocation.configuration.ottolearn.username_attributes
    lines = judge_lines(invocation.unmatched_over(engine), listed, ATTRIBUTES, other_names=other_names)
    if not plan:
        for link in (link for line in lines for link in line.links):
            linking.link(engine, *link, usernames, now=time.time())
    done = "would be linked" if plan else "linked"
    return [Row(*line[:5], line.why or done) for line in lines]


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
