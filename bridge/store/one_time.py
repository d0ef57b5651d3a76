"""Values that work once: states, nonces, launch codes. One statement decides every race.

Only a SHA-256 of a key or code is stored, so a copy of the database opens nothing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Engine, Executable, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.engine import autocommit
from bridge.store.insert_or_ignore import insert_or_ignore
from bridge.store.prepared import Prepared
from bridge.store.purging import Purge
from bridge.store.schema import consumed, kept

FILLER: Final = 8192
"""Bytes of a trial: more than is free in the pages in which small rows still find room on a full disk."""
_SPEND: Final = Prepared(
    {
        "sqlite": sqlite.insert(consumed).on_conflict_do_nothing(),
        "postgresql": postgresql.insert(consumed).on_conflict_do_nothing(),
    }
)
_UNSPEND: Final = delete(consumed).where(consumed.c.key == bindparam("k"))
_OWN: Final = (consumed.c.key == bindparam("k"), consumed.c.until == bindparam("was"))
_UNSPEND_OWN: Final = delete(consumed).where(*_OWN)
_PROLONG: Final = update(consumed).where(*_OWN).values(until=bindparam("till"))
_UNTIL: Final = select(consumed.c.until).where(consumed.c.key == bindparam("k"))
_KEEP: Final = Prepared(insert(kept))
_TAKE: Final = delete(kept).where(kept.c.key == bindparam("k")).returning(kept.c.payload, kept.c.until)


def _claim_statement(dialect: type[sqlite.Insert] | type[postgresql.Insert]) -> Executable:
    row = dialect(consumed).values(key=bindparam("key"), until=bindparam("until"))
    statement: Executable = row.on_conflict_do_update(
        index_elements=["key"], set_={"until": row.excluded.until}, where=consumed.c.until <= bindparam("now")
    ).returning(consumed.c.until)
    return statement


_CLAIM: Final = {"sqlite": _claim_statement(sqlite.Insert), "postgresql": _claim_statement(postgresql.Insert)}
_LOOK: Final = select(kept.c.payload).where(
    kept.c.key == bindparam("k"), kept.c.until > bindparam("now"), kept.c.until <= bindparam("latest")
)


def _put_statement(dialect: type[sqlite.Insert] | type[postgresql.Insert]) -> Executable:
    row = dialect(kept)
    changed = {"payload": row.excluded.payload, "until": row.excluded.until}
    statement: Executable = row.on_conflict_do_update(index_elements=["key"], set_=changed)
    return statement


_PUT: Final = {"sqlite": _put_statement(sqlite.Insert), "postgresql": _put_statement(postgresql.Insert)}
_BIND: Final = insert_or_ignore(kept)
_BOUND: Final = select(kept.c.payload).where(kept.c.key == bindparam("k"))
_PURGE: Final = tuple(Purge(table, table.c.until <= bindparam("now")) for table in (consumed, kept))


def consume(engine: Engine, key: str, until: float) -> bool:
    """True exactly once per `key`, whoever else tries at the same moment.

    The key is remembered at least until `until` (Unix seconds), by when the caller must refuse it as too old.
    Keys of different uses need different prefixes.
    """
    return _SPEND.count(engine, {"key": _hash(key), "until": until}) == 1


def claim(engine: Engine, key: str, *, now: float, until: float) -> bool:
    """Like `consume`, but for a while: another may claim the key from `until` on, or once it is released."""
    with autocommit(engine) as connection:
        row = {"key": _hash(key), "until": until, "now": now}
        return connection.execute(_CLAIM[engine.dialect.name], row).one_or_none() is not None


def is_claimed(engine: Engine, key: str, *, now: float) -> bool:
    """Whether somebody has claimed `key`, and the claim is not over."""
    with autocommit(engine) as connection:
        until = connection.execute(_UNTIL, {"k": _hash(key)}).scalar_one_or_none()
    return until is not None and until > now


def release(engine: Engine, key: str) -> None:
    """Let others claim `key`."""
    with autocommit(engine) as connection:
        connection.execute(_UNSPEND, {"k": _hash(key)})


def prolong(engine: Engine, key: str, *, was: float, until: float) -> bool:
    """Hold a claim that was until `was` for longer; False where it is another's by now, or nobody's."""
    with autocommit(engine) as connection:
        return bool(connection.execute(_PROLONG, {"k": _hash(key), "was": was, "till": until}).rowcount)


def release_own(engine: Engine, key: str, *, until: float) -> None:
    """Let others claim `key`, where the claim is still the one that was until `until`."""
    with autocommit(engine) as connection:
        connection.execute(_UNSPEND_OWN, {"k": _hash(key), "was": until})


def keep(engine: Engine, purpose: str, code: str, payload: Mapping[str, str], *, until: float) -> None:
    """Keep `payload` for whoever brings `code` for the same `purpose` before `until` (Unix seconds).

    Codes must be random: keeping under one that is kept already raises SQLAlchemy's `IntegrityError`.
    """
    row = {"key": _hash(purpose, code), "payload": json.dumps(dict(payload)), "until": until}
    _KEEP.count(engine, row)


def take(engine: Engine, purpose: str, code: str, *, now: float) -> dict[str, str] | None:
    """What was kept under `code`, to the first who asks; None when unknown, taken before, or expired."""
    with autocommit(engine) as connection:
        row = connection.execute(_TAKE, {"k": _hash(purpose, code)}).one_or_none()
    if row is None or row.until <= now:
        return None
    payload: dict[str, str] = json.loads(row.payload)
    return payload


def try_writing(engine: Engine, code: str, now: float) -> bool:
    """Whether the database takes what is written; nothing of it stays. Raises `DBAPIError` where it does not."""
    filler = {"filler": secrets.token_hex(FILLER // 2)}
    keep(engine, "trial", code, filler, until=now + 60)
    return take(engine, "trial", code, now=now) is not None


def put(engine: Engine, purpose: str, code: str, payload: Mapping[str, str], *, until: float) -> None:
    """Like `keep`, in place of whatever was kept under `code` before."""
    row = {"key": _hash(purpose, code), "payload": json.dumps(dict(payload)), "until": until}
    with autocommit(engine) as connection:
        connection.execute(_PUT[engine.dialect.name], row)


def look(engine: Engine, purpose: str, code: str, *, now: float, lives: float = 1e12) -> dict[str, str] | None:
    """What is kept under `code`, and goes on being kept; None when unknown, taken, or expired, or where it would be
    kept for longer than it `lives`: it is from before a clock was set back.
    """
    with autocommit(engine) as connection:
        row = {"k": _hash(purpose, code), "now": now, "latest": now + lives}
        found = connection.execute(_LOOK, row).scalar_one_or_none()
    if found is None:
        return None
    payload: dict[str, str] = json.loads(found)
    return payload


def bind(engine: Engine, purpose: str, code: str, value: str, *, until: float) -> str:
    """The first value that was bound to `code` for this purpose, `value` itself where there was none."""
    key = _hash(purpose, code)
    with engine.begin() as connection:
        row = {"key": key, "payload": json.dumps({"value": value}), "until": until}
        connection.execute(_BIND[engine.dialect.name], row)
        found = connection.execute(_BOUND, {"k": key}).scalar_one()
    bound: dict[str, str] = json.loads(found)
    return bound["value"]


def purge(engine: Engine, *, now: float) -> int:
    """Forget what has expired; how many rows."""
    return sum(purge.run(engine, {"now": now}) for purge in _PURGE)


def _hash(*parts: str) -> bytes:
    # The length before each part: ("a", "bc") and ("ab", "c") are different keys.
    digest = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(octets) + octets)
    return digest.digest()
