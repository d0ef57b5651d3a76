"""The directory of learners, asked about many people at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, and_, bindparam, select

from bridge.contracts import Learner
from bridge.store.gather import Gathering
from bridge.store.schema import directory, learner, username


class Holder(NamedTuple):
    """That a Username attribute of a user holds a value."""

    folded: str
    attribute: str
    value: str
    user_id: int


_current = select(directory.c.current).scalar_subquery()
_HOLDERS: Final = Gathering(
    Holder,
    *(username.c.folded, username.c.attribute, username.c.value, username.c.user_id),
    where=and_(username.c.generation == _current, username.c.folded.in_(bindparam("folded", expanding=True))),
)
_LEARNERS: Final = Gathering(
    tuple[int, bool, str],
    *(learner.c.user_id, learner.c.active, learner.c.attributes),
    where=and_(learner.c.generation == _current, learner.c.user_id.in_(bindparam("ids", expanding=True))),
)


def holders(connection: Connection, folded: Sequence[str]) -> list[Holder]:
    """Who holds one of these values, folded by `bridge.store.text.fold`, in which Username attribute."""
    return _HOLDERS.fetch(connection, {"folded": folded})


def learners(connection: Connection, user_ids: Sequence[int]) -> dict[int, Learner]:
    """Those of these users whom OttoLearn has."""
    rows = _LEARNERS.fetch(connection, {"ids": user_ids})
    read = msgspec.json.Decoder(dict[str, str]).decode
    return {user_id: Learner(user_id, active, read(attributes)) for user_id, active, attributes in rows}
