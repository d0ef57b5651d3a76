"""Rosters that come from a file named on the command line, and the corrected copy of such a file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
from pydantic import ValidationError
from sqlalchemy import Engine

from adapters import ADAPTERS
from adapters.spreadsheet.correction import find_mistakes, write_corrected_copy
from adapters.spreadsheet.problems import Problem
from bridge.cli.invocation import Invocation
from bridge.cli.tablefile import check_table_file
from bridge.contracts import Connection
from bridge.errors import RosterIncomplete
from bridge.store.sync_items import Kind
from bridge.sync.outcome import Outcome
from bridge.sync.report import lines_of

FROM_FILE: Final = ("oneroster", "spreadsheet")
"""The kinds whose roster may be a file."""
WITH_COPY: Final = ("spreadsheet",)

_ROW = re.compile(r"[0-9]+$")
_WHAT_TO_DO: Final = {
    "no_match": "a value that one OttoLearn user has",
    "ambiguous": "a value that only one OttoLearn user has; tidy OttoLearn up, or match by something else",
    "other_value": "the same value as in OttoLearn; clear it there if it is wrong, or name another attribute for the "
    "student ID in roster.attributes",
    "taken": "an ID that no other OttoLearn user has",
    "claimed_twice": "every student ID once",
    "duplicate": "one row for each person",
    "inactive_in_ottolearn": "an active OttoLearn user",
    "protected_user": "people who are not in roster.protected_users",
}
"""What a cell may say instead, by the reason for which a row was not linked."""

file_option = click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Read this file instead of what the configuration names.",
)
copy_option = click.option(
    "--corrected-copy",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=check_table_file,
    metavar="FILE",
    help="Write every row to FILE (.csv or .xlsx), with a column that says what to correct.",
)


def file_options(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options that `sync KIND` has besides those of every sync."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        command = file_option(command) if kind in FROM_FILE else command
        return copy_option(command) if kind in WITH_COPY else command

    return add


def connection_for_file(invocation: Invocation, kind: str, file: Path | None) -> Connection[Any]:
    """The connection of a command that names none: the only one of this kind, or one without any configuration."""
    adapter = next(adapter for adapter in ADAPTERS if adapter.name == kind)
    configured = [c for c in invocation.configuration.connections.values() if c.adapter.name == kind]
    if len(configured) == 1:
        return configured[0]
    if configured or file is None:
        names = ", ".join(connection.name for connection in configured) or "none is configured; give --file FILE"
        raise click.UsageError(f"Which connection? Of the kind {kind}: {names}.")
    return Connection(kind, adapter, adapter.settings.model_validate({"file": file}))


def reading_from(connection: Connection[Any], file: Path | None) -> Connection[Any]:
    """The connection, its roster in `file` where one is given."""
    if file is None:
        return connection
    settings = connection.settings
    given = {name: getattr(settings, name) for name in settings.model_fields_set if name != "api"}
    try:
        return Connection(connection.name, connection.adapter, type(settings).model_validate({**given, "file": file}))
    except ValidationError as error:
        raise click.UsageError(f"{connection.name} cannot be read from a file: {error.errors()[0]['msg']}") from error


def how_to_confirm(invocation: Invocation, connection: Connection[Any], outcome: Outcome) -> str:
    """What to do about a plan by columns that were guessed."""
    configured = invocation.configuration.connections.get(connection.name)
    name = [] if configured is None else [connection.name]
    own = configured is not None and configured.settings.file == connection.settings.file
    file = [] if own else ["--file", str(connection.settings.file)]
    command = ["ottobridge", "sync", connection.adapter.name, *name, *file, "--apply", outcome.plan_file]
    return (
        f"If the columns and the plan are right: `{shlex.join(command)}`, and later runs go on by these columns. "
        f"If not: `columns: {{{outcome.guess}}}` in the connection, with the right headers."
    )


def spare_source(connection: Connection[Any], copy: Path) -> None:
    """Raise UsageError where the corrected copy would be written over the file that it is made from."""
    source = connection.settings.file
    if source.exists() and copy.exists() and copy.samefile(source):
        raise click.UsageError(f"{copy} is the file that is read; allowed: another name for the corrected copy")


def write_copy(invocation: Invocation, connection: Connection[Any], run: int, target: Path) -> None:
    """Write the corrected copy: mistakes in cells, and rows of `run` that could not be linked. Says what it did."""
    settings = connection.settings
    try:
        sheet = find_mistakes(settings, invocation.configuration.ottolearn.username_attributes)
        with invocation.database() as engine:
            unlinked = [*_unlinked(engine, run)]
        write_corrected_copy(settings.file, sheet, target, unlinked)
    except (RosterIncomplete, OSError) as error:
        click.echo(f"No corrected copy: {error}", err=True)
        return
    click.echo(f"{len(sheet.problems) + len(unlinked):,} to correct: {target}", err=True)


def _unlinked(engine: Engine, run: int) -> Iterator[Problem]:
    for line in lines_of(engine, run, kinds=(Kind.CONFLICT, Kind.SKIPPED)):
        where = line.get("where", "")
        if found := _ROW.search(where):
            what = line["reason"].replace("_", " ")
            what = f"{what} ({line['note']})" if line.get("note") else what
            yield Problem(where, int(found[0]), what, _WHAT_TO_DO.get(line["reason"], "an ID of a person"))
