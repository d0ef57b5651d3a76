"""SCIM users and groups as rows; each push is one statement, so that a crash leaves none half done."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from sqlalchemy import (
    ColumnElement,
    Engine,
    Select,
    and_,
    bindparam,
    collate,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)  # fmt: skip
from sqlalchemy.exc import IntegrityError

from bridge.store.engine import autocommit
from bridge.store.prepared import Prepared
from bridge.store.purging import Purge
from bridge.store.scim_schema import scim_member, scim_resource

USER, GROUP = "User", "Group"
SEVERAL: Final = bytes(32)
"""The value of the column `mail` for users with several addresses, whose documents are searched instead."""
BATCH: Final = 1_000


class NameTaken(Exception):
    """Another user of the connection that is not deleted has this userName."""


class Keys(NamedTuple):
    """Digests of the values by which a resource is found; None where it has no such value."""

    taken: bytes | None = None
    """Of a user's userName: no two living users of a connection have the same."""
    name: bytes | None = None
    """Of a group's displayName."""
    external: bytes | None = None
    employee: bytes | None = None
    mail: bytes | None = None


def exact(value: str) -> str:
    """How a case-exact attribute is compared."""
    return normalize("NFC", value)


def folded(value: str) -> str:
    """How any other attribute is compared."""
    return normalize("NFC", normalize("NFC", value).lower())


def digest(connection: str, kind: str, column: str, value: str) -> bytes:
    """The digest of a folded value, as the columns of `Keys` hold it."""
    text = "\n".join((connection, kind, column, value))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class Row(NamedTuple):
    """One resource. Times are Unix seconds."""

    number: int
    id: str
    document: str
    version: int
    created_at: float
    modified_at: float
    deleted_at: float | None = None


_r = scim_resource.c
_COLUMNS: Final = [_r[name] for name in Row._fields]
_LIVING: Final = (_r.connection == bindparam("of"), _r.kind == bindparam("a"), _r.deleted_at.is_(None))
_ONE: Final = (*_LIVING, _r.id == bindparam("asked"))
_INSERTED: Final = ("connection", "kind", "id", *Keys._fields, "document", "version")
_TIMES: Final = ("created_at", "modified_at", "changed_at")
_INSERT: Final = Prepared(insert(scim_resource), [*_INSERTED, *_TIMES])
_FIND: Final = Prepared(select(*_COLUMNS).where(*_ONE))
_CHANGED: Final = {
    **{name: bindparam(f"new_{name}") for name in Keys._fields},
    "document": bindparam("new_document"),
    "version": _r.version + literal_column("1"),
    "modified_at": bindparam("now"),
    "changed_at": bindparam("now"),
}
_REPLACE: Final = Prepared(
    update(scim_resource).where(*_ONE, _r.version == bindparam("expected")).values(**_CHANGED).returning(_r.version)
)
_DELETE: Final = Prepared(
    update(scim_resource)
    .where(*_ONE, _r.version == bindparam("expected"))
    .values(taken=null(), deleted_at=bindparam("now"), changed_at=bindparam("now"))
    .returning(_r.id)
)
_PAGE: Final = select(*_COLUMNS).where(*_LIVING).order_by(_r.number)
_HAVING: Final = {name: Prepared(_PAGE.where(_r[name] == bindparam("one"))) for name in Keys._fields}
_BECOME_ASCII: Final = {"kelvin": "%\u212a%", "question": "%\u037e%", "varia": "%\u1fef%"}
"""Letters that NFC turns into ASCII ones: addresses with one of them are searched, too."""


def _with_mail(document: ColumnElement[str]) -> Select[Any]:
    may = or_(
        document.ilike(bindparam("text"), escape="!"), *(document.like(bindparam(name)) for name in _BECOME_ASCII)
    )
    return _PAGE.where(or_(_r.mail == bindparam("one"), and_(_r.mail == bindparam("several"), may)))


