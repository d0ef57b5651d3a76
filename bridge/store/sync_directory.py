"""The directory of learners, asked about many people at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from bridge.contracts import Learner
from bridge.store.json_batch import JsonBatchQuery
from bridge.store.schema import directory, learner, username


class Holder(NamedTuple):
    """That a Username attribute of a user holds a value."""

    folded: str
    attribute: str
    value: str
    user_id: int


_current = select(directory.c.current).scalar_subquery()
_HOLDERS: Final = JsonBatchQuery(
    Holder,
    *(username.c.folded, username.c.attribute, username.c.value, username.c.user_id),
    among=username.c.folded,
    where=username.c.generation == _current,
)
_LEARNERS: Final = JsonBatchQuery(
    tuple[int, bool, str],
    *(learner.c.user_id, learner.c.active, learner.c.attributes),
    among=learner.c.user_id,
    where=learner.c.generation == _current,
)


def holders(connection: Connection, folded: Sequence[str]) -> list[Holder]:
    """Who holds a value with one of these loose keys (`bridge.identifiers.loose_key`), in which Username attribute."""
    return _HOLDERS.fetch(connection, folded)


def learners(connection: Connection, user_ids: Sequence[int]) -> dict[int, Learner]:
    """Those of these users whom OttoLearn has."""
    rows = _LEARNERS.fetch(connection, user_ids)
    read = msgspec.json.Decoder(dict[str, str]).decode
    return {user_id: Learner(user_id, active, read(attributes)) for user_id, active, attributes in rows}
