"""The items of a run: first its plan, then the journal of what became of each.

Functions over an open `Connection`, so that a caller joins several of them in one transaction.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.engine import autocommit
from bridge.store.json_batch import JsonBatchQuery
from bridge.store.sync_schema import sync_claim, sync_item, sync_run

BATCH: Final = 1_000
LAST: Final = "\U0010ffff"
"""Sorts after every other character."""


class Kind(enum.StrEnum):
    """The kind of change for a person, or why there is none."""

    CREATE = "create"
    UPDATE = "update"
    REACTIVATE = "reactivate"
    DEACTIVATE = "deactivate"
    FOLLOW = "follow"
    """The student ID of a person has changed: the same user gets the new one."""
    ADOPT = "adopt"
    """Nothing to write; the connection owns the person from now on."""
    RETURNED = "returned"
    """Nothing to write; the person was missing and is back within the grace."""
    GRACE = "grace"
    """Missing, but not for long enough."""
    LET_GO = "let_go"
    """Gone from this roster; the user stays as it is."""
    LINK = "link"
    """A Username attribute of an existing user that was empty is filled; the connection does not own the person."""
    CONFLICT = "conflict"
    SKIPPED = "skipped"


WRITES: Final = (Kind.CREATE, Kind.UPDATE, Kind.REACTIVATE, Kind.DEACTIVATE, Kind.FOLLOW, Kind.LINK)


class State(enum.StrEnum):
    """The state of an item."""

    NOTED = "noted"
    """Nothing is to be written to OttoLearn."""
    PLANNED = "planned"
    HELD = "held"
    APPROVED = "approved"
    """Held until somebody approved it: the run that read the roster again after that has done what was still true."""
    SENT = "sent"
    """Given to OttoLearn; what became of it is not known yet."""
    DONE = "done"
    QUARANTINED = "quarantined"
    ABANDONED = "abandoned"
    """Sent by a run that died, and found not to have been carried out: later runs plan anew."""


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What there is to write and to say about one person."""

    before: dict[str, str] = {}
    """Attribute -> value in OttoLearn, for those that change."""
    after: dict[str, str] = {}
    written: dict[str, str] | None = None
    """All attributes that the sync will have written; None where that is `after`."""
    foreign: dict[str, tuple[str, str]] = {}
    """Attribute -> (value in OttoLearn, value in the LMS), where somebody changed what we wrote."""
    note: str = ""
    """Both sides of a conflict, in words without names of people."""
    replaces: str = ""
    """The key under which the person was known before."""
    where: str = ""
    """The place of the person in the source (`People!A17`), where they have no usable ID."""
    record: str = ""
    """The source's own lasting name of the person, as `bridge.identifiers.record_key` writes it."""


class Item(NamedTuple):
    """One row."""

    number: int
    kind: str
    state: str
    reason: str
    key: str
    student_id: str
    user_id: int | None
    digest: bytes
    content: Content


_i = sync_item.c
COLUMNS: Final = tuple(_i[name] for name in Item._fields)
_KEYS: Final = JsonBatchQuery(
    tuple[str],
    _i.key,
    among=_i.key,
    where=(_i.run == bindparam("r")) & _i.kind.not_in((Kind.SKIPPED, Kind.RETURNED)),
)
_COUNTS: Final = (
    select(_i.kind, _i.state, _i.reason, func.count())
    .where(_i.run == bindparam("r"))
    .group_by(_i.kind, _i.state, _i.reason)
)
_SET: Final = (
    update(sync_item)
    .where(_i.run == bindparam("r"), _i.number == bindparam("n"))
    .values(kind=bindparam("k"), state=bindparam("st"), reason=bindparam("why"), user_id=bindparam("u"))
)


def add(connection: Connection, run: int, items: Sequence[Item]) -> None:
    """Write these items."""
    if items:
        rows = [{**item._asdict(), "run": run, "content": msgspec.json.encode(item.content).decode()} for item in items]
        connection.execute(insert(sync_item), rows)


