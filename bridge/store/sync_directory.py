"""The directory of learners, asked about many people at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from bridge.contracts import Learner
from bridge.store.schema import directory, learner, username


class Holder(NamedTuple):
    """That a Username attribute of a user holds a value."""

    folded: str
    attribute: str
    value: str
    user_id: int


_current = select(directory.c.current).scalar_subquery()
_HOLDERS: Final = select(username.c.folded, username.c.attribute, username.c.value, username.c.user_id).where(
    username.c.generation == _current, username.c.folded.in_(bindparam("folded", expanding=True))
)
_LEARNERS: Final = select(learner.c.user_id, learner.c.active, learner.c.attributes).where(
    learner.c.generation == _current, learner.c.user_id.in_(bindparam("ids", expanding=True))
)


def holders(connection: Connection, folded: Sequence[str]) -> list[Holder]:
    """Who holds one of these values, folded by `bridge.store.text.fold`, in which Username attribute."""
    return [Holder(*row) for row in connection.execute(_HOLDERS, {"folded": folded})]


def learners(connection: Connection, user_ids: Sequence[int]) -> dict[int, Learner]:
    """Those of these users whom OttoLearn has."""
    rows = connection.execute(_LEARNERS, {"ids": user_ids})
    return {user_id: Learner(user_id, active, json.loads(attributes)) for user_id, active, attributes in rows}
