"""What was pushed, for the sync: people of SCIM as plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from bridge.roster.services import Pushed, Pushes
from bridge.store import scim_groups, scim_resources
from bridge.store.database import Engine
from bridge.store.scim_resources import USER, Row, digest, exact, folded

_COLUMNS: Final[dict[str, tuple[str, Callable[[str], str]]]] = {
    "userName": ("taken", folded),
    "externalId": ("external", exact),
    "employeeNumber": ("employee", folded),
    "email": ("mail", folded),
}
"""By what `student_id` may be: the column of digests, and how values are compared."""


def pushes_of(engine: Engine, connection: str) -> Pushes:
    """What was pushed to the connection."""
    return Pushes(partial(_read, engine, connection), partial(_find, engine, connection))


def _read(engine: Engine, connection: str, since: float | None) -> Iterator[Sequence[Pushed]]:
    for rows in scim_resources.users(engine, connection, since):
        yield _people(engine, connection, rows)


def _find(engine: Engine, connection: str, attribute: str, value: str) -> Sequence[Pushed]:
    column, fold = _COLUMNS[attribute]
    one = digest(connection, USER, column, fold(value))
    if column == "mail":
        return _people(engine, connection, scim_resources.with_mail(engine, connection, USER, one, value))
    return _people(engine, connection, scim_resources.having(engine, connection, USER, column, one))


def _people(engine: Engine, connection: str, rows: Sequence[Row]) -> list[Pushed]:
    groups = scim_groups.groups_of(engine, connection, [row.id for row in rows])
    return [
        Pushed(row.id, msgspec.json.decode(row.document), row.deleted_at is None, _names(groups.get(row.id, [])))
        for row in rows
    ]


def _names(groups: Sequence[Row]) -> frozenset[str]:
    found = {group.id for group in groups}
    for group in groups:
        document = msgspec.json.decode(group.document)
        found |= {document[name] for name in ("displayName", "externalId") if isinstance(document.get(name), str)}
    return frozenset(found)