def claim(connection: Connection, run: int, claims: Iterable[tuple[str, int]]) -> None:
    """Record which items want which Username values: (folded value, number of the item)."""
    if rows := [{"run": run, "folded": folded, "number": number} for folded, number in claims]:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(dialect.insert(sync_claim).on_conflict_do_nothing(), rows)


def planned_keys(connection: Connection, run: int, keys: Sequence[str]) -> set[str]:
    """Those of `keys` for which the run already has an item."""
    return {key for (key,) in _KEYS.fetch(connection, keys, {"r": run})}


def to_conflict(connection: Connection, run: int, reason: str, *, keys: Iterable[str], users: Iterable[int]) -> None:
    """Make conflicts of the planned items of these keys and of these users."""
    for condition in (_i.key.in_(list(keys)), _i.user_id.in_(list(users))):
        connection.execute(
            update(sync_item)
            .where(_i.run == run, condition, _i.kind.in_((*WRITES, Kind.ADOPT)))
            .values(kind=Kind.CONFLICT, state=State.NOTED, reason=reason)
        )


def resolve_claims(connection: Connection, run: int, reason: str) -> None:
    """Make conflicts of all items that want one and the same Username value, and forget the claims."""
    wanted = select(sync_claim.c.folded).where(sync_claim.c.run == run).group_by(sync_claim.c.folded)
    twice = wanted.having(func.count() > 1)
    numbers = select(sync_claim.c.number).where(sync_claim.c.run == run, sync_claim.c.folded.in_(twice))
    connection.execute(
        update(sync_item)
        .where(_i.run == run, _i.number.in_(numbers), _i.kind.in_((*WRITES, Kind.ADOPT)))
        .values(kind=Kind.CONFLICT, state=State.NOTED, reason=reason)
    )
    connection.execute(delete(sync_claim).where(sync_claim.c.run == run))


def counts(engine: Engine, run: int) -> dict[tuple[str, str, str], int]:
    """The number of items by (kind, state, reason)."""
    with autocommit(engine) as connection:
        return {(kind, state, reason): count for kind, state, reason, count in connection.execute(_COUNTS, {"r": run})}


def pages(
    engine: Engine, run: int, *, kinds: Sequence[str] = (), states: Sequence[str] = (), size: int = BATCH
) -> Iterator[list[Item]]:
    """The items of a run in their order, some at a time; between two pages the database is free."""
    statement = select(*COLUMNS).where(_i.run == run).order_by(_i.number).limit(size)
    statement = statement.where(_i.kind.in_(kinds)) if kinds else statement
    statement = statement.where(_i.state.in_(states)) if states else statement
    last = -1
    while True:
        with autocommit(engine) as connection:
            rows = connection.execute(statement.where(_i.number > last)).all()
        if not rows:
            return
        yield [item_of(row) for row in rows]
        last = rows[-1].number


def page(
    engine: Engine,
    run: int,
    size: int,
    *,
    after: int = -1,
    kinds: Sequence[str] = (),
    states: Sequence[str] = (),
    key: str = "",
) -> list[Item]:
    """`size` items of a run after the item of this number; with `key`, of people whose folded ID begins like that."""
    statement = select(*COLUMNS).where(_i.run == run, _i.number > after).order_by(_i.number).limit(size)
    statement = statement.where(_i.kind.in_(kinds)) if kinds else statement
    statement = statement.where(_i.state.in_(states)) if states else statement
    if key:
        statement = statement.where(_i.key >= key, _i.key < key + LAST)
    with autocommit(engine) as connection:
        return [item_of(row) for row in connection.execute(statement)]


def settle(connection: Connection, run: int, items: Sequence[Item]) -> None:
    """Write kind, state, reason and user of these items."""
    if items:
        rows = [{"r": run, "n": i.number, "k": i.kind, "st": i.state, "why": i.reason, "u": i.user_id} for i in items]
        connection.execute(_SET, rows)


