"""What somebody approves of a plan that a limit held: the people and the changes that they were shown, and nobody else.

The roster is read again first. Of what was shown only that is done which the new plan says too.
"""

from __future__ import annotations

from bridge.store import sync_items
from bridge.store.database import Engine
from bridge.store.sync_items import WRITES, Item, State
from bridge.store.sync_runs import RIGHT_LOST, Run
from bridge.sync.stale import PLAN_LIVES, PlanStale


def require_open(engine: Engine, run: Run, now: float) -> None:
    """Raise PlanStale where nothing of the plan of `run` waits for an approval, or where it is too old."""
    if now - run.started_at > PLAN_LIVES:
        raise PlanStale(f"the plan is older than {PLAN_LIVES / 86_400:.0f} days; make a new one")
    if run.reason == RIGHT_LOST:
        return  # that a right is gone can be approved even where nobody waits for it
    if not any(kind in WRITES and state in {State.HELD, State.PLANNED} for kind, state, _ in _counts(engine, run)):
        raise PlanStale(f"run {run.id} is {run.status}; nothing of its plan is left to apply")


def let_through(engine: Engine, run: int, approved: int) -> None:
    """Mark what `run` plans and the plan of run `approved` showed."""
    for page in sync_items.pages(engine, run, kinds=WRITES, states=(State.PLANNED,)):
        with engine.begin() as connection:
            shown = {item.key: item for item in sync_items.open_of(connection, approved, [i.key for i in page])}
            passing = [item for item in page if item.key in shown and _was_shown(item, shown[item.key])]
            sync_items.settle(connection, run, [item._replace(state=State.APPROVED) for item in passing])


def close(engine: Engine, run: Run) -> None:
    """Note that nothing of the plan of `run` waits any more: it was done, or is not true any more."""
    with engine.begin() as connection:
        for state in (State.HELD, State.PLANNED):
            sync_items.shift(connection, run.id, WRITES, state, State.APPROVED)


def _was_shown(item: Item, shown: Item) -> bool:
    """Whether `shown` is the same deed, on the same user, and says every value that `item` would write."""
    same = (item.kind, item.user_id) == (shown.kind, shown.user_id)
    return same and item.content.after.items() <= shown.content.after.items()


def _counts(engine: Engine, run: Run) -> list[tuple[str, str, str]]:
    return list(sync_items.counts(engine, run.id))
