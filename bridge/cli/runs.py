"""`ottobridge runs`: the record of sync runs."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

import click

from bridge.cli.invocation import NUMBER, Invocation, as_json, pass_invocation, print_json
from bridge.cli.lazy_group import ListingGroup
from bridge.cli.output import say
from bridge.cli.tables import print_table
from bridge.store.sync_runs import Run, find, newest
from bridge.store.sync_stops import ask_to_stop
from bridge.sync.planfile import iso
from bridge.sync.report import COUNTS, document, lines_of

COLUMNS = ("run", "started_at", "connection", "kind", "status", "reason", *COUNTS, "seconds")
PEOPLE = ("student_id", "kind", "state", "user_id")


@click.group(cls=ListingGroup, invoke_without_command=True)
@click.option("--last", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
@click.option("--connection", help="Only the runs of this connection.")
@as_json
@pass_invocation
@click.pass_context
def runs(context: click.Context, invocation: Invocation, last: int, connection: str | None, as_json: bool) -> None:
    """The record of sync runs, newest first."""
    if context.invoked_subcommand is not None:
        return
    with invocation.database() as engine:
        found = newest(engine, last, connection)
    if as_json:
        print_json([{name: document(run).get(name) for name in COLUMNS} for run in found])
    elif not found:
        say("No run yet.")
    else:
        _print_table(found)


@runs.command()
@click.argument("run_number", metavar="RUN", type=NUMBER)
@click.option("--last", type=click.IntRange(0), default=1_000, show_default=True, help="How many people at most.")
@as_json
@pass_invocation
def show(invocation: Invocation, run_number: int, last: int, as_json: bool) -> None:
    """Everything about RUN: counts, reasons, and what was done or held for whom."""
    with invocation.database() as engine:
        found = find(engine, run_number)
        if found is None:
            raise click.UsageError(f"There is no run {run_number}; `ottobridge runs` lists them.")
        people = list(islice(lines_of(engine, run_number), last))
    whole = document(found)
    whole.pop("samples", None)
    if as_json:
        print_json({**whole, "people": people})
        return
    for name, value in whole.items():
        if value not in ("", [], {}):
            say(f"{name}: {value}")
    rows = [[str(line.get(name) or "") for name in PEOPLE] + [_why(line)] for line in people]
    print_table(("student_id", "what", "state", "user", "why"), rows, folding=("why",))


@runs.command()
@click.argument("run_number", metavar="RUN", type=NUMBER)
@as_json
@pass_invocation
def stop(invocation: Invocation, run_number: int, as_json: bool) -> None:
    """Ask RUN to stop, on whichever machine it is under way; it finishes and records what it has begun.

    Exit 1 where it is not under way. The next run resumes there.
    """
    with invocation.database() as engine:
        if find(engine, run_number) is None:
            raise click.UsageError(f"There is no run {run_number}; `ottobridge runs` lists them.")
        asked = ask_to_stop(engine, run_number, time.time())
    if as_json:
        print_json({"run": run_number, "asked": asked})
    elif asked:
        say(f"Run {run_number} is asked to stop; `ottobridge runs show {run_number}` tells when it has.")
    else:
        say(f"Run {run_number} is not under way.", err=True)
    if not asked:
        raise click.exceptions.Exit(1)


def _why(line: dict[str, Any]) -> str:
    return " · ".join(str(line[name]) for name in ("where", "reason", "note", "changes", "kept") if line.get(name))


def _print_table(found: list[Run]) -> None:
    lines = [{**document(run), "started_at": iso(run.started_at)} for run in found]
    shown = [name for name in COLUMNS if name not in COUNTS or name == "read" or any(line.get(name) for line in lines)]
    print_table(shown, [[str(line.get(name, "")) for name in shown] for line in lines])
