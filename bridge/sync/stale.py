"""Whether an earlier plan is still valid. It is applied only while nothing that it was made from has changed.

An approval reads the roster again first; of the new plan it lets through only what the earlier plan showed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from bridge.contracts import Learner
from bridge.errors import OttoBridgeError
from bridge.identifiers import key, loose_key, normalize
from bridge.store import sync_directory, sync_items, sync_people, sync_runs
from bridge.store.database import Engine, Transaction
from bridge.store.engine import autocommit
from bridge.store.sync_items import WRITES, Item, Kind, State
from bridge.store.sync_people import Membership
from bridge.store.sync_runs import RIGHT_LOST, Run, Status

WAITING: Final = (State.PLANNED, State.HELD, State.NOTED)
PLAN_LIVES: Final = 7 * 86_400.0
"""Seconds for which a plan may be applied."""


class PlanStale(OttoBridgeError):
    """What a plan was made from has changed since."""


def require_current(
    engine: Engine, run: Run, settings: str, usernames: Sequence[str], now: float, *, ignore_case: bool
) -> None:
    """Raise PlanStale unless the plan of `run` is still valid. The directory must just have been read.

    The roster is not read again, so a plan is valid for `PLAN_LIVES` only: people whom it takes for gone may have
    come back.
    """
    if now - run.started_at > PLAN_LIVES:
        raise PlanStale(f"the plan is older than {PLAN_LIVES / 86_400:.0f} days; make a new one")
    if run.settings != settings:
        raise PlanStale(
            "the connection's configuration, or the file it reads, has changed since the plan was made: make a new "
            "one, or name the file that it was made from"
        )
    if sync_runs.wrote_after(engine, run.source, run.id):
        raise PlanStale("a later sync of this connection has run; make a new plan, or approve that sync's")
    left = False
    for page in sync_items.pages(engine, run.id, kinds=(*WRITES, Kind.ADOPT), states=WAITING):
        left = left or any(item.kind in WRITES for item in page)
        with autocommit(engine) as connection:
            stale = _first_stale(connection, page, run.source, usernames) or _first_moved(
                connection, page, usernames, ignore_case=ignore_case
            )
        if stale is not None:
            raise PlanStale(f"OttoLearn has changed since the plan was made (item {stale.number}); make a new one")
    if not left and run.status not in {Status.PLANNED, Status.APPLYING}:
        raise PlanStale(f"run {run.id} is {run.status}; nothing of its plan is left to apply")


def _first_stale(connection: Transaction, items: Sequence[Item], source: int, usernames: Sequence[str]) -> Item | None:
    ids = [item.user_id for item in items if item.user_id is not None]
    learners = sync_directory.learners(connection, ids)
    others = {
        ownership.user_id
        for ownership in sync_people.ownerships(connection, ids)
        if ownership.source != source and ownership.membership == Membership.PRESENT
    }
    wanted = {i.number: {normalize(i.content.after[n]) for n in usernames if i.content.after.get(n)} for i in items}
    holders: dict[str, set[int]] = {}
    asked = {loose_key(value) for values in wanted.values() for value in values}
    for holder in sync_directory.holders(connection, sorted(asked)):
        holders.setdefault(holder.value, set()).add(holder.user_id)
    for item in items:
        foreign = any(holders.get(value, set()) - {item.user_id} for value in wanted[item.number])
        learner = learners.get(item.user_id) if item.user_id is not None else None
        if foreign or not _fits(item, learner, others):
            return item
    return None


def _first_moved(
    connection: Transaction, items: Sequence[Item], usernames: Sequence[str], *, ignore_case: bool
) -> Item | None:
    """The first item whose ID another OttoLearn user has by now; None where there is none."""
    same = partial(key, ignore_case=ignore_case)
    known = [item for item in items if item.user_id is not None]
    owners: dict[str, set[int]] = {}
    for holder in sync_directory.holders(connection, sorted({loose_key(item.key) for item in known})):
        if holder.attribute in usernames:
            owners.setdefault(same(holder.value), set()).add(holder.user_id)
    return next((item for item in known if (found := owners.get(item.key)) and item.user_id not in found), None)


def _fits(item: Item, learner: Learner | None, others: set[int]) -> bool:
    if item.kind == Kind.CREATE:
        return learner is None
    if learner is None or learner.active != (item.kind != Kind.REACTIVATE):
        return False
    if item.kind == Kind.DEACTIVATE:
        return learner.user_id not in others
    return all(learner.attributes.get(name, "") == value for name, value in item.content.before.items())


def require_open(engine: Engine, run: Run, now: float) -> None:
    """Raise PlanStale where no change of the plan of `run` waits for approval, or where it is too old."""
    if now - run.started_at > PLAN_LIVES:
        raise PlanStale(f"the plan is older than {PLAN_LIVES / 86_400:.0f} days; make a new one")
    if run.reason == RIGHT_LOST:
        return  # that a right is gone can be approved even where nobody waits for it
    if not sync_items.has_items(engine, run.id, WRITES, (State.HELD, State.PLANNED)):
        raise PlanStale(f"run {run.id} is {run.status}; nothing of its plan is left to apply")


def approve_shown(engine: Engine, run: int, approved: int) -> None:
    """Mark as approved those planned changes of `run` that the plan of run `approved` showed, too."""
    for page in sync_items.pages(engine, run, kinds=WRITES, states=(State.PLANNED,)):
        with engine.begin() as connection:
            shown = {item.key: item for item in sync_items.open_of(connection, approved, [i.key for i in page])}
            passing = [item for item in page if item.key in shown and _was_shown(item, shown[item.key])]
            sync_items.settle(connection, run, [item._replace(state=State.APPROVED) for item in passing])


def close(engine: Engine, run: Run) -> None:
    """Mark all waiting changes of the plan of `run` as approved: they were made, or no longer apply."""
    with engine.begin() as connection:
        for state in (State.HELD, State.PLANNED):
            sync_items.move_state(connection, run.id, WRITES, state, State.APPROVED)


def _was_shown(item: Item, shown: Item) -> bool:
    """Whether `shown` is the same kind of change to the same user, with every value that `item` would write."""
    same = (item.kind, item.user_id) == (shown.kind, shown.user_id)
    return same and item.content.after.items() <= shown.content.after.items()
