"""The journal: what was given to OttoLearn, what became of it, and finding that out after a crash.

An item is marked `sent` before its call goes out and `done` together with its person in the snapshot, in one
transaction, once the answer is there. Whatever is still `sent` without anybody waiting for an answer is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.contracts import Learner
from bridge.identifiers import loose_key, normalize
from bridge.store import people, sync_directory, sync_items, sync_people
from bridge.store.database import Engine, Transaction
from bridge.store.engine import autocommit
from bridge.store.people import Source
from bridge.store.sync_items import WRITES, Item, Kind, State
from bridge.store.sync_people import Membership, SnapshotRow, invalidated
from bridge.sync.decide import ON_ANOTHER, decide_gone, is_elsewhere
from bridge.sync.facts import Rules, facts_of_gone
from bridge.sync.reasons import RunReason

SETTLING: Final = 3.0
"""Seconds after which a call that got no answer is taken to be over, before it is looked up."""
PRESENT: Final = {Kind.CREATE, Kind.UPDATE, Kind.REACTIVATE, Kind.FOLLOW, Kind.ADOPT}
LEFT_BY_ALL: Final = RunReason.LEFT_BY_ALL
WITHOUT_WRITING = (Kind.ADOPT, Kind.LET_GO, Kind.RETURNED)


@dataclass(frozen=True, slots=True)
class JournalContext:
    """What writing the results of a run's items depends on."""

    engine: Engine
    source: int
    """The connection's number in the snapshot."""
    ledger: Source
    rules: Rules
    now: Callable[[], float]


def send(context: JournalContext, run: int, items: Sequence[Item]) -> list[Item]:
    """Mark items as sent before their calls go out, and return those that may go out.

    Deactivations are decided again by the present state: one that no longer applies becomes a note.
    """
    with context.engine.begin() as connection:
        looked_at = _still_gone(connection, context, items)
        marked = [item._replace(state=State.SENT) if item.kind in WRITES else item for item in looked_at]
        sync_items.settle(connection, run, marked)
        stay = [item for item in marked if item.kind not in WRITES]
        _keep(connection, context, stay)
    return [item for item in marked if item.state == State.SENT]


def _still_gone(connection: Transaction, context: JournalContext, items: Sequence[Item]) -> list[Item]:
    """The items; a deactivation that no longer applies has become a note with its reason."""
    gone = {i.user_id: i.key for i in items if i.kind == Kind.DEACTIVATE and i.user_id is not None}
    if not gone:
        return list(items)
    sync_people.lock_snapshots(connection)
    facts, found = facts_of_gone(connection, context.rules, gone), []
    for item in items:
        if item.kind == Kind.DEACTIVATE and item.user_id is not None:
            decision = decide_gone(item.key, item.user_id, facts, context.rules)
            if decision.kind is not None and decision.kind != Kind.DEACTIVATE:
                item = item._replace(kind=decision.kind, state=State.NOTED, reason=decision.reason)  # noqa: PLW2901
        found.append(item)
    return found


def settle(context: JournalContext, run: int, items: Sequence[Item]) -> None:
    """Write the states of items, and in the same transaction the people of those that are done into the snapshot."""
    with context.engine.begin() as connection:
        if any(item.kind != Kind.CREATE and item.state == State.DONE for item in items):
            sync_people.lock_snapshots(connection)
        sync_items.settle(connection, run, items)
        _keep(connection, context, [item for item in items if item.state == State.DONE])


def count_missing(engine: Engine, source: int, run: int, now: float, *, readings: int) -> None:
    """Add `readings` to the missed readings of the people whom the plan says are gone: 1 after a full run, 0 after an
    incremental one.
    """
    with engine.begin() as connection:
        sync_people.count_missing(connection, source, run, (Kind.GRACE, Kind.DEACTIVATE), now, readings=readings)


def apply_without_writes(context: JournalContext, run: int) -> None:
    """Apply the items that change the snapshot and not OttoLearn: adoptions, returns, people let go."""
    for page in sync_items.pages(context.engine, run, kinds=WITHOUT_WRITING):
        with context.engine.begin() as connection:
            sync_people.lock_snapshots(connection)
            staying = _left_by_all(connection, context, page)
            sync_items.settle(connection, run, staying)
            known = {item.number for item in staying}
            _keep(connection, context, [item for item in page if item.number not in known])


def _left_by_all(connection: Transaction, context: JournalContext, items: Sequence[Item]) -> list[Item]:
    """The items of people who were let go because another connection had them, and whom it has let go since.

    They stay missing people of this connection: the next run deactivates them, within its limits.
    """
    let_go = [item for item in items if item.kind == Kind.LET_GO and item.reason == ON_ANOTHER]
    ownerships = sync_people.ownerships_of(connection, [item.user_id for item in let_go if item.user_id is not None])
    return [
        item._replace(reason=LEFT_BY_ALL)
        for item in let_go
        if item.user_id is not None and not is_elsewhere(item.user_id, ownerships, context.source)
    ]


