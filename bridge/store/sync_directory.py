"""The directory of learners, asked about many people at once; and who might be taken for somebody else where only
changes are read, and the other side of a conflict is not among them.

Functions over an open `Connection`, so that a caller joins several of them in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from bridge.contracts import Learner
from bridge.store.json_batch import JsonBatchQuery
from bridge.store.people import Origin
from bridge.store.schema import directory, learner, username
from bridge.store.sync_items import Kind
from bridge.store.sync_people import Membership
from bridge.store.sync_schema import person, sync_item, sync_person, sync_run, sync_source


class Holder(NamedTuple):
    """That a Username attribute of a user holds a value."""

    folded: str
    attribute: str
    value: str
    user_id: int


_current = select(directory.c.current).scalar_subquery()
_HOLDERS: Final = JsonBatchQuery(
    Holder,
    *(username.c.folded, username.c.attribute, username.c.value, username.c.user_id),
    among=username.c.folded,
    where=username.c.generation == _current,
)
_LEARNERS: Final = JsonBatchQuery(
    tuple[int, bool, str],
    *(learner.c.user_id, learner.c.active, learner.c.attributes),
    among=learner.c.user_id,
    where=learner.c.generation == _current,
)


def holders(connection: Connection, folded: Sequence[str]) -> list[Holder]:
    """Who holds a value with one of these loose keys (`bridge.identifiers.loose_key`), in which Username attribute."""
    return _HOLDERS.fetch(connection, folded)


def learners(connection: Connection, user_ids: Sequence[int]) -> dict[int, Learner]:
    """Those of these users whom OttoLearn has."""
    rows = _LEARNERS.fetch(connection, user_ids)
    read = msgspec.json.Decoder(dict[str, str]).decode
    return {user_id: Learner(user_id, active, read(attributes)) for user_id, active, attributes in rows}


class Owner(NamedTuple):
    """That the snapshot has a user, and by which record of the source."""

    user_id: int
    digest: bytes


def in_conflict(connection: Connection, source: int, whole: int, keys: Iterable[str]) -> set[str]:
    """Those of `keys` whom run `whole`, or a later one of the connection, found in conflict with another member."""
    i = sync_item.c
    statement = (
        select(i.key)
        .join(sync_run, sync_run.c.id == i.run)
        .where(sync_run.c.source == source, sync_run.c.id >= whole, i.key.in_(list(keys)))
        .where(i.kind == Kind.CONFLICT, i.reason.in_(("duplicate", "claimed_twice", "passed_on")))
    )
    return set(connection.execute(statement).scalars())


def known_elsewhere(connection: Connection, source: int, ids: Collection[str]) -> set[str]:
    """Those of these student IDs, or keys of them, by which another connection has somebody, or somebody launched."""
    p, sources = sync_person.c, select(sync_source.c.id).where(sync_source.c.id != source)
    own = select(sync_source.c.connection).where(sync_source.c.id == source).scalar_subquery()
    on_rosters = select(p.key).where(p.source.in_(sources), p.key.in_(ids), p.membership == Membership.PRESENT)
    launched = select(person.c.student_id).where(
        person.c.student_id.in_(ids), person.c.connection != own, person.c.origin == Origin.LAUNCH
    )
    return {*connection.execute(on_rosters).scalars(), *connection.execute(launched).scalars()}


def owners(connection: Connection, source: int, user_ids: Iterable[int]) -> list[Owner]:
    """Those of these users who are on the roster of `source`, as far as its snapshot knows."""
    p = sync_person.c
    statement = select(p.user_id, p.digest).where(
        p.source == source, p.user_id.in_(list(user_ids)), p.membership == Membership.PRESENT
    )
    return [Owner(user_id, bytes(digest)) for user_id, digest in connection.execute(statement)]
