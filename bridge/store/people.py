"""The ledger of persons: which record of an LMS is which OttoLearn user, and by which source.

A record is the LMS's own name of a person, which it never gives to somebody else, and belongs to a namespace: the
kind of launch, or the roster, by which it comes. Within a namespace a record is one user, and a user is one record.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.identifiers import record_key
from bridge.store.engine import autocommit
from bridge.store.insert_or_ignore import insert_or_ignore
from bridge.store.json_batch import JsonBatchQuery
from bridge.store.purging import BATCH
from bridge.store.schema import directory, learner
from bridge.store.sync_people import Membership
from bridge.store.sync_schema import person, sync_person, sync_source


class Origin(enum.StrEnum):
    """The source of the student ID of a record."""

    LAUNCH = "launch"
    ROSTER = "roster"
    CLAIM = "claim"
    """A roster, but in a field that a course author can write."""
    ADMINISTRATOR = "administrator"


class Person(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One record of one namespace. Times are Unix seconds."""

    connection: str
    namespace: str
    record: str
    """As `bridge.identifiers.record_key` writes it."""
    student_id: str
    user_id: int | None
    """None where an earlier version gave this user to another record."""
    origin: str
    first_seen: float
    bound_at: float
    """When its student ID or user last changed."""
    last_seen: float


_p: Final = person.c
_COLUMNS: Final = tuple(_p[name] for name in Person.__struct_fields__)
_IN_NAMESPACE: Final = (_p.connection == bindparam("c")) & (_p.namespace == bindparam("d"))
_BY_RECORD: Final = JsonBatchQuery(Person, *_COLUMNS, among=_p.record, where=_IN_NAMESPACE)
_BY_USER: Final = JsonBatchQuery(Person, *_COLUMNS, among=_p.user_id, where=_IN_NAMESPACE, one_by_one=True)
_ONE: Final = _IN_NAMESPACE & (_p.record == bindparam("r"))
_TOUCH: Final = update(person).where(_ONE).values(last_seen=bindparam("at"))
_LEFT: Final = update(person).where(_IN_NAMESPACE, _p.user_id == bindparam("u")).values(last_seen=bindparam("at"))
_ADD: Final = insert_or_ignore(person)
_REBIND: Final = (
    update(person)
    .where(_ONE, _p.bound_at == bindparam("was"))
    .values(
        student_id=bindparam("id"),
        user_id=bindparam("u"),
        origin=bindparam("by"),
        bound_at=bindparam("at"),
        last_seen=bindparam("at"),
    )
)
_LEARNERS: Final = select(learner.c.user_id).where(
    learner.c.generation == select(directory.c.current).scalar_subquery()
)
_ON_A_ROSTER: Final = (
    select(sync_person.c.source)
    .join(sync_source, sync_source.c.id == sync_person.c.source)
    .where(
        sync_source.c.connection == _p.connection,
        sync_person.c.user_id == _p.user_id,
        sync_person.c.membership == Membership.PRESENT,
    )
)
_OLD: Final = (
    select(_p.connection, _p.namespace, _p.record)
    .where(
        _p.last_seen < bindparam("before"),
        _LEARNERS.limit(1).exists(),  # else nothing is known of who is active
        ~_LEARNERS.where(learner.c.user_id == _p.user_id, learner.c.active).exists(),
        ~_ON_A_ROSTER.exists(),
    )
    .limit(BATCH)
)
_OF_LEDGER: Final = 0x6C656467  # "ledg": what our advisory locks for the ledger have in common
_ONE_AT_A_TIME: Final = select(func.pg_advisory_xact_lock(_OF_LEDGER, func.hashtext(bindparam("c"))))


class Source(NamedTuple):
    """A roster whose records the ledger keeps."""

    connection: str
    namespace: str
    origin: Origin = Origin.ROSTER


def by_records(connection: Connection, name: str, namespace: str, records: Sequence[str]) -> list[Person]:
    """The ledger's entries of these records in the namespace."""
    return _BY_RECORD.fetch(connection, records, {"c": name, "d": namespace}) if records else []


def by_users(connection: Connection, name: str, namespace: str, user_ids: Sequence[int]) -> list[Person]:
    """The ledger's entries of these users in the namespace."""
    return _BY_USER.fetch(connection, user_ids, {"c": name, "d": namespace}) if user_ids else []


def of_record(engine: Engine, name: str, namespace: str, record: str) -> Person | None:
    """The ledger's entry of this record in the namespace."""
    with autocommit(engine) as connection:
        return next(iter(by_records(connection, name, namespace, [record_key(record)])), None)


def of_user(engine: Engine, name: str, namespace: str, user_id: int) -> Person | None:
    """The ledger's entry of this user in the namespace."""
    with autocommit(engine) as connection:
        return next(iter(by_users(connection, name, namespace, [user_id])), None)


