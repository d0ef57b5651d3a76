"""`ottobridge demo`: bridge, sandbox OttoLearn and sandbox LMS on loopback, to click through or to check."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console

from bridge.cli.invocation import Invocation, as_json, print_json
from bridge.cli.output import say, styled
from bridge.cli.syncing import Console as Progress
from bridge.cli.tables import print_table
from bridge.store.sync_runs import Status
from bridge.sync.outcome import Outcome
from bridge.sync.run import Options
from sandbox.check import Checked, check_launches, check_newcomers
from sandbox.demo import CannotStart, Demo, run_demo
from sandbox.lms.doors import CANVAS

PORT = 8080


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"The bridge's port on 127.0.0.1; 0 takes a free one.  [default: {PORT}; with --check a free one]",
)
@click.option("--check", is_flag=True, help="Run every kind of launch for every person, print the outcomes, and exit.")
@as_json
def demo(port: int | None, check: bool, as_json: bool) -> None:
    """Try it all out: a bridge, an OttoLearn and an LMS with people in them, on this machine alone."""
    if as_json and not check:
        raise click.UsageError("--json needs --check")
    if check:
        _check(port or 0, as_json)
    else:
        _stay(PORT if port is None else port)


def _stay(port: int) -> None:
    """Serve until Ctrl-C or SIGTERM, which is how a demo ends well."""
    with _stopped_by_signals(), _running(port) as running:
        say(f"Open this in a browser:  {running.lms_url}/", err=True)
        say(f"The bridge:              {running.bridge_url}", err=True)
        say(f"The sandbox OttoLearn:   {running.ottolearn_url}", err=True)
        say(f"Its administrators:      {running.bridge_url}/admin", err=True)
        say(f"    name {running.account.name}, password {running.account.password}", err=True)
        say("Ctrl-C stops all of it.", err=True)
        threading.Event().wait()


def _check(port: int, as_json: bool) -> None:
    with _running(port) as running:
        checked = [*check_launches(running)]
        synced = _sync(running)
        provisioning = [*check_newcomers(running)]
    if as_json:
        print_json({"launches": [_row(launch) for launch in checked], "sync": synced.document()})
    else:
        _print_table(checked)
        _print_sync(synced, provisioning)
    if any(launch.problems for launch in (*checked, *provisioning)) or synced.status != Status.DONE:
        raise click.exceptions.Exit(1)


def _sync(running: Demo) -> Outcome:
    """One roster sync: the sandbox LMS's people, by Canvas's API, into the sandbox OttoLearn."""
    invocation = Invocation(running.config_path)
    connection = running.configuration.connections[CANVAS]
    with Progress(connection.name) as progress, invocation.database() as engine:
        return (
            invocation.syncs_over(engine)
            .of(connection, progress.notice, lambda: False, progress.progress)
            .run(Options())
        )


def _print_sync(synced: Outcome, provisioning: Sequence[Checked]) -> None:
    console = Console()
    counts = ("read", "created", "updated", "unchanged", "conflicts", "skipped")
    counted = ", ".join(f"{getattr(synced, name)} {name}" for name in counts)
    console.print(styled(f"Roster sync of {synced.connection}: {synced.status}; {counted}."), soft_wrap=True)
    for launch in provisioning:
        verdict = "; ".join(launch.problems) or "ok"
        console.print(
            styled(f"{launch.person.name} launches after the sync: {launch.outcome}: {verdict}"), soft_wrap=True
        )


@contextmanager
def _running(port: int) -> Iterator[Demo]:
    try:
        with run_demo(port) as running:
            yield running
    except CannotStart as error:
        raise click.ClickException(f"The demo cannot start: {error}. --port chooses another port.") from error


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Leave the block on Ctrl-C or SIGTERM, even where a shell has started us with SIGINT ignored."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped.", err=True)
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _row(launch: Checked) -> dict[str, Any]:
    return {
        "connection": launch.door.connection,
        "kind": launch.door.kind.value,
        **launch.student._asdict(),
        "outcome": launch.outcome,
        "expected": launch.person.outcome.value,
    }


def _print_table(checked: Sequence[Checked]) -> None:
    rows = []
    for launch in checked:
        words = (launch.door.kind, launch.door.connection, *launch.student, launch.outcome or "none")
        rows.append((*words, "FAILED" if launch.problems else "ok"))
    names = ("launch kind", "connection", "student ID", "first name", "last name", "outcome", "")
    print_table(names, rows, folding=("student ID", "first name", "last name"))
    console = Console()
    for launch in checked:
        for problem in launch.problems:
            console.print(styled(f"FAILED {launch.door.title}, {launch.person.name}: {problem}"), soft_wrap=True)
    failed = sum(bool(launch.problems) for launch in checked)
    say(f"{len(checked)} launches, {failed} failed.")