def open_of(connection: Connection, run: int, keys: Iterable[str]) -> list[Item]:
    """The writes of a run to the people with these keys that were planned, or held, and not made."""
    open_states = _i.state.in_((State.PLANNED, State.HELD))
    statement = select(*COLUMNS).where(_i.run == run, _i.key.in_(list(keys)), _i.kind.in_(WRITES), open_states)
    return [item_of(row) for row in connection.execute(statement)]


def move_state(connection: Connection, run: int, kinds: Sequence[str], old: State, new: State) -> None:
    """Move all items of these kinds from one state to another."""
    statement = update(sync_item).where(_i.run == run, _i.kind.in_(kinds), _i.state == old)
    connection.execute(statement.values(state=new))


def linked(connection: Connection, source: int, user_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What the runs of a connection that only links last wrote into each of these users: user -> attribute -> value."""
    statement = (
        select(_i.user_id, _i.content)
        .join(sync_run, sync_run.c.id == _i.run)
        .where(sync_run.c.source == source, _i.kind == Kind.LINK, _i.state == State.DONE, _i.user_id.in_(user_ids))
        .order_by(_i.run, _i.number)
    )
    found: dict[int, dict[str, str]] = {}
    for user_id, content in connection.execute(statement) if user_ids else ():
        found.setdefault(user_id, {}).update(msgspec.json.decode(content, type=Content).after)
    return found


def unsettled(engine: Engine, source: int) -> list[int]:
    """The runs of a connection with items still `sent`, whose result is unknown."""
    statement = (
        select(sync_item.c.run)
        .join(sync_run, sync_run.c.id == sync_item.c.run)
        .where(sync_run.c.source == source, _i.state == State.SENT)
        .distinct()
    )
    with autocommit(engine) as connection:
        return list(connection.execute(statement.order_by(sync_item.c.run)).scalars())


def sent_for(engine: Engine, source: int, key: str) -> list[tuple[int, bool, float]]:
    """The runs of a connection with a write for this person of which nobody knows what became: each with whether it
    read that person alone, and when it began.
    """
    statement = (
        select(sync_run.c.id, sync_run.c.look_up, sync_run.c.started_at)
        .join(sync_item, sync_run.c.id == sync_item.c.run)
        .where(sync_run.c.source == source, _i.key == key, _i.state == State.SENT)
    )
    with autocommit(engine) as connection:
        return [(int(row.id), bool(row.look_up), float(row.started_at)) for row in connection.execute(statement)]


def has_items(engine: Engine, run: int, kinds: Sequence[str], states: Sequence[str] = (State.HELD,)) -> bool:
    """Whether a run has items of these kinds in one of these states."""
    statement = select(_i.number).where(_i.run == run, _i.state.in_(states), _i.kind.in_(kinds)).limit(1)
    with autocommit(engine) as connection:
        return connection.execute(statement).first() is not None


def done_by_look_ups(engine: Engine, source: int, since: float) -> dict[str, int]:
    """How many writes of each kind the runs of one person alone have made for a connection since then."""
    statement = (
        select(_i.kind, func.count())
        .join(sync_run, sync_run.c.id == _i.run)
        .where(sync_run.c.source == source, sync_run.c.look_up, sync_run.c.started_at >= since)
        .where(_i.state.in_((State.DONE, State.SENT)), _i.kind.in_(WRITES))
        .group_by(_i.kind)
    )
    with autocommit(engine) as connection:
        return {kind: int(number) for kind, number in connection.execute(statement)}


def drop(engine: Engine, run: int) -> None:
    """Forget the items of a run: a plan that was not finished."""
    with engine.begin() as connection:
        connection.execute(delete(sync_claim).where(sync_claim.c.run == run))
        connection.execute(delete(sync_item).where(_i.run == run))


def item_of(row: Any) -> Item:
    return Item._make((*row[:-2], bytes(row.digest), msgspec.json.decode(row.content, type=Content)))
