"""Writing the directory: a reading of OttoLearn's whole list, and single users as they change.

What is served is a *generation*. A reading of the whole list is compared with it, and what differs is written in one
transaction at the very end (`bridge.store.differences`). The first reading, one with a great many differences, and one
after a change of the rules by which learners are found are written whole, as a generation beside the one that is
served, which changes hands in one statement. Either way look-ups see all of the old or all of the new, and a reading
that fails leaves no trace. Of two readings at once the one begun later wins.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, update

from bridge import __version__
from bridge.contracts import Learner
from bridge.store import differences, learner_rows, search_keys
from bridge.store.differences import Difference
from bridge.store.engine import autocommit
from bridge.store.learner_rows import BATCH
from bridge.store.learners import current, state
from bridge.store.schema import directory, generation, search_key
from bridge.store.schema import learner as people

_NOW: Final = select(directory.c.current, directory.c.reading)
_LOCKED: Final = _NOW.with_for_update()
_MADE_WITH: Final = select(generation.c.made_with).where(generation.c.id == bindparam("g"))
_BEGIN: Final = insert(generation).returning(generation.c.id)
_BEGUN: Final = update(directory).values(reading=bindparam("new"))
_HOLD: Final = (
    select(generation.c.id).where(generation.c.id == bindparam("g")).with_for_update(read=True, key_share=True)
)
_HOLD_LIVE: Final = (
    select(generation.c.id)
    .where(generation.c.id >= func.coalesce(current, 0))
    .order_by(generation.c.id)
    .with_for_update(read=True, key_share=True)
)
_COUNT: Final = update(generation).where(generation.c.id == bindparam("g")).values(learners=bindparam("count"))
_SWAP: Final = update(directory).values(current=bindparam("new"), last=bindparam("new"), reading=None)
_LEFT: Final = select(generation.c.id).where(generation.c.id < bindparam("new"), generation.c.id != current)
_SOME: Final = select(people.c.user_id).where(people.c.generation == bindparam("g")).limit(BATCH)
_DROP_SOME: Final = delete(people).where(people.c.generation == bindparam("g"), people.c.user_id.in_(_SOME))
_SOME_SEARCH_KEYS: Final = select(search_key.c.key).where(search_key.c.generation == bindparam("g")).limit(4 * BATCH)
_DROP_SOME_SEARCH_KEYS: Final = delete(search_key).where(
    search_key.c.generation == bindparam("g"), search_key.c.key.in_(_SOME_SEARCH_KEYS)
)
_DROP: Final = delete(generation).where(generation.c.id == bindparam("g"))


class _Reading(NamedTuple):
    """A reading under way: its own number, and the generation served when it began."""

    new: int
    served: int | None
    same_rules: bool
    """Whether learners are found in that generation by the rules of now."""


def replace(engine: Engine, learners: Iterable[Learner], username_attributes: Sequence[str], *, now: float) -> int:
    """Serve `learners`, and nobody else, once all of them were read; how many the directory then holds.

    Whatever `learners` raises is raised again and the old directory stays. A reading that was overtaken by one begun
    later changes nothing. A user listed twice counts once, as first listed.
    """
    reading = _begin(engine, username_attributes, now)
    everybody: Iterator[Learner] | None = iter(learners)
    try:
        if reading.served is not None and reading.same_rules:
            found = Difference(engine, reading.served)
            everybody = found.take(iter(learners))
        if everybody is None:
            _patch(engine, reading, found, username_attributes, now)
        else:
            count = _write(engine, reading.new, everybody, username_attributes)
            if count is not None:
                _serve(engine, reading, count)
    except BaseException:
        _drop(engine, reading.new)
        raise
    _drop_left(engine, reading.new)
    return state(engine).learners


def put(engine: Engine, people_now: Sequence[Learner], username_attributes: Sequence[str]) -> None:
    """Write learners, each at most once, as OttoLearn has just confirmed them.

    Also into readings under way, which may have passed them before the change. Does nothing in a directory that was
    never read.
    """
    ordered = sorted(people_now, key=lambda person: person.user_id)
    with engine.begin() as connection:
        for live in connection.execute(_HOLD_LIVE).scalars().all():
            learner_rows.put(connection, live, ordered, username_attributes)


def _begin(engine: Engine, attributes: Sequence[str], now: float) -> _Reading:
    rules = _rules(attributes)
    with engine.begin() as connection:
        served = connection.execute(_LOCKED).one().current  # first: who begins later has the higher number, too
        new: int = connection.execute(_BEGIN, {"read_at": now, "learners": 0, "made_with": rules}).scalar_one()
        connection.execute(_BEGUN, {"new": new})
        made_with = connection.execute(_MADE_WITH, {"g": served}).scalar_one_or_none()
    return _Reading(new, served, made_with == rules)


def _rules(attributes: Sequence[str]) -> str:
    """A digest of everything by which usernames and search keys are made from a learner."""
    rules = [__version__, unicodedata.unidata_version, *attributes]
    return hashlib.sha256(json.dumps(rules).encode()).hexdigest()


def _is_latest(connection: Connection, reading: _Reading) -> bool:
    """Whether no other reading began or ended since this one began; the answer holds until the transaction ends."""
    now = connection.execute(_LOCKED).one()
    return (now.current, now.reading) == (reading.served, reading.new)


def _patch(engine: Engine, reading: _Reading, found: Difference, attributes: Sequence[str], read_at: float) -> None:
    with engine.begin() as connection:
        if reading.served is not None and _is_latest(connection, reading):
            differences.patch(connection, reading.served, reading.new, found, attributes, read_at=read_at)


def _write(engine: Engine, new: int, learners: Iterator[Learner], attributes: Sequence[str]) -> int | None:
    count = 0
    with search_keys.KeySorter() as sorter:
        # Read from OttoLearn between the transactions, never inside one.
        while batch := list(islice(learners, BATCH)):
            written = _write_batch(engine, new, batch, attributes)
            if written is None:
                return None
            count += len(written)
            for person in written:
                sorter.add(person, attributes)
        return count if all(_write_search_keys(engine, new, piece) for piece in sorter.batches()) else None


def _write_batch(engine: Engine, new: int, batch: Sequence[Learner], attributes: Sequence[str]) -> list[Learner] | None:
    """Those of `batch` who were not there yet; None when a later reading has swept this one away."""
    first = {person.user_id: person for person in reversed(batch)}
    with engine.begin() as connection:
        if connection.execute(_HOLD, {"g": new}).one_or_none() is None:
            return None
        return learner_rows.add(connection, new, [first[user_id] for user_id in sorted(first)], attributes)


def _write_search_keys(engine: Engine, new: int, piece: Sequence[tuple[int, int]]) -> bool:
    """Write a piece of the search keys; False when a later reading has swept this one away."""
    with engine.begin() as connection:
        if connection.execute(_HOLD, {"g": new}).one_or_none() is None:
            return False
        learner_rows.add_search_keys(connection, new, piece)
    return True


def _serve(engine: Engine, reading: _Reading, count: int) -> None:
    """Serve the generation that this reading wrote."""
    with engine.begin() as connection:
        if _is_latest(connection, reading):
            connection.execute(_COUNT, {"g": reading.new, "count": count})
            connection.execute(_SWAP, {"new": reading.new})


def _drop_left(engine: Engine, new: int) -> None:
    """Drop what is not served and not of a reading begun later: what was served before, and what dead readings left."""
    with autocommit(engine) as connection:
        left = connection.execute(_LEFT, {"new": new + 1}).scalars().all()
    for old in left:
        _drop(engine, old)


def _drop(engine: Engine, old: int) -> None:
    with autocommit(engine) as connection:
        # In small pieces, so that launches get their turn in between.
        for some in (_DROP_SOME, _DROP_SOME_SEARCH_KEYS):
            while connection.execute(some, {"g": old}).rowcount:
                pass
        connection.execute(_DROP, {"g": old})
