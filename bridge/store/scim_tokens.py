"""The bearer tokens of SCIM connections; only their digests are kept."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from sqlalchemy import Engine, bindparam, insert, or_, select, update

from bridge.store.engine import autocommit
from bridge.store.prepared import Prepared
from bridge.store.scim_schema import scim_token


class TokenRow(NamedTuple):
    """One token; the token itself is not among the columns. Times are Unix seconds."""

    id: str
    connection: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    used_at: float | None = None
    name: str = ""
    """Who has it, in the words of whoever made it."""

    def is_valid(self, now: float) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_t = scim_token.c
_COLUMNS: Final = [_t[name] for name in TokenRow._fields]
_FIND: Final = Prepared(select(*_COLUMNS).where(_t.token == bindparam("digest"), _t.connection == bindparam("of")))
_USED: Final = update(scim_token).where(_t.id == bindparam("asked")).values(used_at=bindparam("now"))
_EXPIRE: Final = (
    update(scim_token)
    .where(_t.connection == bindparam("of"), _t.revoked_at.is_(None))
    .where(or_(_t.expires_at.is_(None), _t.expires_at > bindparam("until")))
    .values(expires_at=bindparam("until"))
)
_EXPIRE_ONE: Final = _EXPIRE.where(_t.id == bindparam("asked"))


def add(engine: Engine, row: TokenRow, token: str) -> None:
    """Keep a new token beside those there are."""
    with autocommit(engine) as database:
        database.execute(insert(scim_token), {**row._asdict(), "token": _digest(token)})


def renew(engine: Engine, old: TokenRow, row: TokenRow, token: str, until: float) -> bool:
    """Keep a new token in place of `old`, which ends at `until`, if not sooner; False where it is revoked already."""
    with engine.begin() as database:
        ended = database.execute(_EXPIRE_ONE, {"asked": old.id, "until": until, "of": old.connection}).rowcount
        if ended:
            database.execute(insert(scim_token), {**row._asdict(), "token": _digest(token)})
    return bool(ended)


def rotate(engine: Engine, row: TokenRow, token: str, until: float) -> None:
    """Keep a new token of a connection; those before it end at `until`, if not sooner."""
    with engine.begin() as database:
        database.execute(_EXPIRE, {"of": row.connection, "until": until})
        database.execute(insert(scim_token), {**row._asdict(), "token": _digest(token)})


def find(engine: Engine, connection: str, token: str) -> TokenRow | None:
    """The token of the connection, valid or not."""
    rows = _FIND.rows(engine, {"digest": _digest(token), "of": connection})
    return TokenRow(*rows[0]) if rows else None


def every(engine: Engine, connection: str) -> list[TokenRow]:
    """The tokens of a connection, oldest first."""
    statement = select(*_COLUMNS).where(_t.connection == connection).order_by(_t.created_at, _t.id)
    with autocommit(engine) as database:
        return [TokenRow(*row) for row in database.execute(statement)]


def note_use(engine: Engine, id: str, now: float) -> None:  # noqa: A002 -- the column's name
    """Note that a token was used."""
    with autocommit(engine) as database:
        database.execute(_USED, {"asked": id, "now": now})


def revoke(engine: Engine, connection: str, id: str, now: float) -> bool:  # noqa: A002 -- the column's name
    """End a token at once; False where the connection has no such token that is not revoked already."""
    which = (_t.connection == connection, _t.id == id, _t.revoked_at.is_(None))
    with autocommit(engine) as database:
        return bool(database.execute(update(scim_token).where(*which).values(revoked_at=now)).rowcount)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
