"""The packages that were made, and the sites on which they were played."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from sqlalchemy import Engine, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.engine import autocommit
from bridge.store.insert_or_ignore import insert_or_ignore
from bridge.store.prepared import Prepared
from bridge.store.schema import package, package_origin

NEW, APPROVED, REFUSED = "new", "approved", "refused"
MOST_NEW = 50
"""Sites of one connection that wait for a decision; a copied package must not fill the table."""


class PackageRow(NamedTuple):
    """One package; its token is not among the columns. Times are Unix seconds."""

    id: str
    connection: str
    format: str
    title: str
    course: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None

    def lives(self, now: float) -> bool:
        """Whether it may launch."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class OriginRow(NamedTuple):
    """A site, and what was decided about it. `package` is the one that was first played there."""

    connection: str
    origin: str
    state: str
    package: str
    seen_at: float
    decided_at: float | None = None


_COLUMNS: Final = [package.c[name] for name in PackageRow._fields]
_ORIGIN_COLUMNS: Final = [package_origin.c[name] for name in OriginRow._fields]
_REGISTER: Final = insert(package)
_BY_TOKEN: Final = Prepared(select(*_COLUMNS).where(package.c.token == bindparam("digest")))
_BY_ID: Final = select(*_COLUMNS).where(package.c.id == bindparam("asked"))
_ALL: Final = select(*_COLUMNS).order_by(package.c.created_at, package.c.id)
_REVOKE: Final = (
    update(package)
    .where(package.c.id == bindparam("asked"), package.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_END: Final = (
    update(package)
    .where(
        package.c.id == bindparam("asked"),
        or_(package.c.expires_at.is_(None), package.c.expires_at > bindparam("until")),
    )
    .values(expires_at=bindparam("until"))
)
_STATE: Final = select(package_origin.c.state).where(
    package_origin.c.connection == bindparam("name"), package_origin.c.origin == bindparam("site")
)
_ORIGINS: Final = select(*_ORIGIN_COLUMNS).order_by(package_origin.c.connection, package_origin.c.origin)
_WAITING: Final = (
    select(func.count())
    .select_from(package_origin)
    .where(package_origin.c.connection == bindparam("name"), package_origin.c.state == NEW)
)
_LEARN: Final = insert_or_ignore(package_origin)


def register(engine: Engine, row: PackageRow, token: str) -> None:
    """Remember a package and the digest of its token."""
    with autocommit(engine) as connection:
        connection.execute(_REGISTER, {**row._asdict(), "token": _digest(token)})


def by_token(engine: Engine, token: str) -> PackageRow | None:
    """The package that carries `token`, dead or alive."""
    return next((PackageRow(*row) for row in _BY_TOKEN.rows(engine, {"digest": _digest(token)})), None)


def by_id(engine: Engine, id: str) -> PackageRow | None:  # noqa: A002 -- the column's name
    """The package with this id."""
    with autocommit(engine) as connection:
        row = connection.execute(_BY_ID, {"asked": id}).one_or_none()
    return None if row is None else PackageRow(*row)


def every(engine: Engine) -> list[PackageRow]:
    """All packages, oldest first."""
    with autocommit(engine) as connection:
        return [PackageRow(*row) for row in connection.execute(_ALL)]


def revoke(engine: Engine, id: str, now: float) -> bool:  # noqa: A002 -- the column's name
    """Let a package launch no more; False where it is unknown or was revoked before."""
    with autocommit(engine) as connection:
        return bool(connection.execute(_REVOKE, {"asked": id, "now": now}).rowcount)


def end_at(engine: Engine, id: str, until: float) -> None:  # noqa: A002 -- the column's name
    """Let a package launch until `until` at the latest."""
    with autocommit(engine) as connection:
        connection.execute(_END, {"asked": id, "until": until})


def origin_state(engine: Engine, name: str, origin: str) -> str:
    """What was decided about a site for the connection `name`; empty where it was never seen."""
    with autocommit(engine) as connection:
        return str(connection.execute(_STATE, {"name": name, "site": origin}).scalar_one_or_none() or "")


def learn_origin(engine: Engine, row: OriginRow) -> bool:
    """Note a site that nobody decided about; False where it is known, or too many are waiting."""
    with engine.begin() as connection:
        if connection.execute(_WAITING, {"name": row.connection}).scalar_one() >= MOST_NEW:
            return False
        return connection.execute(_LEARN[engine.dialect.name], row._asdict()).one_or_none() is not None


def decide_origin(engine: Engine, name: str, origin: str, state: str, now: float) -> None:
    """Approve or refuse a site, seen or not."""
    decided = {"state": state, "decided_at": now}
    row = OriginRow(name, origin, state, "", now, now)._asdict()
    dialect = sqlite if engine.dialect.name == "sqlite" else postgresql
    keys = [package_origin.c.connection, package_origin.c.origin]
    with autocommit(engine) as connection:
        connection.execute(dialect.insert(package_origin).on_conflict_do_update(index_elements=keys, set_=decided), row)


def origins(engine: Engine) -> list[OriginRow]:
    """Every site that was seen or decided about, by connection."""
    with autocommit(engine) as connection:
        return [OriginRow(*row) for row in connection.execute(_ORIGINS)]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
