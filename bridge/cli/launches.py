"""`ottobridge launches`: what became of each launch, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.saying import say
from bridge.reasons import NAME_DIFFERS, REASONS

if TYPE_CHECKING:
    from bridge.store.database import Engine
    from bridge.store.launches import LaunchLine

PERSON = ("student_id", "first_name", "last_name")
COLUMNS = ("time", "connection", "kind", *PERSON, "outcome", "reason", "reference", "mark")
REFERENCE_LENGTH = 8
"""Letters and digits of a reference, without the dash in their middle."""
MARKED = {
    NAME_DIFFERS: "the LMS and OttoLearn name this learner otherwise: are both one person? If not, see who has the ID.",
}
MARKS = {True: "held", False: "FAILED", None: "not reached"}


@click.group(invoke_without_command=True)
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many.")
@as_json
@click.pass_context
def launches(context: click.Context, last: int, as_json: bool) -> None:
    """The record of launches, newest first."""
    if context.invoked_subcommand is not None:
        return
    from bridge.store.launches import newest

    with context.ensure_object(Invocation).database() as engine:
        lines = newest(engine, last)
    if as_json:
        print_json([_row(line) for line in lines])
    elif not lines:
        say("No launch yet.")
    else:
        _print_table(lines)


@launches.command()
@click.argument("reference")
@as_json
@pass_invocation
def explain(invocation: Invocation, reference: str, as_json: bool) -> None:
    """Which check failed, what was received, and what to change; of a launch that got in, whom it reached.

    REFERENCE with or without its dash, in any letter case.
    """
    from bridge.doctor.explain import checks
    from bridge.store import received
    from bridge.store.launches import by_reference

    with invocation.database() as engine:
        line = by_reference(engine, _as_given_out(reference))
        came = received.find(engine, line.reference) if line else None
        told = _told(engine, line) if line else ""
    if line is None:
        where = "`ottobridge launches` lists them; of very many refusals at once only the log has all"
        raise click.UsageError(f"No launch has the reference {reference}: {where}.")
    steps = checks(line.kind, line.outcome, line.reason, known=bool(line.student_id))
    advice = REASONS.get(line.reason)
    if as_json:
        found = [{"check": text, "result": MARKS[held].lower()} for text, held in steps]
        who, how = (advice.who, advice.how) if advice else ("", "")
        print_json(
            {
                **_row(line),
                "detail": line.detail,
                "checks": found,
                "who": who,
                "how": how,
                "received": came,
                "told": told,
            }
        )
        return
    _print_explanation(line, steps, came, told)


def _as_given_out(reference: str) -> str:
    """The reference as pages show it, however somebody has typed it."""
    letters = "".join(filter(str.isalnum, reference)).upper()
    half = REFERENCE_LENGTH // 2
    return f"{letters[:half]}-{letters[half:]}" if len(letters) == REFERENCE_LENGTH else reference.strip().upper()


def _told(engine: Engine, line: LaunchLine) -> str:
    """How the LMS was told of progress since, and what it said to that; empty where there is no progress yet."""
    from bridge.store import visits

    told = visits.reported_of_launch(engine, line.connection, line.kind, line.student_id, line.time)
    if told is None:
        return ""
    share = "mastered" if told.mastered else f"{told.progress:.0%}"
    return f"{share}, {told.state}" + (f": {told.detail}" if told.detail else "")


def _print_explanation(
    line: LaunchLine, steps: list[tuple[str, bool | None]], came: dict[str, Any] | None, told: str
) -> None:
    say(f"{line.reference}: {line.outcome}" + (f", {line.reason}" if line.reason else ""))
    say(f"{_iso(line.time)}, connection {line.connection or '-'}, {line.kind or 'no launch'}")
    say(f"student ID {line.student_id!r}, {line.first_name} {line.last_name}".rstrip(", "))
    if line.detail:
        say(f"detail: {line.detail}")
    if line.mark in MARKED:
        say(f"mark: {line.mark}: {MARKED[line.mark]}")
    if advice := REASONS.get(line.reason):
        say(f"\nWhat to do ({advice.who}): {advice.how}")
    if told:
        say(f"\nProgress to the LMS: {told}")
    say("\nChecks, in their order:")
    for text, held in steps:
        say(f"  {MARKS[held]:<12} {text}")
    if came:
        say("\nReceived (long values and secrets shortened; the token's claims as sent, whoever sent them):")
        _print_fields(came)


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
