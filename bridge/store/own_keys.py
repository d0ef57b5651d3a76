"""Our own signing keys, one row each: the one that signs, the one that will, and those that did.

Of each purpose (`lti`, `oidc`) at most one row is at the stage `current` and one at `next`: a unique index decides
between processes that make or move keys at the same moment.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Engine, bindparam, delete, or_, select, update

from bridge.store.engine import autocommit
from bridge.store.insert_or_ignore import insert_or_ignore
from bridge.store.schema import own_key

CURRENT: Final = "current"
NEXT: Final = "next"


class KeyRow(NamedTuple):
    """One key. Times are Unix seconds."""

    kid: str
    purpose: str
    stage: str | None
    """`CURRENT`, `NEXT`, or None for one that signs no more."""
    public: str
    """The public JSON Web Key, as JSON."""
    encrypted_private: str
    """The private key as `bridge.lti.toolkeys.encrypt` encrypts it."""
    made_at: float
    published_until: float | None = None
    """When it leaves the published set; None while it signs or will sign."""


_COLUMNS: Final = [own_key.c[name] for name in KeyRow._fields]
_ADD: Final = insert_or_ignore(own_key)
_PUBLISHED: Final = (
    select(*_COLUMNS)
    .where(own_key.c.purpose == bindparam("purpose_"))
    .where(or_(own_key.c.published_until.is_(None), own_key.c.published_until > bindparam("now")))
    .order_by(own_key.c.made_at, own_key.c.kid)
)
_LEAVE: Final = (
    update(own_key)
    .where(own_key.c.kid == bindparam("kid_"), own_key.c.stage == bindparam("stage_"))
    .values(stage=None, published_until=bindparam("until"))
)
_PROMOTE: Final = (
    update(own_key).where(own_key.c.kid == bindparam("kid_"), own_key.c.stage == NEXT).values(stage=CURRENT)
)
_FORGET: Final = delete(own_key).where(own_key.c.published_until <= bindparam("now"))
_WITHDRAW: Final = delete(own_key).where(own_key.c.purpose == bindparam("purpose_"))


def published(engine: Engine, purpose: str, *, now: float) -> list[KeyRow]:
    """Every key of `purpose` that others may meet, oldest first."""
    with autocommit(engine) as connection:
        return [KeyRow(*row) for row in connection.execute(_PUBLISHED, {"purpose_": purpose, "now": now})]


def every(engine: Engine) -> list[KeyRow]:
    """All keys of all purposes."""
    with autocommit(engine) as connection:
        return [KeyRow(*row) for row in connection.execute(select(*_COLUMNS).order_by(own_key.c.kid))]


def reencrypt(engine: Engine, row: KeyRow, encrypted_private: str) -> bool:
    """Replace the ciphertext of a private key; False where it is not that of `row` any more."""
    same = (own_key.c.kid == row.kid, own_key.c.encrypted_private == row.encrypted_private)
    with autocommit(engine) as connection:
        return bool(
            connection.execute(update(own_key).where(*same).values(encrypted_private=encrypted_private)).rowcount
        )


def add(engine: Engine, *rows: KeyRow) -> None:
    """Write `rows`; one whose stage is taken is left out, because somebody else was quicker."""
    with engine.begin() as connection:
        for row in rows:
            connection.execute(_ADD[engine.dialect.name], row._asdict())


def move_on(engine: Engine, current: str, following: str, successor: KeyRow, *, now: float, until: float) -> bool:
    """Let `current` sign no more and stay published until `until`, `following` sign, `successor` wait; True where it
    was done, False where somebody else was quicker. Keys that nobody needs any more are forgotten.
    """
    with engine.begin() as connection:
        left = connection.execute(_LEAVE, {"kid_": current, "stage_": CURRENT, "until": until}).rowcount
        if not left:
            return False
        connection.execute(_PROMOTE, {"kid_": following})
        connection.execute(_ADD[engine.dialect.name], successor._asdict())
        connection.execute(_FORGET, {"now": now})
        return True


def replace_all(engine: Engine, purpose: str, *rows: KeyRow) -> None:
    """Forget every key of `purpose` and write `rows` in their place."""
    with engine.begin() as connection:
        connection.execute(_WITHDRAW, {"purpose_": purpose})
        for row in rows:
            connection.execute(_ADD[engine.dialect.name], row._asdict())
