"""The directory: every OttoLearn user, and which student IDs each one's Username attributes hold.

Looking things up; `bridge.store.directory_snapshots` writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, and_, bindparam, func, or_, select, update

from bridge.contracts import Learner
from bridge.store.engine import autocommit
from bridge.store.schema import directory, generation, search_key
from bridge.store.schema import learner as people


class DirectoryState(NamedTuple):
    """What is served."""

    refreshed_at: float | None
    """When the reading that is served was begun, in Unix seconds; None before the first one."""
    learners: int
    """How many the reading held."""
    settled: bool
    """Whether a reading has come to its end since a refresh was last claimed."""


current: Final = select(directory.c.current).scalar_subquery()
"""The generation that is served."""
BATCH: Final = 2_000
"""Learners of one page, for code that iterates over all of them."""
_PAGE: Final = (
    select(people.c.user_id, people.c.active, people.c.attributes)
    .where(people.c.generation == current, people.c.user_id > bindparam("last"))
    .order_by(people.c.user_id)
    .limit(BATCH)
)
_LEARNER: Final = select(people.c.user_id, people.c.active, people.c.attributes).where(
    people.c.generation == current, people.c.user_id == bindparam("asked")
)
_BY_SEARCH_KEY: Final = (
    select(people.c.user_id, people.c.active, people.c.attributes)
    .join(search_key, (search_key.c.generation == people.c.generation) & (search_key.c.user_id == people.c.user_id))
    .where(search_key.c.generation == current, search_key.c.key == bindparam("asked"))
    .order_by(search_key.c.user_id)
    .limit(bindparam("most"))
)
_STATE: Final = select(
    generation.c.read_at, generation.c.learners, directory.c.last, directory.c.attempted_over
).select_from(directory.outerjoin(generation, generation.c.id == directory.c.current))
_TAKES: Final = func.coalesce(directory.c.took, 0)
_CLAIM: Final = (
    update(directory)
    .where(
        or_(
            directory.c.attempted_at.is_(None),
            and_(
                directory.c.attempted_at <= bindparam("now") - bindparam("every"),
                or_(
                    directory.c.attempted_at
                    <= bindparam("now") - bindparam("times") * func.coalesce(directory.c.took, 0),
                    # The last one failed, or never came to its end: nothing is known better than before.
                    directory.c.last.is_not_distinct_from(directory.c.attempted_over),
                ),
            ),
            # A clock that was set back must not stop refreshes until it has caught up.
            directory.c.attempted_at > bindparam("now") + bindparam("every"),
        )
    )
    .values(attempted_at=bindparam("now"), attempted_over=directory.c.last)
)
_TOOK: Final = update(directory).values(took=bindparam("seconds"))


def learner(engine: Engine, user_id: int) -> Learner | None:
    """The learner with this OttoLearn id."""
    with autocommit(engine) as connection:
        row = connection.execute(_LEARNER, {"asked": user_id}).one_or_none()
    return None if row is None else _read(*row)


def by_search_key(engine: Engine, key: int | None, most: int) -> list[Learner]:
    """At most `most` learners with this key of `bridge.store.search_keys`; some may have had it only before."""
    if key is None:
        return []
    with autocommit(engine) as connection:
        return [_read(*row) for row in connection.execute(_BY_SEARCH_KEY, {"asked": key, "most": most})]


def state(engine: Engine) -> DirectoryState:
    """What is served, and since when."""
    with autocommit(engine) as connection:
        return read_state(connection)


def read_state(connection: Connection) -> DirectoryState:
    """The same over a connection that is open."""
    read_at, count, last, attempted_over = connection.execute(_STATE).one()
    return DirectoryState(read_at, count or 0, last != attempted_over)


def claim_refresh(engine: Engine, *, now: float, every: float, times: float = 0.0) -> bool:
    """True for one caller, of all processes, in each `every` seconds, or in `times` of what the last reading took where
    that is longer and it ended well: the one who is to refresh.
    """
    with autocommit(engine) as connection:
        return connection.execute(_CLAIM, {"now": now, "every": every, "times": times}).rowcount == 1


def note_duration(engine: Engine, seconds: float) -> None:
    """Remember how long the last reading took."""
    with autocommit(engine) as connection:
        connection.execute(_TOOK, {"seconds": seconds})


def pages(engine: Engine) -> Iterator[list[Learner]]:
    """Every user, active or not, some at a time; between two pages the database is free."""
    read = msgspec.json.Decoder(dict[str, str]).decode
    last = -1
    while True:
        with autocommit(engine) as connection:
            rows = connection.execute(_PAGE, {"last": last}).all()
        if not rows:
            return
        yield [Learner(user_id, active, read(attributes)) for user_id, active, attributes in rows]
        last = rows[-1].user_id


def _read(user_id: int, active: bool, attributes: str) -> Learner:
    return Learner(user_id, active, json.loads(attributes))
