"""All of OttoLearn's users as the directory holds them, for whoever must look at everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from sqlalchemy import Engine, bindparam, select

from bridge.contracts import Learner
from bridge.store.engine import autocommit
from bridge.store.schema import directory, learner

BATCH: Final = 2_000

_PAGE: Final = (
    select(learner.c.user_id, learner.c.active, learner.c.attributes)
    .where(learner.c.generation == select(directory.c.current).scalar_subquery(), learner.c.user_id > bindparam("last"))
    .order_by(learner.c.user_id)
    .limit(BATCH)
)


def pages(engine: Engine) -> Iterator[list[Learner]]:
    """Every user, active or not, some at a time; between two pages the database is free."""
    read = msgspec.json.Decoder(dict[str, str]).decode
    last = -1
    while True:
        with autocommit(engine) as connection:
            rows = connection.execute(_PAGE, {"last": last}).all()
        if not rows:
            return
        yield [Learner(user_id, active, read(attributes)) for user_id, active, attributes in rows]
        last = rows[-1].user_id
