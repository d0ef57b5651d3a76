"""The output of a sync: the lines of a plan, the summary of each connection, and the exit code."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, NoReturn

import click

from bridge.cli.invocation import print_json
from bridge.cli.output import say
from bridge.store.database import Engine
from bridge.store.sync_items import Kind, State
from bridge.store.sync_runs import Status
from bridge.sync.outcome import Outcome
from bridge.sync.reasons import RunReason
from bridge.sync.report import lines_of

SHOWN = 100
"""Lines of a plan that are printed; its file has them all."""
WRONG_CONFIGURATION = 2
SEVERITY = (130, WRONG_CONFIGURATION, 1, 3, 4, 6, 5, 0)
"""Exit codes of several connections, in order of precedence."""
KINDS = {"whole": "full run", "in_between": "incremental run"}


def plan_lines(engine: Engine, outcome: Outcome) -> Iterator[str]:
    """The plan of a run as people read it, cut where it becomes long."""
    shown = [*filter(lambda kind: kind not in {Kind.ADOPT, Kind.RETURNED}, Kind)]
    for number, line in enumerate(lines_of(engine, outcome.run, kinds=tuple(shown))):
        if number == SHOWN:
            yield f"… the rest is in {outcome.plan_file}"
            return
        yield _line(line)


def finish(outcomes: list[Outcome], as_json: bool, *, many: bool = False) -> NoReturn:
    """Print what happened and exit as the contract says."""
    if as_json:
        documents = [outcome.document() for outcome in outcomes]
        print_json(documents if many else documents[0])
    else:
        for outcome in outcomes:
            _print(outcome)
    codes = [_exit_code(outcome, many) for outcome in outcomes]
    raise click.exceptions.Exit(min(codes, key=SEVERITY.index, default=0))


def _exit_code(outcome: Outcome, many: bool) -> int:
    """Of every connection that is due, one that another machine syncs is simply its own: the next round looks again."""
    if many and outcome.reason == RunReason.LOCKED:
        return 0
    return WRONG_CONFIGURATION if outcome.reason == RunReason.CONFIGURATION else outcome.exit_code


def _line(line: dict[str, Any]) -> str:
    user = f" (OttoLearn user {line['user_id']})" if line["user_id"] else ""
    held = ", held" if line["state"] == State.HELD else ""
    parts = [f"{line['kind']:<11}{line['student_id'] or '(no student ID)'}{user}{held}"]
    parts += [f"    {name}: {before!r} -> {after!r}" for name, (before, after) in line.get("changes", {}).items()]
    parts += [
        f"    {name}: {there!r} stays, the LMS has {here!r}" for name, (there, here) in line.get("kept", {}).items()
    ]
    parts += [f"    {line[name]}" for name in ("where", "reason", "note") if line.get(name)]
    return "\n".join(parts)


def _print(outcome: Outcome) -> None:
    for line in outcome.lines:
        say(line)
    for notice in outcome.notices:
        say(f"{outcome.connection}: {notice}", err=True)
    found = outcome.document()
    names = [name for name in ("created", "updated", "reactivated", "deactivated", "unchanged") if found[name]]
    names += [name for name in ("conflicts", "skipped", "quarantined", "held") if found[name]]
    counts = ", ".join(f"{found[name]:,} {name}" for name in names) or "nothing to do"
    reason = f" ({outcome.reason})" if outcome.reason else ""
    say(
        f"{outcome.connection}: {outcome.status}{reason}: {KINDS[outcome.kind]}, {outcome.read:,} read, {counts}; "
        f"{outcome.seconds:.1f} s"
    )
    files = {"plan": outcome.plan_file, "report": outcome.report_file, "try again": outcome.retry_file}
    for name, path in {**files, "to correct": outcome.corrected_file}.items():
        if path:
            say(f"  {name}: {path}")
    if outcome.held and outcome.status == Status.HELD_BACK:
        command = shlex.join(["ottobridge", "sync", "approve", str(outcome.run), *outcome.reading])
        say(f"  to let what was held through: {command}")
