"""The snapshot: the people of each connection, a digest of their last values, and the attributes last written.

Functions over an open `Connection`, so that a caller joins several of them in one transaction.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.engine import autocommit
from bridge.store.json_batch import JsonBatchQuery
from bridge.store.schema import directory, learner
from bridge.store.sync_schema import sync_item, sync_person, sync_source, sync_written

BATCH: Final = 2_000
VALUES_DIGEST: Final = 8
"""The leading bytes of a digest, which cover the values of a person; the rest cover the LMS record."""
_LOCK_SNAPSHOTS: Final = select(func.pg_advisory_xact_lock(0x6F74746F_73796E63))  # "ottosync"


class Membership(enum.IntEnum):
    """The state of a person in the snapshot of a connection."""

    PRESENT = 0
    """On its roster, or gone for less than the grace."""
    LET_GO = 1
    """Gone; the user was left alone because another connection still has the person, or somebody activated them."""
    DEACTIVATED = 2
    """Gone, and deactivated by this connection: reactivated when they are back on the roster."""


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The row of a person in the snapshot."""

    key: str
    user_id: int
    hex_digest: str
    membership: int
    missing: bool
    """Whether the person is missing from the roster, within the grace."""

    @property
    def digest(self) -> bytes:
        """The digest of the last values of the roster."""
        return bytes.fromhex(self.hex_digest)


class Ownership(NamedTuple):
    """That a connection owns an OttoLearn user, or did."""

    source: int
    key: str
    user_id: int
    membership: int


class Missing(NamedTuple):
    """A person present in the snapshot, with how long they were missing from the roster."""

    key: str
    user_id: int
    missing_reads: int
    missing_since: float | None


class SnapshotRow(NamedTuple):
    """A row to write into the snapshot."""

    key: str
    user_id: int
    digest: bytes
    membership: Membership
    written: Mapping[str, str] | None
    """The attributes last written; None: leave those in the database."""


_p, _w = sync_person.c, sync_written.c
_KNOWN: Final = JsonBatchQuery(
    Known,
    *(_p.key, _p.user_id, _p.digest, _p.membership, _p.missing_since.is_not(None)),
    among=_p.key,
    where=_p.source == bindparam("s"),
)
_OWNERSHIPS: Final = JsonBatchQuery(
    Ownership,
    *(_p.source, _p.key, _p.user_id, _p.membership),
    among=_p.user_id,
)
_WRITTEN: Final = JsonBatchQuery(
    tuple[int, str],
    *(_w.user_id, _w.attributes),
    among=_w.user_id,
    where=_w.source == bindparam("s"),
)
_PRESENT: Final = select(_p.key, _p.user_id, _p.missing_reads, _p.missing_since).where(
    _p.source == bindparam("s"), _p.membership == Membership.PRESENT
)
_COUNT: Final = (
    select(func.count())
    .select_from(sync_person)
    .where(_p.source == bindparam("s"), _p.membership == Membership.PRESENT)
)
_ANY: Final = select(_p.key).where(_p.source == bindparam("s")).limit(1)


def sources(engine: Engine) -> dict[str, int]:
    """The numbers of all connections that were ever synced, by name."""
    with autocommit(engine) as database:
        rows = database.execute(select(sync_source.c.connection, sync_source.c.id))
        return {name: int(number) for name, number in rows}


def find_source(engine: Engine, connection: str) -> int | None:
    """The number of a connection; None where it was never synced."""
    find = select(sync_source.c.id).where(sync_source.c.connection == connection)
    with autocommit(engine) as database:
        return database.execute(find).scalar_one_or_none()


def source_id(engine: Engine, connection: str) -> int:
    """The number of a connection, given on first use."""
    find = select(sync_source.c.id).where(sync_source.c.connection == connection)
    dialect = sqlite if engine.dialect.name == "sqlite" else postgresql
    with autocommit(engine) as database:
        found = database.execute(find).scalar_one_or_none()
        if found is None:
            database.execute(dialect.insert(sync_source).on_conflict_do_nothing(), {"connection": connection})
            found = database.execute(find).scalar_one()
    return int(found)


def known(connection: Connection, source: int, keys: Sequence[str]) -> dict[str, Known]:
    """The people of these keys in the snapshot, by key."""
    return {person.key: person for person in _KNOWN.fetch(connection, keys, {"s": source})}


def ownerships(connection: Connection, user_ids: Sequence[int]) -> list[Ownership]:
    """The ownerships of these users, by all connections."""
    return _OWNERSHIPS.fetch(connection, user_ids)


def ownerships_of(connection: Connection, user_ids: Sequence[int]) -> dict[int, list[Ownership]]:
    """The ownerships of these users, by user."""
    found: dict[int, list[Ownership]] = {}
    for ownership in ownerships(connection, user_ids):
        found.setdefault(ownership.user_id, []).append(ownership)
    return found


