"""The corrected copy of a file with mistakes: in cells, and in rows that could not be linked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from bridge.cli.invocation import Invocation
from bridge.cli.output import say
from bridge.contracts import Connection
from bridge.errors import RemoteUnavailable, RosterIncomplete
from bridge.store.database import Engine
from bridge.store.sync_items import Kind
from bridge.store.sync_runs import Status
from bridge.sync.outcome import Outcome
from bridge.sync.report import lines_of

MOST: Final = 10_000
"""Rows that could not be linked, in a copy that nobody asked for: nobody corrects more by hand."""

_ROW = re.compile(r"[0-9]+$")
_WHAT_TO_DO: Final = {
    "no_match": "a value that one OttoLearn user has",
    "ambiguous": "a value that only one OttoLearn user has; tidy OttoLearn up, or match by something else",
    "other_value": "the same value as in OttoLearn; clear it there if it is wrong, name another attribute for the "
    "student ID in roster.attributes, or link them in the bridge: ottobridge learners link, or unmatched import",
    "taken": "an ID that no other OttoLearn user has",
    "claimed_twice": "every student ID once",
    "duplicate": "one row for each person",
    "inactive_in_ottolearn": "an active OttoLearn user",
    "protected_user": "people who are not in roster.protected_users",
}
"""What a cell may say instead, by the reason for which a row was not linked."""


def is_source(connection: Connection[Any], copy: Path) -> bool:
    """Whether the copy would be written over the file that it is made from."""
    source = connection.settings.file
    return bool(source.exists() and copy.exists() and copy.samefile(source))


def write_copy(
    invocation: Invocation,
    connection: Connection[Any],
    engine: Engine,
    outcome: Outcome,
    place: Path,
    *,
    asked: bool,
) -> None:
    """Write the corrected copy of the file behind a run to `place`, and say where it is.

    Where it was not `asked` for, `place` is a folder, and there is a copy only of a file with mistakes.
    """
    correct = connection.adapter.correct
    if correct is None or (not asked and not _may_hold_mistakes(connection, outcome)):
        return
    target = place if asked else place / f"{outcome.connection}-{outcome.run}.corrected.csv"
    usernames = invocation.configuration.ottolearn.username_attributes
    try:
        if is_source(connection, target):
            raise FileExistsError(f"{target} is the file that is read; --corrected-copy FILE is another place")
        unlinked = [*islice(_unlinked(engine, outcome.run), None if asked else MOST)]
        found = correct(connection.settings, usernames, target, unlinked, asked)
    except (RemoteUnavailable, RosterIncomplete, OSError) as error:
        say(f"No corrected copy: {error}", err=True)
        return
    if asked or found:
        outcome.corrected_file = str(target)
        say(f"{found:,} to correct: {target}", err=True)


def _may_hold_mistakes(connection: Connection[Any], outcome: Outcome) -> bool:
    """Whether it is worth reading the file again: one that was taken for everybody has none."""
    stopped = outcome.reason in {"interrupted", "stopped"}
    if stopped or outcome.status == Status.FAILED:
        return False
    return connection.settings.link is not None or outcome.reason == "roster_incomplete"


def _unlinked(engine: Engine, run: int) -> Iterator[tuple[str, int, str, str]]:
    for line in lines_of(engine, run, kinds=(Kind.CONFLICT, Kind.SKIPPED)):
        where = line.get("where", "")
        if found := _ROW.search(where):
            what = line["reason"].replace("_", " ")
            what = f"{what} ({line['note']})" if line.get("note") else what
            yield where, int(found[0]), what, _WHAT_TO_DO.get(line["reason"], "an ID of a person")
