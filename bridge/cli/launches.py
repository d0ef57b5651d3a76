"""`ottobridge launches`: what became of each launch, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from adapters import ADAPTERS
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.lazy_group import ListingGroup
from bridge.cli.output import say
from bridge.reasons import NAME_DIFFERS, REASONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.doctor.comparison import ComparedSetting
    from bridge.doctor.explanation import Explanation, Finds
    from bridge.store.launch_lines import LaunchLine

PERSON = ("student_id", "first_name", "last_name")
COLUMNS = ("time", "connection", "kind", *PERSON, "outcome", "reason", "reference", "mark")
MARKED = {
    NAME_DIFFERS: "the LMS and OttoLearn name this learner otherwise: are both one person? If not, see who has the ID.",
}
MARKS = {True: "held", False: "FAILED", None: "not reached"}


@click.group(cls=ListingGroup, invoke_without_command=True)
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many.")
@as_json
@click.pass_context
def launches(context: click.Context, last: int, as_json: bool) -> None:
    """The record of launches, newest first."""
    if context.invoked_subcommand is not None:
        return
    lines = _newest(context.ensure_object(Invocation), last)
    if as_json:
        print_json([_row(line) for line in lines])
    elif not lines:
        say("No launch yet.")
    else:
        _print_table(lines)


def _newest(invocation: Invocation, last: int) -> list[LaunchLine]:
    from bridge.store.launch_lines import newest_in_file

    if (lines := newest_in_file(invocation.database_settings.url, last)) is not None:
        return lines
    from bridge.store.launches import newest

    with invocation.database() as engine:
        return newest(engine, last)


@launches.command()
@click.argument("reference")
@as_json
@pass_invocation
def explain(invocation: Invocation, reference: str, as_json: bool) -> None:
    """Which check failed, what was received, and what to change; of a launch that got in, whom it reached.

    REFERENCE with or without its dash, in any letter case; O is read as 0 is, and I and L as 1 is.
    """
    from bridge.config.connections import Connections
    from bridge.doctor import explanation
    from bridge.doctor.comparison import compare

    with invocation.database() as engine:
        line = explanation.find_launch(engine, reference)
        if line is None:
            where = "`ottobridge launches` lists them; of very many refusals at once only the log has all"
            raise click.UsageError(f"No launch has the reference {reference}: {where}.")
        known = Connections(invocation.configuration.connections, ADAPTERS, engine)
        found = explanation.explain(engine, invocation.directory_over(engine), known.find, line)
        compared = compare(invocation.configuration, known.find, line, found.received)
    if as_json:
        print_json({**_document(found), "compared": [one._asdict() for one in compared]})
    else:
        _print_explanation(found, compared)


def _document(found: Explanation) -> dict[str, Any]:
    who, how = (found.advice.who, found.advice.how) if found.advice else ("", "")
    return {
        **_row(found.line),
        "detail": found.line.detail,
        "checks": [{"check": text, "result": MARKS[held].lower()} for text, held in found.checks],
        "who": who,
        "how": how,
        "received": found.received,
        "told": found.progress,
        "finds": None if found.finds is None else found.finds._asdict(),
    }


def _finds(found: Finds) -> str:
    """Whom the student ID finds now, in words."""
    if len(found.users) > 1:
        return f"several OttoLearn users: {', '.join(map(str, found.users))}"
    if not found.users:
        return "nobody in OttoLearn"
    return f"the OttoLearn user {found.users[0]} by {found.by}" + ("" if found.active else ", who is inactive")


def _print_explanation(found: Explanation, compared: Sequence[ComparedSetting]) -> None:
    from bridge.doctor.summaries import what_became, who_came

    line = found.line
    say(f"{line.reference}: {line.outcome}" + (f", {line.reason}" if line.reason else ""))
    say(f"{who_came(line)} {what_became(line)}.")
    say(f"{_iso(line.time)}, connection {line.connection or '-'}, {line.kind or 'no launch'}")
    say(f"student ID {line.student_id!r}, {line.first_name} {line.last_name}".rstrip(", "))
    if line.detail:
        say(f"detail: {line.detail}")
    if line.mark in MARKED:
        say(f"mark: {line.mark}: {MARKED[line.mark]}")
    if advice := found.advice:
        say(f"\nWhat to do ({advice.who}): {advice.how}")
    for one in compared:
        say(f"  {one.setting} says: {one.configured}; the launch said: {one.came or 'nothing that was kept'}")
    if found.finds:
        say(f"\nThe student ID finds now: {_finds(found.finds)}")
    if found.progress:
        say(f"\nProgress to the LMS: {found.progress}")
    say("\nChecks, in their order:")
    for text, held in found.checks:
        say(f"  {MARKS[held]:<12} {text}")
    if found.received:
        say("\nReceived (long values and secrets shortened; the token's claims as sent, whoever sent them):")
        _print_fields(found.received)


def _print_fields(fields: dict[str, Any], depth: int = 1) -> None:
    for name, value in fields.items():
        if isinstance(value, dict):
            if value:
                say(f"{'  ' * depth}{name}:")
                _print_fields(value, depth + 1)
        else:
            say(f"{'  ' * depth}{name}: {value}")


def _row(line: LaunchLine) -> dict[str, str]:
    return {name: _value(line, name) for name in COLUMNS}


def _value(line: LaunchLine, name: str) -> str:
    return _iso(line.time) if name == "time" else str(getattr(line, name))


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _print_table(lines: list[LaunchLine]) -> None:
    from bridge.cli.tables import print_table

    print_table(
        COLUMNS, [[_value(line, name) for name in COLUMNS] for line in lines], folding=("first_name", "last_name")
    )
    for reason in dict.fromkeys(line.reason for line in lines if line.reason in REASONS):
        row = REASONS[reason]
        say(f"{reason}: {row.how} ({row.who})")
    for mark in dict.fromkeys(line.mark for line in lines if line.mark in MARKED):
        say(f"{mark}: {MARKED[mark]}")