_WITH_MAIL: Final = Prepared(
    {
        "sqlite": _with_mail(_r.document),
        "postgresql": _with_mail(collate(_r.document, "C")),  # where the letter case is that of ASCII
    }
)
_PARTS: Final = {
    "since": _PAGE.where(_r.changed_at >= bindparam("at")),  # nothing is modified that has not changed
    "until": _PAGE.where(_r.modified_at <= bindparam("at")),
    "inactive": _PAGE.where(_r.document.contains('"active":false')),
}
_COUNT: Final = select(func.count()).select_from(scim_resource).where(*_LIVING)
_USERS: Final = select(*_COLUMNS).where(_r.connection == bindparam("of"), _r.kind == USER).order_by(_r.number)
_NEWEST: Final = select(func.max(_r.changed_at)).where(_r.connection == bindparam("of"), _r.kind == USER)
_PUSHED_SINCE: Final = (_r.connection == bindparam("of"), _r.kind == USER, _r.changed_at > bindparam("since"))
_PUSHED: Final = (
    select(*_COLUMNS, _r.changed_at)
    .where(*_PUSHED_SINCE)
    .order_by(_r.changed_at.desc(), _r.number.desc())
    .limit(bindparam("most"))
)
_COUNT_PUSHED: Final = select(func.count()).select_from(
    select(_r.number).where(*_PUSHED_SINCE).limit(bindparam("most")).subquery()
)
_FORGET: Final = Purge(scim_resource, _r.deleted_at < bindparam("before"))


def values_of(connection: str, kind: str, id: str, keys: Keys, document: str, now: float) -> dict[str, Any]:  # noqa: A002
    """The columns of a new resource."""
    first = {"connection": connection, "kind": kind, "id": id, "document": document, "version": 1}
    return {**first, **keys._asdict(), **dict.fromkeys(_TIMES, now)}


def create(engine: Engine, values: dict[str, Any]) -> None:
    """Create a user. Raises NameTaken."""
    try:
        _INSERT.rows(engine, values)
    except IntegrityError as error:
        raise NameTaken from error


def find(engine: Engine, connection: str, kind: str, id: str) -> Row | None:  # noqa: A002 -- the column's name
    """The resource with this id; None where there is none or it was deleted."""
    rows = _FIND.rows(engine, {"of": connection, "a": kind, "asked": id})
    return Row(*rows[0]) if rows else None


def changes_of(connection: str, kind: str, row: Row, keys: Keys, document: str, now: float) -> dict[str, Any]:
    """The parameters of `replace`."""
    which = {"of": connection, "a": kind, "asked": row.id, "expected": row.version}
    return {**which, "new_document": document, "now": now, **{f"new_{n}": v for n, v in keys._asdict().items()}}


def replace(engine: Engine, values: dict[str, Any]) -> bool:
    """Replace a user; False where it was changed or deleted since it was read. Raises NameTaken."""
    try:
        return bool(_REPLACE.rows(engine, values))
    except IntegrityError as error:
        raise NameTaken from error


def delete(engine: Engine, connection: str, kind: str, row: Row, now: float) -> bool:
    """Mark a resource as deleted; False where it was changed or deleted since `row` was read."""
    which = {"of": connection, "a": kind, "asked": row.id, "expected": row.version, "now": now}
    return bool(_DELETE.rows(engine, which))


def page(engine: Engine, connection: str, kind: str, start: int, count: int | None) -> tuple[int, list[Row]]:
    """The number of resources, and `count` of them from the `start`th on, in order of creation."""
    of = {"of": connection, "a": kind}
    with autocommit(engine) as database:
        total = int(database.execute(_COUNT, of).scalar_one())
        rows = [] if count == 0 else database.execute(_PAGE.offset(start).limit(count), of).all()
    return total, [Row(*row) for row in rows]


def having(engine: Engine, connection: str, kind: str, column: str, one: bytes) -> list[Row]:
    """The resources with this digest in a column of `Keys`."""
    return [Row(*row) for row in _HAVING[column].rows(engine, {"of": connection, "a": kind, "one": one})]


def with_mail(engine: Engine, connection: str, kind: str, one: bytes, mail: str) -> list[Row]:
    """Users who may have this e-mail address, `one` its digest, as their only one or among several."""
    plain = mail.isascii() and mail.isprintable() and '"' not in mail and "\\" not in mail  # as it stands in JSON
    text = re.sub("([!%_])", r"!\1", mail) if plain else ""
    asked = {"of": connection, "a": kind, "one": one, "several": SEVERAL, "text": f"%{text}%", **_BECOME_ASCII}
    return [Row(*row) for row in _WITH_MAIL.rows(engine, asked)]


