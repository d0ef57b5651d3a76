"""The difference between a new reading of OttoLearn's users and the directory, and its application.

Few users change between two readings. So each is compared with the current snapshot, and the differences are kept in
memory and written in one transaction at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, delete, func, select, update

from bridge.contracts import Learner
from bridge.roster.id_set import IdSet
from bridge.store import learner_rows
from bridge.store.engine import autocommit
from bridge.store.json_batch import JsonBatchQuery
from bridge.store.schema import directory, generation, learner, search_key

MOST: Final = 10_000
"""Differences that are kept in memory and written in one transaction; with more of them the whole list is written."""
COMPARED: Final = 1_000
"""Learners compared with one question to the database."""

_HELD: Final = JsonBatchQuery(
    tuple[int, bool, str],
    *(learner.c.user_id, learner.c.active, learner.c.attributes),
    among=learner.c.user_id,
    where=learner.c.generation == bindparam("g"),
)
_PAGE: Final = (
    select(learner.c.user_id, learner.c.active, learner.c.attributes)
    .where(learner.c.generation == bindparam("g"), learner.c.user_id > bindparam("last"))
    .order_by(learner.c.user_id)
    .limit(COMPARED)
)
_IDS: Final = _PAGE.with_only_columns(learner.c.user_id)
_SIZE: Final = select(func.count()).select_from(learner).where(learner.c.generation == bindparam("g"))
_LOCK: Final = (
    select(generation.c.id)
    .where(generation.c.id.in_(bindparam("both", expanding=True)))
    .order_by(generation.c.id)
    .with_for_update()
)
_CONFIRMED: Final = select(learner.c.user_id).where(learner.c.generation == bindparam("g"))
_READ: Final = (
    update(generation)
    .where(generation.c.id == bindparam("g"))
    .values(read_at=bindparam("at"), learners=bindparam("count"))
)
_ENDED: Final = update(directory).values(last=bindparam("new"), reading=None)
_DROP_SEARCH_KEYS: Final = delete(search_key).where(search_key.c.generation == bindparam("g"))
_DROP: Final = delete(generation).where(generation.c.id == bindparam("g"))


class Difference:
    """A reading compared with the generation `base`. A user listed twice counts as first listed."""

    def __init__(self, engine: Engine, base: int) -> None:
        self._engine = engine
        self._base = base
        self._held = 0
        self._seen = IdSet()
        self.changed: dict[int, Learner] = {}
        """The new and changed learners, by user id."""
        self.gone: list[int] = []
        """User ids that were not listed, in ascending order."""
        self.count = 0
        """The number of users listed."""

    def take(self, people: Iterator[Learner]) -> Iterator[Learner] | None:
        """Compare all `people` and return None; with more than `MOST` differences return all learners to write, those
        already compared included.
        """
        while batch := list(islice(people, COMPARED)):
            self._compare([person for person in batch if self._seen.add(person.user_id)])
            if len(self.changed) > MOST:
                rest = (person for person in people if person.user_id not in self._seen)
                return chain(self.changed.values(), rest, self._unchanged())
        self.gone = list(islice(self._absent(), MOST + 1))
        if len(self.changed) + len(self.gone) > MOST:
            return chain(self.changed.values(), self._unchanged())
        return None

    def _compare(self, batch: Sequence[Learner]) -> None:
        with autocommit(self._engine) as connection:
            rows = _HELD.fetch(connection, [person.user_id for person in batch], {"g": self._base})
        held = {user_id: (active, attributes) for user_id, active, attributes in rows}
        self.count += len(batch)
        self._held += len(held)
        for person in batch:
            if not _is_same(person, held.get(person.user_id)):
                self.changed[person.user_id] = person

    def _absent(self) -> Iterator[int]:
        """The user ids in the directory that were not listed; without a search where the counts are equal."""
        with autocommit(self._engine) as connection:
            if connection.execute(_SIZE, {"g": self._base}).scalar_one() == self._held:
                return
        for row in self._rows(_IDS):
            if row[0] not in self._seen:
                yield row[0]

    def _unchanged(self) -> Iterator[Learner]:
        """The compared learners who have not changed."""
        for user_id, active, attributes in self._rows(_PAGE):
            if user_id in self._seen and user_id not in self.changed:
                yield Learner(user_id, bool(active), json.loads(attributes))

    def _rows(self, page: Any) -> Iterator[Sequence[Any]]:
        last = -1
        while True:
            with autocommit(self._engine) as connection:
                rows = connection.execute(page, {"g": self._base, "last": last}).all()
            if not rows:
                return
            yield from rows
            last = rows[-1][0]


def patch(
    connection: Connection, base: int, new: int, found: Difference, attributes: Sequence[str], *, read_at: float
) -> None:
    """Bring the generation `base` to what the reading `new` said, within the caller's transaction.

    Users whom OttoLearn confirmed by a write while the list was read are in `new`, and keep those values.
    """
    # As `bridge.store.directory_snapshots.put` locks them, so that none of its transactions is under way from here on.
    connection.execute(_LOCK, {"both": [base, new]}).all()
    confirmed = set(connection.execute(_CONFIRMED, {"g": new}).scalars())
    learner_rows.remove(connection, base, _without(found.gone, confirmed), attributes)
    ids = _without(sorted(found.changed), confirmed)
    learner_rows.put(connection, base, [found.changed[user_id] for user_id in ids], attributes)
    connection.execute(_READ, {"g": base, "at": read_at, "count": found.count})
    connection.execute(_ENDED, {"new": new})
    connection.execute(_DROP_SEARCH_KEYS, {"g": new})
    connection.execute(_DROP, {"g": new})


def _without(user_ids: Iterable[int], confirmed: set[int]) -> list[int]:
    return [user_id for user_id in user_ids if user_id not in confirmed]


def _is_same(person: Learner, held: tuple[bool, str] | None) -> bool:
    if held is None or held[0] != person.active:
        return False
    # As text first, which is quicker; OttoLearn may list the attributes in another order.
    attributes = dict(person.attributes)
    return held[1] == learner_rows.written(attributes) or json.loads(held[1]) == attributes
