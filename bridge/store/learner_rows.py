"""A learner as rows: the record, its Username values, and its search keys.

Everything here works within its caller's transaction. Rows go in ascending order, learners by id, search keys by key:
two transactions that write the same rows in two orders would deadlock, and PostgreSQL would abort one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Executable, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.contracts import Learner
from bridge.identifiers import is_student_id, loose_key, normalize
from bridge.store import search_keys
from bridge.store.schema import learner, username

BATCH: Final = 500
"""Learners named in one statement, or written in one transaction: launches never wait long for their turn."""

_ADD: Final[dict[str, Executable]] = {
    "sqlite": sqlite.insert(learner).on_conflict_do_nothing().returning(learner.c.user_id),
    "postgresql": postgresql.insert(learner).on_conflict_do_nothing().returning(learner.c.user_id),
}
_ADD_USERNAMES: Final = {
    "sqlite": "INSERT INTO username (generation, folded, user_id, attribute, value) VALUES (?, ?, ?, ?, ?)",
    "postgresql": "INSERT INTO username (generation, folded, user_id, attribute, value) VALUES (%s, %s, %s, %s, %s)",
}
"""For the driver, as those of search keys: SQLAlchemy takes as long for a row as the database."""
_ADD_SEARCH_KEYS: Final = {
    "sqlite": "INSERT INTO hint (generation, key, user_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    "postgresql": "INSERT INTO hint (generation, key, user_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
}
_DROP_SEARCH_KEYS: Final = {
    "sqlite": "DELETE FROM hint WHERE generation = ? AND key = ? AND user_id = ?",
    "postgresql": "DELETE FROM hint WHERE generation = %s AND key = %s AND user_id = %s",
}
_OF_GENERATION: Final = learner.c.generation == bindparam("g")
_AMONG: Final = learner.c.user_id.in_(bindparam("among", expanding=True))
_OLD: Final = (
    select(learner.c.user_id, learner.c.active, learner.c.attributes)
    .where(_OF_GENERATION, _AMONG)
    .order_by(learner.c.user_id)
    .with_for_update()
)
_REMOVE: Final = delete(learner).where(_OF_GENERATION, _AMONG)
_FORGET_USERNAMES: Final = delete(username).where(
    username.c.generation == bindparam("g"), username.c.user_id == bindparam("u")
)


def _put_statement(dialect: Any) -> Executable:
    row = dialect.insert(learner)
    changed = {"active": row.excluded.active, "attributes": row.excluded.attributes}
    statement: Executable = row.on_conflict_do_update(index_elements=["generation", "user_id"], set_=changed)
    return statement


_PUT: Final = {"sqlite": _put_statement(sqlite), "postgresql": _put_statement(postgresql)}


def add(connection: Connection, live: int, people: Sequence[Learner], attributes: Sequence[str]) -> list[Learner]:
    """Insert those of `people`, in ascending order, who are not there yet, with their Username values; returns them.

    Their search keys are left to the caller.
    """
    by_id = {person.user_id: person for person in people}
    rows = connection.execute(_ADD[connection.dialect.name], [_row(live, person) for person in people])
    added = [by_id[user_id] for user_id in sorted(rows.scalars())]
    _add_usernames(connection, live, added, attributes)
    return added


def put(connection: Connection, live: int, people: Sequence[Learner], attributes: Sequence[str]) -> None:
    """Write `people`, in ascending order, in the place of what was there of them."""
    if not people:
        return
    forget_search_keys(connection, live, [person.user_id for person in people], attributes)
    connection.execute(_PUT[connection.dialect.name], [_row(live, person) for person in people])
    connection.execute(_FORGET_USERNAMES, [{"g": live, "u": person.user_id} for person in people])
    _add_usernames(connection, live, people, attributes)
    add_search_keys(connection, live, _search_keys(people, attributes))


def remove(connection: Connection, live: int, user_ids: Sequence[int], attributes: Sequence[str]) -> None:
    """Delete learners, in ascending order, with their Username values and search keys."""
    forget_search_keys(connection, live, user_ids, attributes)
    for some in _pieces(user_ids):
        connection.execute(_REMOVE, {"g": live, "among": some})


def add_search_keys(connection: Connection, live: int, found: Iterable[tuple[int, int]]) -> None:
    """Write search keys: key and user id, in ascending order."""
    if rows := [(live, key, user_id) for key, user_id in found]:
        connection.exec_driver_sql(_ADD_SEARCH_KEYS[connection.dialect.name], rows)


def forget_search_keys(connection: Connection, live: int, user_ids: Sequence[int], attributes: Sequence[str]) -> None:
    """Delete the search keys of these learners as they are stored now; locks their rows until the transaction ends."""
    for some in _pieces(user_ids):
        found = connection.execute(_OLD, {"g": live, "among": some})
        old = [Learner(user_id, active, json.loads(text)) for user_id, active, text in found]
        if rows := [(live, key, user_id) for key, user_id in _search_keys(old, attributes)]:
            connection.exec_driver_sql(_DROP_SEARCH_KEYS[connection.dialect.name], rows)


def written(attributes: dict[str, str]) -> str:
    """Attributes as they are stored."""
    try:
        return msgspec.json.encode(attributes).decode()
    except UnicodeEncodeError:  # half a surrogate pair, which only the standard library writes
        return json.dumps(attributes)


def _search_keys(people: Sequence[Learner], attributes: Sequence[str]) -> list[tuple[int, int]]:
    return sorted((key, person.user_id) for person in people for key in search_keys.of_learner(person, attributes))


def _add_usernames(connection: Connection, live: int, people: Sequence[Learner], attributes: Sequence[str]) -> None:
    if rows := [row for person in people for row in _username_rows(live, person, attributes)]:
        connection.exec_driver_sql(_ADD_USERNAMES[connection.dialect.name], rows)


def _username_rows(live: int, person: Learner, attributes: Sequence[str]) -> Iterator[tuple[int, str, int, str, str]]:
    for attribute in dict.fromkeys(attributes):
        value = normalize(person.attributes.get(attribute, ""))
        if is_student_id(value):
            yield live, loose_key(value), person.user_id, attribute, value


def _pieces(user_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(user_ids), BATCH):
        yield user_ids[start : start + BATCH]


def _row(live: int, person: Learner) -> dict[str, object]:
    attributes = written(dict(person.attributes))
    return {"generation": live, "user_id": person.user_id, "active": person.active, "attributes": attributes}
