"""Connections that registered themselves, and the deployments that were learned from their launches."""

from __future__ import annotations

import hashlib
import json
from typing import Final, NamedTuple

from sqlalchemy import Engine, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bridge.store.engine import autocommit
from bridge.store.insert_or_ignore import insert_or_ignore
from bridge.store.prepared import Prepared
from bridge.store.schema import connection as table
from bridge.store.schema import course, deployment
from bridge.store.scim_schema import scim_token


class StoredConnection(NamedTuple):
    """One registered connection. `settings` is JSON, its secrets encrypted; `registered_at` is Unix seconds."""

    name: str
    adapter: str
    settings: str
    registered_at: float


_COLUMNS: Final = [table.c[name] for name in StoredConnection._fields]
_ADD: Final = insert(table)
_FIND: Final = Prepared(select(*_COLUMNS).where(table.c.name == bindparam("asked")))
_ALL: Final = select(*_COLUMNS).order_by(table.c.name)
_CHANGE: Final = (
    update(table)
    .where(table.c.name == bindparam("asked"), table.c.settings == bindparam("before"))
    .values(settings=bindparam("after"))
)
_NAMES: Final = select(table.c.name)
_REMOVE: Final = delete(table).where(table.c.name == bindparam("asked"))
_KNOWS: Final = select(deployment.c.key).where(deployment.c.key == bindparam("asked"))
_LEARN: Final = insert_or_ignore(deployment)
_SEEN: Final = (
    select(deployment.c.deployment_id)
    .where(deployment.c.connection == bindparam("asked"))
    .order_by(deployment.c.first_seen, deployment.c.deployment_id)
)
_UNLEARN: Final = [delete(t).where(t.c.connection == bindparam("asked")) for t in (deployment, course, scim_token)]


def add(engine: Engine, row: StoredConnection) -> bool:
    """Write one connection; False where its name is taken."""
    try:
        with autocommit(engine) as connection:
            connection.execute(_ADD, row._asdict())
    except IntegrityError:
        return False
    return True


def find(engine: Engine, name: str) -> StoredConnection | None:
    """The registered connection of this name."""
    rows = _FIND.rows(engine, {"asked": name})
    return StoredConnection(*rows[0]) if rows else None


def every(engine: Engine) -> list[StoredConnection]:
    """All registered connections, by name."""
    with autocommit(engine) as connection:
        return [StoredConnection(*row) for row in connection.execute(_ALL)]


def change_settings(engine: Engine, row: StoredConnection, settings: str) -> bool:
    """Keep other settings of a connection; False where they are not those of `row` any more."""
    with autocommit(engine) as connection:
        return bool(
            connection.execute(_CHANGE, {"asked": row.name, "before": row.settings, "after": settings}).rowcount
        )


def names(engine: Engine) -> list[str]:
    """The names of all registered connections."""
    with autocommit(engine) as connection:
        return [*connection.execute(_NAMES).scalars()]


def remove(engine: Engine, name: str) -> bool:
    """Forget a registered connection, its deployments, courses and SCIM tokens; False where there is none."""
    with engine.begin() as connection:
        for unlearn in _UNLEARN:
            connection.execute(unlearn, {"asked": name})
        return bool(connection.execute(_REMOVE, {"asked": name}).rowcount)


def learn_deployment(engine: Engine, name: str, registration: tuple[str, str], deployment_id: str, now: float) -> bool:
    """Remember a deployment of the connection `name`; True where it is new.

    `registration` is issuer and client_id: what was learned of one is not believed of another.
    """
    key = _key(name, *registration, deployment_id)
    with autocommit(engine) as connection:
        if connection.execute(_KNOWS, {"asked": key}).one_or_none() is not None:
            return False
        row = {"key": key, "connection": name, "deployment_id": deployment_id, "first_seen": now}
        return connection.execute(_LEARN[engine.dialect.name], row).first() is not None


def deployments(engine: Engine, name: str) -> list[str]:
    """The deployments learned for the connection `name`, in the order they came."""
    with autocommit(engine) as connection:
        return list(connection.execute(_SEEN, {"asked": name}).scalars())


def _key(*parts: str) -> bytes:
    return hashlib.sha256(json.dumps(parts).encode()).digest()  # as JSON, so that no two lists are written alike
