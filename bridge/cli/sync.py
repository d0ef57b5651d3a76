"""`ottobridge sync`: bring OttoLearn to what an LMS's roster says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy import Engine

from adapters import ADAPTERS
from bridge.cli.fromfile import FROM_FILE, connection_for_file, file_options, reading_from, write_copy
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.syncing import Console, open_sync, stop_signals
from bridge.connections import Connections
from bridge.contracts import Connection
from bridge.errors import ConfigError
from bridge.store import sync_runs
from bridge.store.sync_items import Kind
from bridge.store.sync_lock import LockHeld
from bridge.store.sync_runs import Status
from bridge.sync.outcome import Outcome
from bridge.sync.planfile import read_plan_file
from bridge.sync.report import lines_of, write_report
from bridge.sync.run import Options, Sync
from bridge.sync.stale import PlanStale

KINDS = ("canvas", "moodle", "lti", "oneroster", "spreadsheet")
SHOWN = 100
"""Lines of a plan that are printed; its file has them all."""
WRONG_CONFIGURATION = 2
SEVERITY = (130, WRONG_CONFIGURATION, 1, 3, 4, 6, 5, 0)
"""Exit codes of several connections, the one that is told first."""
Command = Callable[..., None]

reports = click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where reports, plans and retry files are written.  [default: ottobridge-reports beside the configuration]",
)


@click.group()
def sync() -> None:
    """Bring OttoLearn to what the roster of an LMS says."""


def _run_options(command: Command) -> Command:
    for option in (
        as_json,
        reports,
        click.option("--override", is_flag=True, help="Overwrite what somebody changed in OttoLearn."),
        click.option(
            "--max-changes",
            type=click.IntRange(0),
            metavar="N",
            help="Let this one run make up to N creations, updates and deactivations each.",
        ),
        click.option("--full", is_flag=True, help="Read OttoLearn again and compare everybody."),
        click.option(
            "--apply",
            "apply_file",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="Apply exactly this plan; refuse it where its base has changed.",
        ),
        click.option("--plan", "only_plan", is_flag=True, help="Change nothing; show what would change."),
        click.option(
            "--plan-file", type=click.Path(path_type=Path, dir_okay=False), help="Where --plan writes the plan."
        ),
    ):
        command = option(command)
    return command


def _kind_command(kind: str) -> None:
    @sync.command(kind, help=f"Sync CONNECTION, which has the adapter {kind}.")
    @click.argument("connection", required=kind not in FROM_FILE)
    @_run_options
    @file_options(kind)
    @pass_invocation
    def command(
        invocation: Invocation,
        /,
        connection: str | None,
        file: Path | None = None,
        corrected_copy: Path | None = None,
        **asked: Any,
    ) -> None:
        found = (
            connection_for_file(invocation, kind, file) if connection is None else _connection(invocation, connection)
        )
        if found.adapter.name != kind:
            raise click.UsageError(
                f"{connection} has the adapter {found.adapter.name}: ottobridge sync run {connection}"
            )
        found = reading_from(found, file)
        outcome = _run_or_apply(invocation, found, asked)
        if corrected_copy is not None:
            with invocation.database() as engine:
                write_copy(engine, found, outcome.run, corrected_copy)
        _finish([outcome], asked["as_json"])


for _kind in KINDS:
    _kind_command(_kind)


@sync.command()
@click.argument("connection", required=False)
@click.option("--all", "every", is_flag=True, help="Every connection with a `roster:` that is due.")
@_run_options
@pass_invocation
def run(invocation: Invocation, /, connection: str | None, every: bool, **asked: Any) -> None:
    """Sync CONNECTION, or with --all every connection that is due: for cron and systemd."""
    if (connection is None) != every:
        raise click.UsageError("Name one CONNECTION, or give --all.")
    if connection is not None:
        _finish([_run_or_apply(invocation, _connection(invocation, connection), asked)], asked["as_json"])
    if asked["apply_file"]:
        raise click.UsageError("--apply goes with one CONNECTION.")
    found = [c for c in invocation.configuration.connections.values() if "roster" in c.settings.model_fields_set]
    _finish([outcome for c in found for outcome in _run_if_due(invocation, c, asked)], asked["as_json"], many=True)


@sync.command()
@click.argument("run_number", metavar="RUN", type=int)
@reports
@as_json
@pass_invocation
def approve(invocation: Invocation, /, run_number: int, **asked: Any) -> None:
    """Apply what a limit held back in RUN; `ottobridge runs show RUN` shows it."""
    with invocation.database() as engine:
        found = sync_runs.find(engine, run_number)
    if found is None:
        raise click.UsageError(f"There is no run {run_number}; `ottobridge runs` lists them.")
    _finish([_apply(invocation, _connection(invocation, found.connection), run_number, asked)], asked["as_json"])


def _connection(invocation: Invocation, name: str) -> Connection[Any]:
    found = invocation.configuration.connections.get(name)
    if found is None:
        with invocation.database() as engine:
            found = Connections({}, ADAPTERS, engine).find(name)
    if found is None:
        raise click.UsageError(f"No connection is called {name}; `ottobridge config check` lists them.")
    return found


def _run_or_apply(invocation: Invocation, connection: Connection[Any], asked: dict[str, Any]) -> Outcome:
    if asked["apply_file"] is None:
        return _run(invocation, connection, asked)
    if any(asked[name] for name in ("only_plan", "plan_file", "full", "max_changes", "override")):
        raise click.UsageError("--apply carries out a plan as it is; it takes no other option.")
    return _apply(invocation, connection, asked["apply_file"], asked)


def _run(invocation: Invocation, connection: Connection[Any], asked: dict[str, Any]) -> Outcome:
    folder = _reports(invocation, asked)
    options = Options(
        plan_file=_plan_file(connection, folder, asked),
        full=asked["full"],
        max_changes=asked["max_changes"],
        override=asked["override"],
    )
    with _session(invocation, connection) as (engine, syncing):
        outcome = _told(connection, lambda: syncing.run(options))
        _record(engine, outcome, folder)
    return outcome


def _run_if_due(invocation: Invocation, connection: Connection[Any], asked: dict[str, Any]) -> Iterator[Outcome]:
    """The outcome of a connection that is due; a mistake in one connection does not stop the others."""
    try:
        with _session(invocation, connection) as (_, syncing):
            due = syncing.due()
        if due:
            yield _run(invocation, connection, asked)
    except ConfigError as error:
        yield Outcome(0, connection.name, Status.FAILED, "configuration", notices=list(error.problems))


def _apply(invocation: Invocation, connection: Connection[Any], plan: Path | int, asked: dict[str, Any]) -> Outcome:
    with _session(invocation, connection) as (engine, syncing):
        found = read_plan_file(engine, plan) if isinstance(plan, Path) else sync_runs.find(engine, plan)
        if found is None:
            raise click.UsageError(f"There is no run {plan}.")
        outcome = _told(connection, lambda: syncing.apply_plan(found))
        _record(engine, outcome, _reports(invocation, asked))
    return outcome


@contextmanager
def _session(invocation: Invocation, connection: Connection[Any]) -> Iterator[tuple[Engine, Sync]]:
    with Console(connection.name) as console, stop_signals() as stopping, invocation.database() as engine:
        yield engine, open_sync(invocation, engine, connection, console, stopping)


def _told(connection: Connection[Any], act: Callable[[], Outcome]) -> Outcome:
    """What `act` came to; a lock that is held and a stale plan are outcomes too."""
    try:
        return act()
    except LockHeld as error:
        return Outcome(0, connection.name, Status.FAILED, "locked", notices=[str(error)])
    except PlanStale as error:
        return Outcome(0, connection.name, Status.FAILED, "stale", notices=[str(error)])


def _reports(invocation: Invocation, asked: dict[str, Any]) -> Path:
    return asked["reports"] or invocation.config_path.resolve().parent / "ottobridge-reports"


def _plan_file(connection: Connection[Any], folder: Path, asked: dict[str, Any]) -> Path | None:
    if not asked["only_plan"]:
        if asked["plan_file"]:
            raise click.UsageError("--plan-file goes with --plan; --apply FILE carries a plan out.")
        return None
    if asked["plan_file"] is not None:
        return Path(asked["plan_file"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{connection.name}.plan.jsonl"


def _record(engine: Engine, outcome: Outcome, folder: Path) -> None:
    """Write the report; a folder that cannot be written to spoils no sync."""
    found = sync_runs.find(engine, outcome.run)
    if found is None:
        return
    try:
        page, retry = write_report(engine, found, folder)
    except OSError as error:
        click.echo(f"The report cannot be written to {folder}: {error.strerror}", err=True)
        return
    outcome.report_file, outcome.retry_file = str(page), str(retry or "")
    if outcome.status == Status.PLANNED:
        _keep_lines(engine, outcome)


def _keep_lines(engine: Engine, outcome: Outcome) -> None:
    shown = [*filter(lambda kind: kind not in {Kind.ADOPT, Kind.RETURNED}, Kind)]
    for number, line in enumerate(lines_of(engine, outcome.run, kinds=tuple(shown))):
        if number == SHOWN:
            outcome.lines.append(f"… the rest is in {outcome.plan_file}")
            return
        outcome.lines.append(_line(line))


def _line(line: dict[str, Any]) -> str:
    user = f" (OttoLearn user {line['user_id']})" if line["user_id"] else ""
    parts = [f"{line['kind']:<11}{line['student_id']}{user}"]
    parts += [f"    {name}: {before!r} -> {after!r}" for name, (before, after) in line.get("changes", {}).items()]
    parts += [
        f"    {name}: {there!r} stays, the LMS has {here!r}" for name, (there, here) in line.get("kept", {}).items()
    ]
    parts += [f"    {line[name]}" for name in ("where", "reason", "note") if line.get(name)]
    return "\n".join(parts)


def _finish(outcomes: list[Outcome], as_json: bool, *, many: bool = False) -> NoReturn:
    """Print what happened and exit as the contract says."""
    if as_json:
        documents = [outcome.document() for outcome in outcomes]
        print_json(documents if many else documents[0])
    else:
        for outcome in outcomes:
            _print(outcome)
    codes = [WRONG_CONFIGURATION if o.reason == "configuration" else o.exit_code for o in outcomes]
    raise click.exceptions.Exit(min(codes, key=SEVERITY.index, default=0))


def _print(outcome: Outcome) -> None:
    for line in outcome.lines:
        click.echo(line)
    for notice in outcome.notices:
        click.echo(f"{outcome.connection}: {notice}", err=True)
    found = outcome.document()
    names = [name for name in ("created", "updated", "reactivated", "deactivated", "unchanged") if found[name]]
    names += [name for name in ("conflicts", "skipped", "quarantined", "held") if found[name]]
    counts = ", ".join(f"{found[name]:,} {name}" for name in names) or "nothing to do"
    reason = f" ({outcome.reason})" if outcome.reason else ""
    click.echo(
        f"{outcome.connection}: {outcome.status}{reason}: {outcome.read:,} read, {counts}; {outcome.seconds:.1f} s"
    )
    for name, path in (("plan", outcome.plan_file), ("report", outcome.report_file), ("try again", outcome.retry_file)):
        if path:
            click.echo(f"  {name}: {path}")
    if outcome.held and outcome.status == Status.HELD_BACK:
        click.echo(f"  to let what was held through: ottobridge sync approve {outcome.run}")
