"""`ottobridge probe`: what probe packages saw, and the configuration that fits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import msgspec
import yaml

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.packages import probing
from bridge.store.probes import ProbeRow, newest

last_probes = click.option("--last", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many.")


@click.group(invoke_without_command=True)
@last_probes
@as_json
@click.pass_context
def probe(context: click.Context, last: int, as_json: bool) -> None:
    """See what an LMS passes to packages (made by `ottobridge package CONNECTION --probe -o FILE`).

    Without a command it is `show`.
    """
    if context.invoked_subcommand is None:
        _show(context.ensure_object(Invocation), last, as_json=as_json)


@probe.command()
@last_probes
@as_json
@pass_invocation
def show(invocation: Invocation, last: int, as_json: bool) -> None:
    """The last probe, and the connection's configuration that fits it."""
    _show(invocation, last, as_json=as_json)


def _show(invocation: Invocation, last: int, *, as_json: bool) -> None:
    with invocation.database() as engine:
        found = [_describe(row) for row in newest(engine, last)]
    if as_json:
        print_json(found)
    elif not found:
        say("No probe has reported yet.")
    for one in () if as_json else found:
        _print(one)


def _describe(row: ProbeRow) -> dict[str, Any]:
    findings = msgspec.json.decode(row.findings)
    return {
        "time": datetime.fromtimestamp(row.time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "connection": row.connection,
        "origin": row.origin,
        "learner_id": probing.learner_id(findings),
        "learner_name": probing.learner_name(findings),
        "findings": findings,
        "remarks": probing.remarks(row.origin, findings),
        "proposal": {row.connection: probing.propose(row.origin, findings)},
    }


def _print(one: dict[str, Any]) -> None:
    say(f"{one['time']}  {one['connection']} on {one['origin'] or 'an unknown site'}")
    say(f"  id: {one['learner_id'] or '(empty)'}    name: {one['learner_name'] or '(empty)'}")
    for session in (one["findings"].get("sessions") or {}).values():
        for element, answer in session.get("values", {}).items():
            say(f"  {element}: {answer.get('value') or '(empty)'}  (error {answer.get('error')})")
    for remark in one["remarks"]:
        say(f"  note: {remark}")
    say("\nFor the configuration, under `connections:`\n")
    say(yaml.safe_dump(one["proposal"], allow_unicode=True, sort_keys=False))