def touch(engine: Engine, known: Person, now: float) -> None:
    """Set when the person was last seen."""
    asked = {"c": known.connection, "d": known.namespace, "r": known.record, "at": now}
    with autocommit(engine) as connection:
        connection.execute(_TOUCH, asked)


def bind(engine: Engine, wanted: Person, before: Person | None) -> bool:
    """Write the entry `wanted`, if the stored one is still `before` (None: if there is none). Compare-and-swap.

    False, and nothing is changed, where another process was faster or another record is the user.
    """
    with engine.begin() as connection:
        _one_at_a_time(connection, wanted.connection)
        if not _free(connection, [wanted]):
            return False
        if before is None:
            return connection.execute(_ADD[engine.dialect.name], msgspec.structs.asdict(wanted)).first() is not None
        asked = {"c": wanted.connection, "d": wanted.namespace, "r": wanted.record, "was": before.bound_at}
        changed = {"u": wanted.user_id, "id": wanted.student_id, "by": wanted.origin, "at": wanted.bound_at}
        return connection.execute(_REBIND, {**asked, **changed}).rowcount == 1


def upsert(connection: Connection, people: Sequence[Person]) -> None:
    """Write the entries of a roster, within the caller's transaction.

    Left out are records whose user has become another record's meanwhile, by a launch; the next run reports the two.
    """
    if not people:
        return
    _one_at_a_time(connection, people[0].connection)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(person)
    rows = [msgspec.structs.asdict(one) for one in _free(connection, people)]
    if rows:
        names = ("student_id", "user_id", "origin", "bound_at", "last_seen")
        values = {name: row.excluded[name] for name in names}
        connection.execute(
            row.on_conflict_do_update(index_elements=[_p.connection, _p.namespace, _p.record], set_=values), rows
        )


def _one_at_a_time(connection: Connection, name: str) -> None:
    """Lock the ledger of the connection `name` until this transaction ends.

    Without the lock two records could be given one user between the check and the write, and the unique index would
    raise an error. SQLite needs none: it has one writer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_AT_A_TIME, {"c": name})


def _free(connection: Connection, people: Sequence[Person]) -> list[Person]:
    """The entries whose user belongs to no other record, neither in the ledger nor in `people`."""
    name, namespace = people[0].connection, people[0].namespace
    users = [one.user_id for one in people if one.user_id is not None]
    held = {one.user_id: one.record for one in by_users(connection, name, namespace, users)}
    return [one for one in people if one.user_id is None or held.setdefault(one.user_id, one.record) == one.record]


def rename(engine: Engine, connection: str, user_id: int, student_id: str, *, now: float) -> None:
    """Set the ID of all records of the connection that are this user, by decision of an administrator."""
    statement = update(person).where(_p.connection == connection, _p.user_id == user_id)
    with autocommit(engine) as database:
        database.execute(statement.values(student_id=student_id, origin=Origin.ADMINISTRATOR, bound_at=now))


def mark_left(connection: Connection, source: Source, user_ids: Sequence[int], now: float) -> None:
    """Set when users who are no longer on the roster were last seen; their entries expire from then on."""
    if user_ids:
        one = {"c": source.connection, "d": source.namespace, "at": now}
        connection.execute(_LEFT, [{**one, "u": user_id} for user_id in user_ids])


def forget_before(engine: Engine, time: float) -> int:
    """Delete the entries of people not seen since `time`, on no roster and not active in OttoLearn; how many.

    The entry of an active user is kept: without it a reassigned ID would open their account.
    """
    count = 0
    while True:
        with autocommit(engine) as connection:  # asked first: a deletion that looks for its rows would hold SQLite up
            rows = [tuple(row) for row in connection.execute(_OLD, {"before": time})]
            values = [{"c": c, "d": d, "r": r, "before": time} for c, d, r in rows]
            if values:
                connection.execute(delete(person).where(_ONE, _p.last_seen < bindparam("before")), values)
        count += len(rows)
        if len(rows) < BATCH:
            return count


def listed(
    engine: Engine, connection: str, *, student_id: str = "", record: str = "", user_id: int = 0
) -> list[Person]:
    """The entries of a connection with a student ID, a record, or an OttoLearn user."""
    asked = or_(_p.student_id == student_id, _p.record == record_key(record), _p.user_id == user_id)
    statement = select(*_COLUMNS).where(_p.connection == connection, asked).order_by(_p.namespace, _p.record)
    with autocommit(engine) as database:
        return [Person(*row) for row in database.execute(statement)]


def release(engine: Engine, connection: str, records: Sequence[tuple[str, str]]) -> int:
    """Delete the entries of these records, each with its namespace; returns how many. The next launch binds anew."""
    with engine.begin() as database:
        return sum(
            database.execute(delete(person).where(_ONE), {"c": connection, "d": namespace, "r": record}).rowcount
            for namespace, record in records
        )
