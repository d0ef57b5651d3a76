"""A line of the record of launches, and the list of them read from SQLite's file by Python's own module: to load
SQLAlchemy takes ten times as long as to read the list.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from bridge.store.revisions import known_revisions


class LaunchLine(NamedTuple):
    """How one launch ended. `time` is Unix seconds; `detail` is for the operator only."""

    time: float
    connection: str
    kind: str
    student_id: str
    first_name: str
    last_name: str
    outcome: str
    reason: str
    reference: str
    detail: str = ""
    mark: str = ""
    """What an administrator should look at though the launch came in: `name_differs`."""


NEWEST: Final = f"SELECT {', '.join(LaunchLine._fields)} FROM launch ORDER BY time DESC, id DESC LIMIT :last"  # noqa: S608 -- names of ours
"""The `last` lines, newest first; of two at one time, the one written later first. `bridge.store.launches` asks both
databases the same."""
_PLAIN_FILE: Final = re.compile(r"sqlite(?:\+pysqlite)?:///((?!file:|:memory:)[^?#%]+)")


def newest_in_file(url: str, last: int) -> list[LaunchLine] | None:
    """The lines as `bridge.store.launches.newest` gives them; None for whatever is no SQLite file at this version's
    schema that can be read at once: `bridge.store.engine` opens and upgrades it, or says what is wrong with it.
    """
    named = _PLAIN_FILE.fullmatch(url)
    if named is None:
        return None
    place = Path(named[1]).absolute().as_uri()
    try:
        with closing(sqlite3.connect(f"{place}?mode=rw", uri=True, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if revision != known_revisions()[0]:
                return None
            return [LaunchLine(*row) for row in connection.execute(NEWEST, {"last": last})]
    except (sqlite3.Error, TypeError):
        return None
