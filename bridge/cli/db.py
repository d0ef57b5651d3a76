"""`ottobridge db`: the database's schema, its health, and its backups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.store import backups
from bridge.store.engine import migrate
from bridge.store.other_clients import other_clients
from bridge.store.schema_state import SchemaState, SchemaStatus, look

WORDS = {
    SchemaStatus.EMPTY: "it is empty: ottobridge db upgrade makes the tables, as every other command does",
    SchemaStatus.BEHIND: "it is older than this program: ottobridge db upgrade brings it up to date",
    SchemaStatus.CURRENT: "it is up to date",
    SchemaStatus.COMPATIBLE: "a newer version of OttoBridge has upgraded it, and this one may go on using it",
    SchemaStatus.NEWER: "a newer version of OttoBridge has upgraded it: install that version",
}


@click.group()
def db() -> None:
    """Look after the database: its schema, its health, its backups."""


@db.command()
@as_json
@pass_invocation
def upgrade(invocation: Invocation, as_json: bool) -> None:
    """Bring the schema up to date. Every command and `serve` do so by themselves; this does nothing else."""
    with invocation.database(upgrade=False) as engine:
        before = look(engine).schema
        migrate(engine)
        after = look(engine).schema
    if as_json:
        print_json({"before": before, "schema": after})
    else:
        done = "was there already" if before == after else f"was {before or 'empty'} before"
        say(f"The database has the schema {after}; it {done}.")


@db.command()
@as_json
@pass_invocation
def check(invocation: Invocation, as_json: bool) -> None:
    """Say whether the schema is this program's, and whether the database holds together. Changes nothing.

    Exit 1 where it is not, or does not.
    """
    with invocation.database(upgrade=False) as engine:
        found = look(engine)
    if as_json:
        print_json(_shown(found))
    else:
        say(f"{found.kind}, schema {found.schema or 'none'}: {WORDS[found.status]}.")
        for problem in found.problems:
            say(f"  {problem}")
    if found.problems or found.status not in {SchemaStatus.CURRENT, SchemaStatus.COMPATIBLE}:
        raise click.exceptions.Exit(1)


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
@pass_invocation
def backup(invocation: Invocation, file: Path, as_json: bool) -> None:
    """Write the whole database to FILE, readable by its owner alone, while the bridge goes on.

    It holds people's names and IDs. What it holds of secrets is encrypted with bridge.secret_key, which is not in it.
    """
    with invocation.database(upgrade=False) as engine:
        found = look(engine)
        if found.status in {SchemaStatus.EMPTY, SchemaStatus.NEWER}:
            raise backups.BackupFailed(f"the database was not backed up: {WORDS[found.status]}")
        schema = found.schema
        backups.back_up(engine, file)
    if as_json:
        print_json({"file": str(file), "bytes": file.stat().st_size, "schema": schema})
    else:
        say(f"{file}: {file.stat().st_size:,} bytes, schema {schema}.")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Although others have the database open.")
@as_json
@pass_invocation
def restore(invocation: Invocation, file: Path, yes: bool, force: bool, as_json: bool) -> None:
    """Put what FILE holds in the place of everything in the database. Stop the bridge before.

    Nothing is done while anything else has the database open, such as `ottobridge serve`.
    """
    with invocation.database(upgrade=False) as engine:
        if others := other_clients(engine):
            _warn_of(others, force=force)
        if not yes:
            click.confirm("Everything in the database is lost. Go on?", abort=True, err=True)
        schema = backups.restore(engine, file)
        migrate(engine)
        now = look(engine).schema
    if as_json:
        print_json({"file": str(file), "restored": schema, "schema": now})
    else:
        say(f"The database is as {file} has it; its schema was {schema} and is {now} now.")


def _warn_of(others: str, *, force: bool) -> None:
    if not force:
        raise backups.BackupFailed(
            f"{others}. Nothing was restored: stop `ottobridge serve`, its workers and timers, and try again. With "
            "--force it is done all the same, and what they write meanwhile may be lost"
        )
    say(f"Warning: {others}. What they write meanwhile may be lost; restart them afterwards.", err=True)


def _shown(found: SchemaState) -> dict[str, Any]:
    return found._asdict() | {"standing": found.status.value}
