"""Rosters that come from a file named on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from adapters import ADAPTERS
from bridge.cli.corrected_copy import is_source
from bridge.cli.invocation import Invocation
from bridge.cli.tables import check_table_file
from bridge.contracts import Adapter, Connection
from bridge.sync.outcome import Outcome

file_option = click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Read this file instead of what the configuration names.",
)
encoding_option = click.option(
    "--encoding",
    metavar="NAME",
    help="In which encoding a CSV is, such as windows-1250 or shift_jis.  [default: found]",
)
copy_option = click.option(
    "--corrected-copy",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=check_table_file,
    metavar="FILE",
    help="Write every row to FILE (.csv or .xlsx), with a column that says what to correct.  [default: beside the "
    "reports, where there is something to correct]",
)


def may_be_file(adapter: Adapter[Any]) -> bool:
    """Whether a roster of this adapter may be a file, which can be named on the command line."""
    return adapter.read_roster is not None and adapter.fingerprint is not None


def file_options(adapter: Adapter[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options that `sync NAME` has besides those of every sync."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        command = file_option(command) if may_be_file(adapter) else command
        return encoding_option(copy_option(command)) if adapter.correct is not None else command

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


def reading_from(connection: Connection[Any], file: Path | None, encoding: str | None = None) -> Connection[Any]:
    """The connection, its roster in `file` and in this encoding, where they are given."""
    asked = {name: value for name, value in (("file", file), ("encoding", encoding)) if value is not None}
    if not asked:
        return connection
    settings = connection.settings
    given = {name: getattr(settings, name) for name in settings.model_fields_set if name != "api"}
    try:
        return replace(connection, settings=type(settings).model_validate({**given, **asked}))
    except ValidationError as error:
        raise click.UsageError(f"{connection.name} cannot be read from a file: {error.errors()[0]['msg']}") from error


def options_of_reading(invocation: Invocation, connection: Connection[Any]) -> tuple[str, ...]:
    """The options that make a command read a roster as `connection` does: none where that is as configured."""
    configured = invocation.configuration.connections.get(connection.name)
    before = None if configured is None else configured.settings
    asked = {name: getattr(connection.settings, name, None) for name in ("file", "encoding")}
    given = {name: value for name, value in asked.items() if value and value != getattr(before, name, None)}
    return tuple(word for name, value in given.items() for word in (f"--{name}", str(value)))


def how_to_confirm(invocation: Invocation, connection: Connection[Any], outcome: Outcome) -> str:
    """What to do about a plan by columns or an encoding that were guessed."""
    configured = invocation.configuration.connections.get(connection.name)
    name = [] if configured is None else [connection.name]
    own = configured is not None and configured.settings.file == connection.settings.file
    file = [] if own else ["--file", str(connection.settings.file)]
    command = ["ottobridge", "sync", connection.adapter.name, *name, *file, "--apply", outcome.plan_file]
    encoding, columns = _parts(outcome.guess)
    keys = " and ".join(f"`{key}`" for key in (encoding, f"columns: {{{columns}}}" if columns else "") if key)
    return (
        f"If that and the plan are right: `{shlex.join(command)}`, and later runs go on so. "
        f"If not: {keys} in the connection, with what is right."
    )


def _parts(guess: str) -> tuple[str, str]:
    """What of a guess is the encoding, and what the columns, as the configuration says them."""
    first, _, rest = guess.partition("; ")
    return (first, rest) if first.startswith("encoding: ") else ("", guess)


def spare_source(connection: Connection[Any], copy: Path) -> None:
    """Raise UsageError where the corrected copy would be written over the file that it is made from."""
    if is_source(connection, copy):
        raise click.UsageError(f"{copy} is the file that is read; allowed: another name for the corrected copy")
