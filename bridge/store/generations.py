"""Writing the directory: a reading of OttoLearn's whole list, and single users as they change.

A reading of the whole list is a *generation*. It is written beside the one being served, which changes hands in one
statement at the very end; a reading that fails leaves no trace. Of two readings at once the one begun later wins.

Each transaction writes its rows in ascending order, learners by id and hints by key: two that write the same ones in
two orders would wait for each other, and PostgreSQL would end one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Executable, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.contracts import Learner
from bridge.identifiers import is_student_id, loose_key, normalize
from bridge.store import hints
from bridge.store.engine import alone
from bridge.store.learners import current, state
from bridge.store.schema import directory, generation, hint, username
from bridge.store.schema import learner as people

BATCH: Final = 500
"""Learners written in one transaction: short enough that launches never wait long for their turn."""

_BEGIN: Final = insert(generation).returning(generation.c.id)
_HOLD: Final = (
    select(generation.c.id).where(generation.c.id == bindparam("g")).with_for_update(read=True, key_share=True)
)
_HOLD_LIVE: Final = (
    select(generation.c.id)
    .where(generation.c.id >= func.coalesce(current, 0))
    .order_by(generation.c.id)
    .with_for_update(read=True, key_share=True)
)
_ADD: Final[dict[str, Executable]] = {
    "sqlite": sqlite.insert(people).on_conflict_do_nothing().returning(people.c.user_id),
    "postgresql": postgresql.insert(people).on_conflict_do_nothing().returning(people.c.user_id),
}
_ADD_USERNAMES: Final = {
    "sqlite": "INSERT INTO username (generation, folded, user_id, attribute, value) VALUES (?, ?, ?, ?, ?)",
    "postgresql": "INSERT INTO username (generation, folded, user_id, attribute, value) VALUES (%s, %s, %s, %s, %s)",
}
"""For the driver, as `_ADD_HINTS`: SQLAlchemy takes as long for a row as the database."""
_ADD_HINTS: Final = {
    "sqlite": "INSERT INTO hint (generation, key, user_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    "postgresql": "INSERT INTO hint (generation, key, user_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
}
_COUNT: Final = update(generation).where(generation.c.id == bindparam("g")).values(learners=bindparam("count"))
_SWAP: Final = (
    update(directory)
    .where(or_(directory.c.current.is_(None), directory.c.current < bindparam("new")))
    .values(current=bindparam("new"))
)
_OLDER: Final = select(generation.c.id).where(generation.c.id < current)
_SOME: Final = select(people.c.user_id).where(people.c.generation == bindparam("g")).limit(BATCH)
_DROP_SOME: Final = delete(people).where(people.c.generation == bindparam("g"), people.c.user_id.in_(_SOME))
_SOME_HINTS: Final = select(hint.c.key).where(hint.c.generation == bindparam("g")).limit(4 * BATCH)
_DROP_SOME_HINTS: Final = delete(hint).where(hint.c.generation == bindparam("g"), hint.c.key.in_(_SOME_HINTS))
_DROP: Final = delete(generation).where(generation.c.id == bindparam("g"))
_FORGET_USERNAMES: Final = delete(username).where(
    username.c.generation == bindparam("g"), username.c.user_id == bindparam("u")
)


def _put_statement(dialect: Any) -> Executable:
    row = dialect.insert(people)
    changed = {"active": row.excluded.active, "attributes": row.excluded.attributes}
    statement: Executable = row.on_conflict_do_update(index_elements=["generation", "user_id"], set_=changed)
    return statement


_PUT: Final = {"sqlite": _put_statement(sqlite), "postgresql": _put_statement(postgresql)}


def replace(engine: Engine, learners: Iterable[Learner], username_attributes: Sequence[str], *, now: float) -> int:
    """Serve `learners`, and nobody else, once all of them were read; how many the directory then holds.

    Whatever `learners` raises is raised again and the old directory stays. A reading that was overtaken by one begun
    later stops and changes nothing. A user listed twice counts once, as first listed.
    """
    with alone(engine) as connection:
        new: int = connection.execute(_BEGIN, {"read_at": now, "learners": 0}).scalar_one()
    try:
        count = _write(engine, new, iter(learners), username_attributes)
        if count is not None:
            _serve(engine, new, count)
    except BaseException:
        _drop(engine, new)
        raise
    _drop_older(engine)
    return state(engine).learners


def put(engine: Engine, people_now: Sequence[Learner], username_attributes: Sequence[str]) -> None:
    """Write learners, each at most once, as OttoLearn has just confirmed them.

    Also into readings under way, which may have passed them before the change. Does nothing in a directory that was
    never read.
    """
    ordered = sorted(people_now, key=lambda person: person.user_id)
    found = [(key, person.user_id) for person in ordered for key in hints.keys(person, username_attributes)]
    with engine.begin() as connection:
        for live in connection.execute(_HOLD_LIVE).scalars().all():
            connection.execute(_PUT[engine.dialect.name], [_learner_row(live, person) for person in ordered])
            connection.execute(_FORGET_USERNAMES, [{"g": live, "u": person.user_id} for person in ordered])
            _add_keys(connection, live, ordered, username_attributes)
            _add_hints(connection, live, sorted(found))


def _write(engine: Engine, new: int, learners: Iterator[Learner], attributes: Sequence[str]) -> int | None:
    count = 0
    with hints.Gathered() as gathered:
        # Read from OttoLearn between the transactions, never inside one.
        while batch := list(islice(learners, BATCH)):
            written = _write_batch(engine, new, batch, attributes)
            if written is None:
                return None
            count += len(written)
            for person in written:
                gathered.add(person, attributes)
        return count if all(_write_hints(engine, new, piece) for piece in gathered.pieces()) else None


def _write_batch(engine: Engine, new: int, batch: Sequence[Learner], attributes: Sequence[str]) -> list[Learner] | None:
    """Those of `batch` who were not there yet; None when a later reading has swept this one away."""
    first = {person.user_id: person for person in reversed(batch)}
    with engine.begin() as connection:
        if connection.execute(_HOLD, {"g": new}).one_or_none() is None:
            return None
        rows = [_learner_row(new, first[user_id]) for user_id in sorted(first)]
        added = [first[user_id] for user_id in sorted(connection.execute(_ADD[engine.dialect.name], rows).scalars())]
        _add_keys(connection, new, added, attributes)
    return added


def _write_hints(engine: Engine, new: int, piece: Sequence[tuple[int, int]]) -> bool:
    """Write a piece of the hints; False when a later reading has swept this one away."""
    with engine.begin() as connection:
        if connection.execute(_HOLD, {"g": new}).one_or_none() is None:
            return False
        _add_hints(connection, new, piece)
    return True


def _add_hints(connection: Connection, live: int, found: Iterable[tuple[int, int]]) -> None:
    rows = [(live, key, user_id) for key, user_id in found]
    if rows:
        connection.exec_driver_sql(_ADD_HINTS[connection.dialect.name], rows)


def _serve(engine: Engine, new: int, count: int) -> None:
    """Serve this generation, unless a later one is served already."""
    with engine.begin() as connection:
        connection.execute(_COUNT, {"g": new, "count": count})
        connection.execute(_SWAP, {"new": new})


def _drop_older(engine: Engine) -> None:
    with alone(engine) as connection:
        older = connection.execute(_OLDER).scalars().all()
    for old in older:
        _drop(engine, old)


def _drop(engine: Engine, old: int) -> None:
    with alone(engine) as connection:
        # In small pieces, so that launches get their turn in between.
        for some in (_DROP_SOME, _DROP_SOME_HINTS):
            while connection.execute(some, {"g": old}).rowcount:
                pass
        connection.execute(_DROP, {"g": old})


def _add_keys(connection: Connection, live: int, learners: Sequence[Learner], attributes: Sequence[str]) -> None:
    """Write what `learners` can be found by."""
    if rows := [row for person in learners for row in _username_rows(live, person, attributes)]:
        connection.exec_driver_sql(_ADD_USERNAMES[connection.dialect.name], rows)


def _username_rows(live: int, person: Learner, attributes: Sequence[str]) -> Iterator[tuple[int, str, int, str, str]]:
    for attribute in dict.fromkeys(attributes):
        value = normalize(person.attributes.get(attribute, ""))
        if is_student_id(value):
            yield live, loose_key(value), person.user_id, attribute, value


def _learner_row(live: int, person: Learner) -> dict[str, object]:
    return {
        "generation": live,
        "user_id": person.user_id,
        "active": person.active,
        "attributes": _as_json(dict(person.attributes)),
    }


def _as_json(attributes: dict[str, str]) -> str:
    try:
        return msgspec.json.encode(attributes).decode()
    except UnicodeEncodeError:  # half a surrogate pair, which only the standard library writes
        return json.dumps(attributes)
