"""A student of the unmatched list as it stands in addresses and forms, and what pages show of a user beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner
from bridge.learners.near_misses import NearMiss
from bridge.learners.search import EMAIL
from bridge.learners.students import differ
from bridge.store.unmatched import UnmatchedRow
from bridge.web.admin.paging import read_written, written

NAMES = (FIRST_NAME, LAST_NAME)
NEAR = {
    "same_id": "has this very ID, and so has another user",
    "other_case": "same ID in other letter case",
    "other_spelling": "same ID in another spelling",
    "leading_zeros": "same ID with more or fewer zeros in front",
    "other_attribute": "has the ID in another attribute",
    "same_name": "has the same name",
}
"""Why a user is near, in few words."""


class Key(NamedTuple):
    """Which student: IDs are the connection's, as launches name them."""

    connection: str
    student_id: str


class Shown(NamedTuple):
    """One value of a user."""

    attribute: str
    value: str
    is_near: bool
    """Whether it is why the user is shown."""


def token(connection: str, student_id: str) -> str:
    """A student as one word of letters, digits, dashes and underscores."""
    return written((connection, student_id))


def read_token(text: str) -> Key | None:
    """The student whom the word means; None for nonsense."""
    found = read_written(text, tuple[str, str])
    return Key(*found) if found else None


def read_choices(form: Mapping[str, str], tokens: Sequence[str]) -> list[tuple[Key, int | None]]:
    """Whom each ticked student is taken for: what the field `user-TOKEN` says; None where it says nobody."""
    keys = [(word, read_token(word)) for word in dict.fromkeys(tokens)]
    return [(key, _number(form.get(f"user-{word}", ""))) for word, key in keys if key is not None]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def values_of(learner: Learner, usernames: Sequence[str], near: str = "") -> list[Shown]:
    """What tells a user from others: the Username attributes, the e-mail address, and where the ID stands."""
    names = dict.fromkeys((*usernames, EMAIL, *([near] if near else [])))
    return [Shown(name, learner.attributes[name], name == near) for name in names if learner.attributes.get(name)]


def everything_of(learner: Learner, near: str = "") -> list[Shown]:
    """Every value of a user but the name."""
    rest = ((name, value) for name, value in learner.attributes.items() if name not in NAMES and value)
    return [Shown(name, value, name == near) for name, value in rest]


def why(miss: NearMiss) -> str:
    """Why a user is near."""
    return NEAR.get(miss.reason, miss.reason)


def differs_from(row: UnmatchedRow, learner: Learner) -> bool:
    """Whether the LMS's name of a student and OttoLearn's of a user have no word in common."""
    return differ(f"{row.first_name} {row.last_name}", learner.name)


FUNCTIONS = {
    "differs_from": differs_from,
    "token": token,
    "values_of": values_of,
    "everything_of": everything_of,
    "why_near": why,
}
"""By the names that templates call them."""
