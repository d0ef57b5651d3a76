"""What came with the launches that did not get in, kept for the administrator who asks by the reference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Engine, bindparam, insert, select

from bridge.store.engine import autocommit
from bridge.store.purging import Purge
from bridge.store.schema import received

LONGEST: Final = 8_000
"""Bytes kept of one launch; Moodle's and Canvas's come to half of that."""
SHORTER: Final = (60, 20)
"""To so many characters values are cut, one after the other, where all together are longer."""

_KEEP: Final = insert(received)
_FIND: Final = select(received.c.fields).where(received.c.reference == bindparam("asked"))
_FORGET: Final = Purge(received, received.c.time < bindparam("before"))


def keep(engine: Engine, reference: str, fields: Mapping[str, Any], *, now: float) -> None:
    """Keep `fields`, already shortened and without secrets, under the launch's reference."""
    row = {"reference": reference, "time": now, "fields": _fitting(fields)}
    with autocommit(engine) as connection:
        connection.execute(_KEEP, row)


def find(engine: Engine, reference: str) -> dict[str, Any] | None:
    """What came with the launch, or None where nothing was kept: it got in, or was forgotten."""
    with autocommit(engine) as connection:
        row = connection.execute(_FIND, {"asked": reference}).one_or_none()
    if row is None:
        return None
    fields: dict[str, Any] = json.loads(row.fields)
    return fields


def forget_before(engine: Engine, time: float) -> int:
    """Delete what is older than `time` (Unix seconds); how many."""
    return _FORGET.run(engine, {"before": time})


def _fitting(fields: Mapping[str, Any]) -> str:
    """As JSON of at most `LONGEST` bytes: long values cut where it must be, and nothing where that is not enough."""
    shorter = (_cut(fields, limit) for limit in SHORTER)
    for found in (fields, *shorter):
        octets = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
        if len(octets) <= LONGEST:
            return octets.decode()
    return "{}"


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _cut(item, limit) for name, item in value.items()}
    if isinstance(value, list):
        return [_cut(item, limit) for item in value]
    return f"{value[:limit]}…" if isinstance(value, str) and len(value) > limit else value
