"""The input and output of the decision about one person: `Rules`, `Facts`, `Decision`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.contracts import Learner
from bridge.identifiers import key
from bridge.store import sync_directory, sync_people
from bridge.store.database import Transaction
from bridge.store.people import Person
from bridge.store.sync_directory import Holder
from bridge.store.sync_items import Content, Kind
from bridge.store.sync_people import Known, Ownership


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings of the connection that apply to every person of a run."""

    source: int
    usernames: tuple[str, ...]
    """OttoLearn's Username attributes."""
    filled: tuple[str, ...]
    """Those of them that the mapping of the connection fills."""
    required: frozenset[str] = frozenset()
    owned_by_ottolearn: frozenset[str] = frozenset()
    protect: bool = True
    ignore_case: bool = False
    """Whether IDs that differ in ASCII letter case alone are the same."""
    follows_ids: bool = False
    """Whether the changed ID of a person is taken over."""
    replaces_ids: bool = False
    """Whether a Username value that the sync did not write may be replaced."""
    protected: frozenset[str] = frozenset()
    """Loose keys of the usernames of users who are never written to."""
    grace_days: float = 0.0
    grace_reads: int = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database has on the people of one batch."""

    known: Mapping[str, Known] = field(default_factory=dict)
    """By key."""
    holders: Mapping[str, Sequence[Holder]] = field(default_factory=dict)
    """By folded value: the users who have it in a Username attribute."""
    learners: Mapping[int, Learner] = field(default_factory=dict)
    ownerships: Mapping[int, Sequence[Ownership]] = field(default_factory=dict)
    """By user: which connections own them."""
    written: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """By user: what this connection last wrote."""
    by_record: Mapping[str, Person] = field(default_factory=dict)
    """By record of the LMS: its entry in the ledger."""
    by_user: Mapping[int, Person] = field(default_factory=dict)
    """By user: their entry in the ledger."""
    elsewhere: Set[str] = frozenset()
    """Keys of Username values of people who left, by which other connections know somebody."""


class Decision(NamedTuple):
    """What is to be done with a person; `kind` is None where nothing has to change."""

    kind: Kind | None
    reason: str = ""
    user_id: int | None = None
    content: Content = Content()
    involved: frozenset[int] = frozenset()
    """Users who take part in a conflict: they are not deactivated while it lasts."""


def facts_of_gone(connection: Transaction, rules: Rules, gone: Mapping[int, str]) -> Facts:
    """The facts, as they are now, about people who left. `gone`: by user, the key of their ID."""
    user_ids = list(gone)
    learners = sync_directory.learners(connection, user_ids)
    written = sync_people.written(connection, rules.source, user_ids)
    renamed = [
        learner
        for user_id, learner in learners.items()
        if not still_has_id(gone[user_id], learner, written.get(user_id, {}), rules)
    ]
    asked = {one for learner in renamed for value in _usernames(learner, rules).values() for one in _keys(value)}
    return Facts(
        learners=learners,
        ownerships=sync_people.ownerships_of(connection, user_ids),
        written=written,
        elsewhere=sync_directory.known_elsewhere(connection, rules.source, asked) if asked else frozenset(),
    )


def still_has_id(key_: str, learner: Learner, written: Mapping[str, str], rules: Rules) -> bool:
    """Whether a Username attribute still holds the ID `key_`, or what the connection wrote there."""
    values = _usernames(learner, rules)
    own = any(key(value, ignore_case=rules.ignore_case) == key_ for value in values.values())
    return own or any(written.get(name) == value for name, value in values.items())


def others_ids(learner: Learner, facts: Facts, rules: Rules) -> list[Holder]:
    """The Username values of a learner that are the ID of a person of another connection."""
    values = _usernames(learner, rules).items()
    return [Holder("", name, value, learner.user_id) for name, value in values if facts.elsewhere & {*_keys(value)}]


def _usernames(learner: Learner, rules: Rules) -> dict[str, str]:
    return {name: value for name in rules.usernames if (value := learner.attributes.get(name, ""))}


def _keys(value: str) -> tuple[str, str]:
    """The two keys that connections may store for the ID: case-sensitive and case-insensitive."""
    return key(value), key(value, ignore_case=True)
