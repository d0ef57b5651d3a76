"""`ottobridge sync`: bring OttoLearn to what an LMS's roster says."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import click

from adapters import ADAPTERS
from bridge.cli.file_source import (
    connection_for_file,
    encoding_option,
    file_option,
    file_options,
    may_be_file,
    reading_from,
    spare_source,
)
from bridge.cli.invocation import NUMBER, Invocation, as_json, pass_invocation
from bridge.cli.sync_command import approve as approve_run
from bridge.cli.sync_command import run_if_due, run_or_apply
from bridge.cli.sync_options import reports, run_options
from bridge.cli.sync_output import finish
from bridge.cli.sync_status import status
from bridge.config.connections import Connections
from bridge.contracts import Adapter, Connection
from bridge.store import sync_runs


class _SyncGroup(click.Group):
    """A command for each adapter that reads a roster, with those that the configuration names by a dotted path."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        invocation = ctx.find_object(Invocation)
        if (known := super().get_command(ctx, cmd_name)) or invocation is None or not invocation.config_path.exists():
            return known
        for connection in invocation.configuration.connections.values():
            if connection.adapter.name == cmd_name and connection.adapter.read_roster is not None:
                return _kind_command(connection.adapter)
        return None


@click.group(cls=_SyncGroup)
def sync() -> None:
    """Bring OttoLearn to what the roster of an LMS says."""
    gc.freeze()  # what was imported stays: to look through it for garbage takes a tenth of a long run


def _kind_command(adapter: Adapter[Any]) -> click.Command:
    kind = adapter.name

    @click.command(kind, help=f"Sync CONNECTION, which has the adapter {kind}.")
    @click.argument("connection", required=not may_be_file(adapter))
    @run_options
    @file_options(adapter)
    @pass_invocation
    def command(
        invocation: Invocation,
        /,
        connection: str | None,
        file: Path | None = None,
        corrected_copy: Path | None = None,
        encoding: str | None = None,
        **asked: Any,
    ) -> None:
        found = (
            connection_for_file(invocation, kind, file) if connection is None else _connection(invocation, connection)
        )
        if found.adapter.name != kind:
            raise click.UsageError(
                f"{connection} has the adapter {found.adapter.name}: ottobridge sync run {connection}"
            )
        found = reading_from(found, file, encoding)
        if corrected_copy is not None:
            spare_source(found, corrected_copy)
        outcome = run_or_apply(invocation, found, {**asked, "corrected_copy": corrected_copy})
        finish([outcome], asked["as_json"])

    return command


sync.add_command(status)

for _adapter in ADAPTERS:
    if _adapter.read_roster is not None:
        sync.add_command(_kind_command(_adapter))


@sync.command()
@click.argument("connection", required=False)
@click.option("--all", "every", is_flag=True, help="Every connection with a `roster:` that is due.")
@run_options
@pass_invocation
def run(invocation: Invocation, /, connection: str | None, every: bool, **asked: Any) -> None:
    """Sync CONNECTION, or with --all every connection that is due: for cron and systemd."""
    if (connection is None) != every:
        raise click.UsageError("Name one CONNECTION, or give --all.")
    if connection is not None:
        finish([run_or_apply(invocation, _connection(invocation, connection), asked)], asked["as_json"])
    for name in ("apply_file", "plan_file"):
        if asked[name] is not None:
            raise click.UsageError("--apply and --plan-file go with one CONNECTION.")
    found = [c for c in invocation.configuration.connections.values() if "roster" in c.settings.model_fields_set]
    finish([outcome for c in found for outcome in run_if_due(invocation, c, asked)], asked["as_json"], many=True)


@sync.command()
@click.argument("run_number", metavar="RUN", type=NUMBER)
@file_option
@encoding_option
@reports
@as_json
@pass_invocation
def approve(invocation: Invocation, /, run_number: int, file: Path | None, encoding: str | None, **asked: Any) -> None:
    """Read the roster again, and do what RUN held and is still true; `ottobridge runs show RUN` shows it."""
    with invocation.database() as engine:
        found = sync_runs.find(engine, run_number)
    if found is None:
        raise click.UsageError(f"There is no run {run_number}; `ottobridge runs` lists them.")
    adapter = ADAPTERS.named(found.connection)
    if adapter is not None and may_be_file(adapter) and found.connection not in invocation.configuration.connections:
        if file is None:
            raise click.UsageError(f"Run {run_number} read a file without a connection: name it with --file FILE.")
        connection = connection_for_file(invocation, found.connection, file)
    else:
        connection = _connection(invocation, found.connection)
    outcome = approve_run(invocation, reading_from(connection, file, encoding), found, asked)
    finish([outcome], asked["as_json"])


def _connection(invocation: Invocation, name: str) -> Connection[Any]:
    found = invocation.configuration.connections.get(name)
    if found is None:
        with invocation.database() as engine:
            secret_key = invocation.configuration.bridge.secret_key.get_secret_value()
            found = Connections({}, ADAPTERS, engine, secret_key=secret_key).find(name)
    if found is None:
        raise click.UsageError(f"No connection is called {name}; `ottobridge config check` lists them.")
    return found
