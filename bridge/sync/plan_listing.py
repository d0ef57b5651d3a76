"""Lists and searches the plan of a run: the most important changes first, filtered by kind, state or person.

Each call takes bounded time, however large the plan is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner
from bridge.identifiers import key
from bridge.learners.directory_search import fragment_of, read_wanted, search_page
from bridge.store import plan_pages, sync_directory
from bridge.store.database import Engine
from bridge.store.engine import autocommit
from bridge.store.plan_pages import Group, Position
from bridge.store.sync_items import Item, Kind, State
from bridge.store.text import folded

STATES: Final = (
    *(State.HELD, State.QUARANTINED, State.SENT, State.PLANNED),
    *(State.APPROVED, State.DONE, State.NOTED, State.ABANDONED),
)
KINDS: Final = (
    *(Kind.DEACTIVATE, Kind.FOLLOW, Kind.CREATE, Kind.REACTIVATE, Kind.UPDATE, Kind.LINK),
    *(Kind.CONFLICT, Kind.SKIPPED, Kind.LET_GO, Kind.GRACE, Kind.ADOPT, Kind.RETURNED),
)
"""States and kinds in the order in which an administrator should look at them."""
SECONDS: Final = 0.03
"""Seconds after which a search by name ends incomplete."""
MOST: Final = 200
"""Items that one step of a search by name reads."""


class SearchResult(NamedTuple):
    """The result of a search."""

    items: list[Item]
    is_complete: bool
    """Whether all items were searched."""


def groups_of(tally: Mapping[Group, int], kind: str = "", state: str = "") -> list[Group]:
    """The groups that have items, filtered by kind and state, the most important first."""
    order = [Group(at, of) for at in STATES for of in KINDS]
    return [one for one in order if tally.get(one) and kind in {"", one.kind} and state in {"", one.state}]


def read_page(
    engine: Engine, run: int, groups: Sequence[Group], size: int, at: Position | None, *, backward: bool
) -> list[Item]:
    """`size` items after this one, or before it, nearest first."""
    return plan_pages.page(engine, run, groups, size, at=at, backward=backward)


def search(
    engine: Engine,
    run: int,
    groups: Sequence[Group],
    text: str,
    size: int,
    *,
    ignore_case: bool,
    clock: Callable[[], float],
) -> SearchResult:
    """At most `size` items about people whose ID begins with `text` or whose name contains it."""
    ends, wanted = clock() + SECONDS, read_wanted(text)
    known = search_page(engine, wanted, size, clock=clock, seconds=SECONDS) if wanted else None
    users = [learner.user_id for learner in known.learners] if known else []
    folded_id = key(text, ignore_case=ignore_case)
    found = {one.number: one for one in plan_pages.search(engine, run, groups, size + 1, key=folded_id, users=users)}
    is_complete = known is None or known.after is None
    for group in groups:
        if group.kind == Kind.CREATE and len(found) <= size and wanted is not None:
            after: int | None = -1
            while after is not None and len(found) <= size:
                fragment = fragment_of(wanted.text)
                page, after = plan_pages.containing(engine, run, group, fragment, after=after, most=MOST)
                found |= {item.number: item for item in page if _is_meant(item, wanted.text)}
                if clock() >= ends and after is not None:
                    is_complete = False
                    break
    return SearchResult(list(found.values())[:size], is_complete and len(found) <= size)


def learners_of(engine: Engine, items: Sequence[Item]) -> dict[int, Learner]:
    """The OttoLearn users whom the items are about."""
    with autocommit(engine) as connection:
        return sync_directory.learners(connection, sorted({one.user_id for one in items if one.user_id is not None}))


def _is_meant(item: Item, text: str) -> bool:
    after = item.content.after
    first, last = after.get(FIRST_NAME, ""), after.get(LAST_NAME, "")
    values = (f"{first} {last}", f"{last} {first}", *after.values())
    return any(text in folded(value) for value in values)


class Change(NamedTuple):
    """The change of one attribute."""

    attribute: str
    before: str
    after: str


ACCESS: Final = "active"
_ACCESS: Final = {
    Kind.CREATE: ("", "yes"),
    Kind.REACTIVATE: ("no", "yes"),
    Kind.DEACTIVATE: ("yes", "no"),
}


def changes_of(item: Item) -> Iterator[Change]:
    """The changes of an item: of `active` first, then of each attribute."""
    if item.kind in _ACCESS:
        yield Change(ACCESS, *_ACCESS[Kind(item.kind)])
    for name, value in item.content.after.items():
        yield Change(name, item.content.before.get(name, ""), value)