def part(engine: Engine, connection: str, kind: str, which: str, at: float, most: int) -> list[Row]:
    """The first `most` resources that were modified `since` or `until` a time, or may be `inactive`."""
    asked = {"of": connection, "a": kind, "at": at}
    with autocommit(engine) as database:
        return [Row(*row) for row in database.execute(_PARTS[which].limit(most), asked)]


def count(engine: Engine, connection: str, kind: str, most: int) -> int:
    """The number of resources, counted up to `most`."""
    some = select(_r.number).where(*_LIVING).limit(most).subquery()
    with autocommit(engine) as database:
        asked = {"of": connection, "a": kind}
        return int(database.execute(select(func.count()).select_from(some), asked).scalar_one())


def groups_with(engine: Engine, connection: str, member: str) -> list[Row]:
    """The groups that have this member."""
    inside = select(scim_member.c.group_id).where(scim_member.c.value == bindparam("member"))
    asked = {"of": connection, "a": GROUP, "member": member}
    with autocommit(engine) as database:
        return [Row(*row) for row in database.execute(_PAGE.where(_r.id.in_(inside)), asked)]


def everything(engine: Engine, connection: str, kind: str) -> Iterator[list[Row]]:
    """All resources, in batches; no transaction is open between two of them."""
    yield from _batches(engine, _PAGE, {"of": connection, "a": kind})


def users(engine: Engine, connection: str, since: float | None = None) -> Iterator[list[Row]]:
    """All users that are not deleted; with `since` all that changed from then on, deleted ones included."""
    statement = _USERS.where(_r.deleted_at.is_(None) if since is None else _r.changed_at >= bindparam("since"))
    yield from _batches(engine, statement, {"of": connection, "since": since})


def newest_change(engine: Engine, connection: str) -> float | None:
    """When a user of the connection, or a group of theirs, last changed."""
    with autocommit(engine) as database:
        return database.execute(_NEWEST, {"of": connection}).scalar_one_or_none()


class PushedRow(NamedTuple):
    """A resource, and when it or a group of it last changed."""

    row: Row
    changed_at: float


def pushed_since(
    engine: Engine, connection: str, since: float, size: int, *, before: tuple[float, int] | None = None
) -> list[PushedRow]:
    """`size` users who changed after then, the last change first, those who were deleted among them; with `before` only
    those behind the user who changed at this time and has this number.
    """
    asked = {"of": connection, "since": since, "most": size}
    statement = _PUSHED
    if before is not None:
        statement = statement.where(_r.changed_at <= before[0], tuple_(_r.changed_at, _r.number) < tuple_(*before))
    with autocommit(engine) as database:
        return [PushedRow(Row(*row[:-1]), row[-1]) for row in database.execute(statement, asked)]


def count_pushed_since(engine: Engine, connection: str, since: float, most: int) -> int:
    """The number of users changed after `since`, counted up to `most`."""
    asked = {"of": connection, "since": since, "most": most}
    with autocommit(engine) as database:
        return int(database.execute(_COUNT_PUSHED, asked).scalar_one())


def forget_deleted_before(engine: Engine, time: float) -> int:
    """Delete what an identity provider deleted before `time`; how many rows."""
    return _FORGET.run(engine, {"before": time})


def _batches(engine: Engine, statement: Any, values: dict[str, Any]) -> Iterator[list[Row]]:
    last = 0
    following = statement.where(_r.number > bindparam("last")).limit(BATCH)
    while True:
        with autocommit(engine) as database:
            rows = [Row(*row) for row in database.execute(following, {**values, "last": last})]
        if not rows:
            return
        yield rows
        last = rows[-1].number


def one(connection: str, kind: str, id: str) -> Any:  # noqa: A002 -- the column's name
    """The WHERE condition of one resource that is not deleted, for transactions."""
    return and_(_r.connection == connection, _r.kind == kind, _r.id == id, _r.deleted_at.is_(None))
