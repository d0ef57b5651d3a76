"""The items of one run a page at a time, as people look through them: those of a kind and state together.

Each statement follows an index and ends after the rows of a page, or after a fixed number of rows looked at, so that a
page of a large plan costs what one of a small plan does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Engine, bindparam, false, func, or_, select

from bridge.store.engine import autocommit
from bridge.store.sync_items import COLUMNS, LAST, Item, State, item_of
from bridge.store.sync_schema import sync_item

LOOKED_AT: Final = 5_000
"""Rows that one search looks at."""


class Group(NamedTuple):
    """The items of one state and one kind."""

    state: str
    kind: str


class Position(NamedTuple):
    """Behind or in front of which item a page begins."""

    state: str
    kind: str
    number: int


_i = sync_item.c
_OF_GROUP: Final = (_i.run == bindparam("r"), _i.state == bindparam("st"), _i.kind == bindparam("k"))
_TALLY: Final = select(_i.state, _i.kind, func.count()).where(_i.run == bindparam("r")).group_by(_i.state, _i.kind)
_AFTER: Final = select(*COLUMNS).where(*_OF_GROUP, _i.number > bindparam("n")).order_by(_i.number)
_BEFORE: Final = select(*COLUMNS).where(*_OF_GROUP, _i.number < bindparam("n")).order_by(_i.number.desc())
_FIRST: Final = -1
_BEYOND: Final = 2**62


def tally(engine: Engine, run: int) -> dict[Group, int]:
    """How many items there are of each state and kind."""
    with autocommit(engine) as connection:
        return {Group(state, kind): count for state, kind, count in connection.execute(_TALLY, {"r": run})}


def page(
    engine: Engine,
    run: int,
    groups: Sequence[Group],
    size: int,
    *,
    at: Position | None = None,
    backward: bool = False,
) -> list[Item]:
    """`size` items of these groups, group by group, after the item `at`; or those before it, nearest first."""
    order = list(reversed(groups)) if backward else list(groups)
    statement, edge = (_BEFORE, _BEYOND) if backward else (_AFTER, _FIRST)
    if at is not None and Group(*at[:2]) in order:
        order = order[order.index(Group(*at[:2])) :]
    found: list[Item] = []
    with autocommit(engine) as connection:
        for group in order:
            start = at.number if at is not None and group == at[:2] else edge
            asked = {"r": run, "st": group.state, "k": group.kind, "n": start}
            rows = connection.execute(statement.limit(size - len(found)), asked)
            found.extend(item_of(row) for row in rows)
            if len(found) >= size:
                break
    return found


def search(
    engine: Engine, run: int, groups: Sequence[Group], size: int, *, key: str, users: Sequence[int]
) -> list[Item]:
    """`size` items of these groups about people whose folded ID begins with `key`, then about these users."""
    near = select(_i.number).where(_i.run == run, _i.key >= key, _i.key < key + LAST)
    near = near.order_by(_i.key, _i.number).limit(LOOKED_AT)
    found: dict[int, Item] = {}
    with autocommit(engine) as connection:
        for which in (_i.number.in_(near.scalar_subquery()), _i.user_id.in_(list(users))):
            statement = select(*COLUMNS).where(_i.run == run, which, _among(groups))
            rows = connection.execute(statement.order_by(_i.key, _i.number).limit(size - len(found)))
            found |= {row.number: item_of(row) for row in rows}
    return list(found.values())


def containing(
    engine: Engine, run: int, group: Group, fragment: str, *, after: int, rows: int = LOOKED_AT, most: int = LOOKED_AT
) -> tuple[list[Item], int | None]:
    """At most `most` items of a group among the `rows` after this one in whose content `fragment` may stand, and the
    last looked at.

    `fragment` is ASCII, in any letter case; the content is JSON, so it has no quotation mark and no backslash. None
    instead of the last item where there is none any more.
    """
    asked = {"r": run, "st": group.state, "k": group.kind, "n": after}
    stretch = select(_i.number).where(*_OF_GROUP, _i.number > bindparam("n")).order_by(_i.number).limit(rows).subquery()
    with autocommit(engine) as connection:
        last = connection.execute(select(func.max(stretch.c.number)), asked).scalar_one()
        if last is None:
            return [], None
        statement = select(*COLUMNS).where(*_OF_GROUP, _i.number > bindparam("n"), _i.number <= last)
        found = statement.where(_i.content.icontains(fragment, autoescape=True)).order_by(_i.number)
        items = [item_of(row) for row in connection.execute(found.limit(most), asked)]
        return items, items[-1].number if len(items) == most else last


def refused_keys(engine: Engine, runs: Sequence[int], keys: Sequence[str]) -> list[str]:
    """Those of `keys` whom these runs have in quarantine, each as often as there are such runs."""
    statement = select(_i.key).where(_i.run.in_(list(runs)), _i.key.in_(list(keys)), _i.state == State.QUARANTINED)
    with autocommit(engine) as connection:
        return list(connection.execute(statement.distinct().add_columns(_i.run)).scalars())


def _among(groups: Sequence[Group]) -> ColumnElement[bool]:
    kinds: dict[str, list[str]] = {}
    for group in groups:
        kinds.setdefault(group.state, []).append(group.kind)
    return or_(false(), *((_i.state == state) & _i.kind.in_(of) for state, of in kinds.items()))
