"""One sync as a command does it: open the rooms, run or apply, write the report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from bridge.cli.corrected_copy import write_copy
from bridge.cli.file_source import how_to_confirm, options_of_reading
from bridge.cli.invocation import Invocation
from bridge.cli.output import say
from bridge.cli.sync_options import options_of, report_folder
from bridge.cli.sync_output import plan_lines
from bridge.cli.syncing import Console, stop_signals
from bridge.contracts import Connection
from bridge.errors import ConfigError
from bridge.store import sync_runs
from bridge.store.database import Engine
from bridge.store.sync_lock import LockHeld
from bridge.store.sync_runs import Run, Status
from bridge.sync.outcome import Outcome
from bridge.sync.planfile import read_plan_file
from bridge.sync.reasons import RunReason
from bridge.sync.report import write_report
from bridge.sync.run import Sync
from bridge.sync.stale import PlanStale
from bridge.tracing import export

log = logging.getLogger(__name__)


def run_or_apply(invocation: Invocation, connection: Connection[Any], asked: dict[str, Any]) -> Outcome:
    """Sync CONNECTION, or carry out the plan in the file that `asked` names."""
    if asked["apply_file"] is None:
        return _run(invocation, connection, asked)
    if any(asked[name] for name in ("only_plan", "plan_file", "full", "override")) or asked["max_changes"]:
        raise click.UsageError("--apply carries out a plan as it is; it takes no other option.")
    return _apply(invocation, connection, asked["apply_file"], asked)


def run_if_due(invocation: Invocation, connection: Connection[Any], asked: dict[str, Any]) -> Iterator[Outcome]:
    """The outcome of a connection that is due; a mistake in one connection does not stop the others."""
    try:
        with _session(invocation, connection) as (_, syncing):
            due = syncing.due()
        if due:
            yield _run(invocation, connection, asked)
    except ConfigError as error:
        yield Outcome(0, connection.name, Status.FAILED, RunReason.CONFIGURATION, notices=list(error.problems))
    except Exception:
        log.exception("the sync of %s has failed", connection.name)
        notice = "an error in the bridge itself; the log has it, and the other connections go on"
        yield Outcome(0, connection.name, Status.FAILED, "internal", notices=[notice])


def approve(invocation: Invocation, connection: Connection[Any], run: Run, asked: dict[str, Any]) -> Outcome:
    """Read again, and do of what `run` held what is still true."""
    with _session(invocation, connection) as (engine, syncing):
        outcome = _outcome_of(connection, lambda: syncing.approve(run))
        outcome.reading = options_of_reading(invocation, connection)
        _record(engine, outcome, report_folder(invocation, asked))
        _copy(invocation, connection, engine, outcome, asked)
    return outcome


def _apply(invocation: Invocation, connection: Connection[Any], plan: Path, asked: dict[str, Any]) -> Outcome:
    with _session(invocation, connection) as (engine, syncing):
        found = read_plan_file(engine, plan)
        outcome = _outcome_of(connection, lambda: syncing.apply_plan(found))
        outcome.reading = options_of_reading(invocation, connection)
        _record(engine, outcome, report_folder(invocation, asked))
        _copy(invocation, connection, engine, outcome, asked)
    return outcome


def _run(invocation: Invocation, connection: Connection[Any], asked: dict[str, Any]) -> Outcome:
    options = options_of(invocation, connection, asked)
    with _session(invocation, connection) as (engine, syncing):
        outcome = _outcome_of(connection, lambda: syncing.run(options))
        outcome.reading = options_of_reading(invocation, connection)
        if outcome.reason == sync_runs.GUESSED:
            outcome.notices.append(how_to_confirm(invocation, connection, outcome))
        _record(engine, outcome, report_folder(invocation, asked))
        _copy(invocation, connection, engine, outcome, asked)
    return outcome


@contextmanager
def _session(invocation: Invocation, connection: Connection[Any]) -> Iterator[tuple[Engine, Sync]]:
    export.start(invocation.configuration.bridge)
    with Console(connection.name) as console, stop_signals() as stopping, invocation.database() as engine:
        yield engine, invocation.syncs_over(engine).of(connection, console.notice, stopping, console.progress)


def _outcome_of(connection: Connection[Any], act: Callable[[], Outcome]) -> Outcome:
    """The outcome of `act`; LockHeld and PlanStale become failed outcomes."""
    try:
        return act()
    except LockHeld as error:
        return Outcome(0, connection.name, Status.FAILED, RunReason.LOCKED, notices=[str(error)])
    except PlanStale as error:
        return Outcome(0, connection.name, Status.FAILED, RunReason.STALE, notices=[str(error)])


def _record(engine: Engine, outcome: Outcome, folder: Path) -> None:
    """Write the report; a folder that cannot be written to does not fail the sync."""
    found = sync_runs.find(engine, outcome.run)
    if found is None:
        return
    try:
        page, retry = write_report(engine, found, folder)
    except OSError as error:
        say(f"The report cannot be written to {folder}: {error.strerror}", err=True)
        return
    outcome.report_file, outcome.retry_file = str(page), str(retry or "")
    if outcome.status == Status.PLANNED:
        outcome.lines += plan_lines(engine, outcome)


def _copy(
    invocation: Invocation, connection: Connection[Any], engine: Engine, outcome: Outcome, asked: dict[str, Any]
) -> None:
    target = asked.get("corrected_copy")
    place = report_folder(invocation, asked) if target is None else target
    write_copy(invocation, connection, engine, outcome, place, asked=target is not None)
