"""`ottobridge progress`: what OttoLearn said of learners' progress, and whether their LMS has it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.store.visits import Reported, Visit, newest


@click.command()
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many.")
@as_json
@pass_invocation
def progress(invocation: Invocation, last: int, as_json: bool) -> None:
    """Progress on its way back to the LMS, newest first."""
    with invocation.database() as engine:
        rows = [_describe(visit, reported) for visit, reported in newest(engine, last)]
    if as_json:
        print_json(rows)
    elif not rows:
        say("No progress was reported yet.")
    for row in () if as_json else rows:
        share = "mastered" if row["mastered"] else f"{row['progress']:.0%}"
        line = f"{row['time']}  {row['state']:9}  {row['connection']}  {row['kind']}  {row['student_id']}  {share}"
        say(f"{line}  {row['detail']}".rstrip())


def _describe(visit: Visit, reported: Reported) -> dict[str, object]:
    return {
        "time": _iso(reported.received_at),
        "connection": visit.connection,
        "kind": visit.kind,
        "student_id": visit.student_id,
        "user_id": visit.user_id,
        "course": visit.course,
        "progress": reported.progress,
        "mastered": reported.mastered,
        "seconds": reported.seconds,
        "state": reported.state,
        "attempts": reported.attempts,
        "detail": reported.detail,
    }


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
