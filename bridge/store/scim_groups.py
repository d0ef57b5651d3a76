"""SCIM groups with their members, each push in one transaction. Users who join or leave a group count as changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, and_, bindparam, delete, insert, select, update

from bridge.store.engine import autocommit
from bridge.store.scim_resources import GROUP, Keys, Row, changes_of, find, one, values_of
from bridge.store.scim_schema import scim_member, scim_resource

MANY: Final = 500
"""Values of one statement."""
_m, _r = scim_member.c, scim_resource.c
_MEMBERS: Final = select(_m.value, _m.details).where(_m.group_id == bindparam("asked")).order_by(_m.value)
_TOUCH: Final = update(scim_resource).where(_r.connection == bindparam("of")).values(changed_at=bindparam("now"))


class Difference(Protocol):
    """The change of a group's members (`bridge.scim.membership`)."""

    everybody: bool
    """Whether all earlier members are removed, except those of `come`."""
    come: dict[str, str]
    """The members to add: their other attributes as JSON, by `value`."""
    gone: set[str]
    exactly: bool
    """Whether it may be applied only to the version that it was made for."""


class Rewriting(NamedTuple):
    """The new row of a group."""

    keys: Keys
    document: str


def create(
    engine: Engine,
    connection: str,
    id: str,  # noqa: A002 -- the column's name
    keys: Keys,
    document: str,
    members: Mapping[str, str],
    now: float,
) -> None:
    """Create a group. `members`: their other attributes as JSON, by `value`."""
    with engine.begin() as database:
        database.execute(insert(scim_resource), values_of(connection, GROUP, id, keys, document, now))
        _join(database, connection, id, members)
        _touch(database, connection, list(members), now)


def members_of(engine: Engine, id: str) -> dict[str, str]:  # noqa: A002 -- the column's name
    """The members of a group: their other attributes as JSON, by `value`."""
    with autocommit(engine) as database:
        return dict(database.execute(_MEMBERS, {"asked": id}).all())


def replace(
    engine: Engine, connection: str, row: Row, keys: Keys, document: str, members: Mapping[str, str], now: float
) -> bool:
    """Replace a group (PUT); False where it was changed or deleted since `row` was read."""
    with engine.begin() as database:
        stored = database.execute(select(_r.document).where(one(connection, GROUP, row.id))).scalar_one_or_none()
        if not _write(database, connection, row, keys, document, now):
            return False
        before = dict(database.execute(_MEMBERS, {"asked": row.id}).all())
        gone = [value for value in before if members.get(value) != before[value]]
        come = {value: details for value, details in members.items() if before.get(value) != details}
        for some in _parts(gone):
            database.execute(delete(scim_member).where(_m.group_id == row.id, _m.value.in_(some)))
        _join(database, connection, row.id, come)
        renamed = document != stored
        _touch(database, connection, list({*before, *members}) if renamed else list({*gone, *come}), now)
    return True


def change(
    engine: Engine, connection: str, row: Row, difference: Difference, rewriting: Rewriting | None, now: float
) -> Row | None:
    """Apply a PATCH: add and remove members, and update the row where `rewriting` is given.

    Returns the new row, or None where the group is gone or has another version than `rewriting` or `difference` was
    made for.

    The row is written first, as a lock against concurrent changes of the group; that is rolled back where nothing
    changes.
    """
    new = {} if rewriting is None else {**rewriting.keys._asdict(), "document": rewriting.document}
    which = one(connection, GROUP, row.id)
    if rewriting is not None or difference.exactly:
        which = and_(which, _r.version == row.version)
    statement = (
        update(scim_resource).where(which).values(**new, version=_r.version + 1, modified_at=now, changed_at=now)
    )
    with engine.begin() as database:
        written = database.execute(statement.returning(*[_r[name] for name in Row._fields])).one_or_none()
        if written is None:
            return None
        if rewriting is not None:
            inside = select(_m.value).where(_m.group_id == row.id)
            database.execute(_TOUCH.where(_r.id.in_(inside)), {"of": connection, "now": now})
        if not _apply(database, connection, row.id, difference, now) and rewriting is None:
            database.rollback()
            return find(engine, connection, GROUP, row.id)
    return Row(*written)


def _write(database: Connection, connection: str, row: Row, keys: Keys, document: str, now: float) -> bool:
    changes = changes_of(connection, GROUP, row, keys, document, now)
    values = {name: changes[f"new_{name}"] for name in (*Keys._fields, "document")}
    statement = update(scim_resource).where(one(connection, GROUP, row.id), _r.version == row.version)
    return bool(
        database.execute(statement.values(**values, version=row.version + 1, modified_at=now, changed_at=now)).rowcount
    )


def _apply(database: Connection, connection: str, id: str, difference: Difference, now: float) -> bool:  # noqa: A002
    """Write the memberships; whether any has changed."""
    come, named = difference.come, [*difference.come, *difference.gone]
    before: dict[str, str] = {}
    for some in [None] if difference.everybody else _parts(named):
        statement = _MEMBERS if some is None else _MEMBERS.where(_m.value.in_(some))
        before |= dict(database.execute(statement, {"asked": id}).all())
    new = {value: details for value, details in come.items() if before.get(value) != details}
    gone = [value for value in before if value not in come or value in new]
    for some in _parts(gone):
        database.execute(delete(scim_member).where(_m.group_id == id, _m.value.in_(some)))
    _join(database, connection, id, new)
    _touch(database, connection, list({*gone, *new}), now)
    return bool(gone or new)


def remove(engine: Engine, connection: str, row: Row, now: float) -> bool:
    """Delete a group with its memberships; False where it was changed or deleted since `row` was read."""
    with engine.begin() as database:
        statement = delete(scim_resource).where(one(connection, GROUP, row.id), _r.version == row.version)
        if not database.execute(statement).rowcount:
            return False
        members = [value for value, _ in database.execute(_MEMBERS, {"asked": row.id})]
        database.execute(delete(scim_member).where(_m.group_id == row.id))
        _touch(database, connection, members, now)
    return True


def leave_all(engine: Engine, connection: str, member: str) -> None:
    """Remove a deleted user from all groups."""
    with autocommit(engine) as database:
        database.execute(delete(scim_member).where(_m.connection == connection, _m.value == member))


def groups_of(engine: Engine, connection: str, members: Sequence[str]) -> dict[str, list[Row]]:
    """The groups of this connection that each of `members` is in."""
    columns = [_r[name] for name in Row._fields]
    found: dict[str, list[Row]] = {}
    with autocommit(engine) as database:
        for some in _parts(members):
            statement = select(_m.value, *columns).join(scim_resource, _r.id == _m.group_id).where(_m.value.in_(some))
            statement = statement.where(_m.connection == connection)
            for row in database.execute(statement.where(_r.deleted_at.is_(None)).order_by(_r.number)):
                found.setdefault(row[0], []).append(Row(*row[1:]))
    return found


def _join(database: Connection, connection: str, id: str, members: Mapping[str, str]) -> None:  # noqa: A002
    rows: list[dict[str, Any]] = [
        {"group_id": id, "value": value, "connection": connection, "details": details}
        for value, details in members.items()
    ]
    if rows:
        database.execute(insert(scim_member), rows)


def _touch(database: Connection, connection: str, members: Sequence[str], now: float) -> None:
    for some in _parts(members):
        database.execute(_TOUCH.where(_r.id.in_(some)), {"of": connection, "now": now})


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(values), MANY):
        yield values[at : at + MANY]
