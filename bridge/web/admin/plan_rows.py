"""Items of a plan as pages show them: who, what, each attribute before and after, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner
from bridge.store.database import Engine
from bridge.store.sync_items import Item, Kind, State
from bridge.sync.plan_listing import Change, changes_of, learners_of
from bridge.sync.reasons import OF_A_PERSON, REFUSED, RunAdvice

WHAT: Final[Mapping[str, str]] = {
    Kind.CREATE: "Create",
    Kind.UPDATE: "Update",
    Kind.REACTIVATE: "Reactivate",
    Kind.DEACTIVATE: "Deactivate",
    Kind.FOLLOW: "Change the ID",
    Kind.LINK: "Fill an empty ID",
    Kind.ADOPT: "Found in OttoLearn",
    Kind.RETURNED: "Back on the roster",
    Kind.GRACE: "Missing, waits",
    Kind.LET_GO: "Gone, stays as it is",
    Kind.CONFLICT: "Conflict",
    Kind.SKIPPED: "Left out",
}
HOW: Final[Mapping[str, tuple[str, str]]] = {
    State.HELD: ("held", "warn"),
    State.PLANNED: ("planned", "note"),
    State.APPROVED: ("was approved", "note"),
    State.SENT: ("no answer yet", "warn"),
    State.DONE: ("done", "good"),
    State.QUARANTINED: ("refused", "bad"),
    State.NOTED: ("nothing to write", "note"),
    State.ABANDONED: ("not done", "note"),
}
"""State -> words and the kind of the badge."""
FUNCTIONS: Final[Mapping[str, object]] = {"WHAT": WHAT, "HOW": HOW}
"""By the names that templates call them."""


class Row(NamedTuple):
    """One item."""

    item: Item
    name: str
    changes: list[Change]
    advice: RunAdvice | None


def rows_of(engine: Engine, items: Sequence[Item]) -> list[Row]:
    """These items, with the names that OttoLearn has of the people."""
    known = learners_of(engine, items)
    return [Row(item, _name(item, known.get(item.user_id or -1)), list(changes_of(item)), _why(item)) for item in items]


def _name(item: Item, learner: Learner | None) -> str:
    """What OttoLearn calls them, or, where it does not know them yet, the source."""
    if learner is not None:
        return learner.name
    after = item.content.after
    return " ".join(filter(None, (after.get(FIRST_NAME, ""), after.get(LAST_NAME, ""))))


def _why(item: Item) -> RunAdvice | None:
    known = OF_A_PERSON.get(item.reason)  # type: ignore[call-overload]  # a word of the record
    return REFUSED if known is None and item.reason.startswith("refused_") else known