def lock_snapshots(connection: Connection) -> None:
    """Lock the snapshots of all connections against other syncs until this transaction ends.

    A transaction that takes the lock before it reads sees all that others have committed. SQLite needs no lock: it has
    one writer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK_SNAPSHOTS)


def invalidate_digests(connection: Connection, source: int, user_ids: Sequence[int]) -> None:
    """Invalidate the digests of these users at all connections but `source`; their next runs compare in full."""
    if not user_ids:
        return
    others = (_p.source != source, _p.user_id.in_(user_ids), _p.membership == Membership.PRESENT)
    found = connection.execute(select(_p.source, _p.key, _p.digest).where(*others)).all()
    rows = [{"s": row.source, "k": row.key, "d": invalidated(bytes(row.digest))} for row in found]
    if rows:
        one = (_p.source == bindparam("s"), _p.key == bindparam("k"))
        connection.execute(update(sync_person).where(*one).values(digest=bindparam("d")), rows)


def invalidated(digest: bytes) -> bytes:
    """The digest with its values part cleared, which matches no roster, so that the next run compares in full."""
    return bytes(VALUES_DIGEST) + digest[VALUES_DIGEST:]


def written(connection: Connection, source: int, user_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What `source` last wrote into each of these users."""
    rows = _WRITTEN.fetch(connection, user_ids, {"s": source})
    return {user_id: msgspec.json.decode(text, type=dict[str, str]) for user_id, text in rows}


def present(engine: Engine, source: int) -> Iterator[list[Missing]]:
    """All people present on the roster, in batches ordered by key; no transaction is open between two batches."""
    last: str | None = None
    page = _PRESENT.order_by(_p.key).limit(BATCH)
    while True:
        statement = page if last is None else page.where(_p.key > last)
        with autocommit(engine) as connection:
            rows = [Missing(*row) for row in connection.execute(statement, {"s": source})]
        if not rows:
            return
        yield rows
        last = rows[-1].key


def count_present(engine: Engine, source: int) -> int:
    """How many active people the connection owns."""
    with autocommit(engine) as connection:
        return int(connection.execute(_COUNT, {"s": source}).scalar_one())


def has_snapshot(engine: Engine, source: int) -> bool:
    """Whether there is a snapshot at all."""
    with autocommit(engine) as connection:
        return connection.execute(_ANY, {"s": source}).first() is not None


def upsert(connection: Connection, source: int, people: Sequence[SnapshotRow]) -> None:
    """Write these people into the snapshot, and reset their missing counts."""
    if not people:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    person = dialect.insert(sync_person)
    names = ("user_id", "digest", "membership", "missing_reads", "missing_since")
    connection.execute(
        person.on_conflict_do_update(
            index_elements=["source", "key"], set_={name: person.excluded[name] for name in names}
        ),
        [_person_row(source, held) for held in people],
    )
    rows = [_written_row(source, held.user_id, held.written) for held in people if held.written is not None]
    if rows:
        record = dialect.insert(sync_written)
        connection.execute(
            record.on_conflict_do_update(
                index_elements=["source", "user_id"], set_={"attributes": record.excluded.attributes}
            ),
            rows,
        )


def set_membership(connection: Connection, source: int, keys: Iterable[str], membership: Membership) -> None:
    """Change the membership of these people."""
    rows = [{"k": key, "st": membership} for key in keys]
    if rows:
        statement = update(sync_person).where(_p.source == source, _p.key == bindparam("k"))
        connection.execute(statement.values(membership=bindparam("st"), missing_reads=0, missing_since=None), rows)


def note_activated(engine: Engine, source: int) -> None:
    """Record that users whom the connection deactivated have been activated by somebody: they become LET_GO.

    If they are inactive again later, an administrator did it, and no sync undoes it. OttoLearn's users must just have
    been read.
    """
    active = select(learner.c.user_id).where(
        learner.c.generation == select(directory.c.current).scalar_subquery(), learner.c.active
    )
    theirs = (_p.source == source, _p.membership == Membership.DEACTIVATED, _p.user_id.in_(active))
    with autocommit(engine) as connection:
        connection.execute(update(sync_person).where(*theirs).values(membership=Membership.LET_GO))


def count_missing(
    connection: Connection, source: int, run: int, kinds: Sequence[str], now: float, *, readings: int
) -> None:
    """Add `readings` to the missed readings of the people in the run's items of `kinds`, and begin their grace."""
    keys = select(sync_item.c.key).where(sync_item.c.run == run, sync_item.c.kind.in_(kinds))
    connection.execute(
        update(sync_person)
        .where(_p.source == source, _p.membership == Membership.PRESENT, _p.key.in_(keys))
        .values(missing_reads=_p.missing_reads + readings, missing_since=func.coalesce(_p.missing_since, now))
    )


def forget_missing(connection: Connection, source: int, keys: Sequence[str]) -> None:
    """Reset the missed readings of people who are on the roster again."""
    if keys:
        statement = update(sync_person).where(_p.source == source, _p.key == bindparam("k"))
        connection.execute(statement.values(missing_reads=0, missing_since=None), [{"k": key} for key in keys])


def forget(connection: Connection, source: int, keys: Sequence[str]) -> None:
    """Delete the rows of these keys; the person has another key now."""
    if keys:
        connection.execute(delete(sync_person).where(_p.source == source, _p.key.in_(keys)))


def _person_row(source: int, held: SnapshotRow) -> dict[str, object]:
    return {
        "source": source,
        "key": held.key,
        "user_id": held.user_id,
        "digest": held.digest,
        "membership": held.membership,
        "missing_reads": 0,
        "missing_since": None,
    }


def _written_row(source: int, user_id: int, attributes: Mapping[str, str]) -> dict[str, object]:
    return {"source": source, "user_id": user_id, "attributes": msgspec.json.encode(attributes).decode()}