def look_up(context: JournalContext, run: int, usernames: Sequence[str], *, lost: State) -> int:
    """Settle the items still `sent` by a directory that was just read; returns how many turn out to be done.

    The others get the state `lost`.
    """
    done = 0
    for page in sync_items.pages(context.engine, run, kinds=WRITES, states=(State.SENT,)):
        with autocommit(context.engine) as connection:
            found = list(_found(connection, page, usernames))
        done += sum(learner is not None for learner in found)
        settle(
            context,
            run,
            [
                item._replace(state=lost)
                if learner is None
                else item._replace(state=State.DONE, user_id=learner.user_id)
                for item, learner in zip(page, found, strict=True)
            ],
        )
    return done


def _keep(connection: Transaction, context: JournalContext, items: Sequence[Item]) -> None:
    source = context.source
    present = _joining_late(connection, context, [i for i in items if i.kind in PRESENT])
    sync_people.forget(connection, source, [i.content.replaces for i in present if i.content.replaces])
    sync_people.upsert(connection, source, [_held(item) for item in present])
    people.upsert(connection, [_person(item, context) for item in present if item.content.record])
    sync_people.forget_missing(connection, source, [i.key for i in items if i.kind == Kind.RETURNED])
    for kind, membership in ((Kind.LET_GO, Membership.LET_GO), (Kind.DEACTIVATE, Membership.DEACTIVATED)):
        sync_people.set_membership(connection, source, [i.key for i in items if i.kind == kind], membership)
    # Whoever came to another roster while the call was out has no access now; that roster's next run gives it back.
    gone = [i.user_id for i in items if i.kind == Kind.DEACTIVATE and i.user_id is not None]
    sync_people.invalidate_digests(connection, source, gone)
    let_go = [i.user_id for i in items if i.kind == Kind.LET_GO and i.user_id is not None]
    people.mark_left(connection, context.ledger, [*gone, *let_go], context.now())


def _joining_late(connection: Transaction, context: JournalContext, items: Sequence[Item]) -> list[Item]:
    """The items, with invalidated digests for people new to this connection whom another one deactivated after the plan
    was made: the next run compares them in full, finds them inactive and reactivates them.
    """
    ids = [i.user_id for i in items if i.user_id is not None and i.kind not in {Kind.CREATE, Kind.REACTIVATE}]
    ownerships = sync_people.ownerships_of(connection, ids) if ids else {}
    late = {
        user_id
        for user_id, known in ownerships.items()
        if any(b.membership == Membership.DEACTIVATED for b in known)
        and not any(b.source == context.source and b.membership == Membership.PRESENT for b in known)
    }
    return [
        i._replace(digest=invalidated(i.digest)) if i.user_id in late and i.kind != Kind.REACTIVATE else i
        for i in items
    ]


def _person(item: Item, context: JournalContext) -> people.Person:
    at = (context.now(),) * 3
    name, namespace, origin = context.ledger
    return people.Person(name, namespace, item.content.record, item.student_id, item.user_id, origin, *at)


def _held(item: Item) -> SnapshotRow:
    if item.user_id is None:
        raise ValueError(f"item {item.number} is done and has no user")
    written = item.content.after if item.content.written is None else item.content.written
    return SnapshotRow(item.key, item.user_id, item.digest, Membership.PRESENT, written)


def _found(connection: Transaction, items: Sequence[Item], usernames: Sequence[str]) -> Iterator[Learner | None]:
    """For each item the learner who has its values, None where it was not carried out."""
    creations = [_username(item, usernames) for item in items if item.kind == Kind.CREATE]
    holders = sync_directory.holders(connection, sorted({loose_key(value) for _, value in creations}))
    users = {(h.attribute, h.value): h.user_id for h in holders}
    ids = {item.user_id for item in items if item.user_id is not None} | set(users.values())
    learners = sync_directory.learners(connection, sorted(ids))
    for item in items:
        user_id = users.get(_username(item, usernames)) if item.kind == Kind.CREATE else item.user_id
        learner = learners.get(user_id) if user_id is not None else None
        yield learner if learner is not None and _shows(item, learner) else None


def _username(item: Item, usernames: Sequence[str]) -> tuple[str, str]:
    """The Username attribute by which a created user is found again, and its value."""
    for name in usernames:
        if value := item.content.after.get(name):
            return name, normalize(value)
    raise ValueError(f"item {item.number} would create a user without a username")


def _shows(item: Item, learner: Learner) -> bool:
    kept = all(learner.attributes.get(name) == value for name, value in item.content.after.items())
    return kept and learner.active == (item.kind != Kind.DEACTIVATE)
