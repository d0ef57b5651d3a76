"""Who could be meant by a student ID that finds nobody, and why: for an administrator to decide, never for a launch."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner, Student
from bridge.identifiers import is_student_id, loose_key, lower_ascii, normalize
from bridge.learners.students import differ
from bridge.store import identity_lookup, learners
from bridge.store.database import Engine
from bridge.store.search_keys import name_key, name_words, value_key

MOST = 10
"""Suggestions for one student."""
ZEROS = 12
"""How many leading zeros are tried."""
_WIDE: Final = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}
"""ASCII as East Asian keyboards may write it (U+FF01 to U+FF5E)."""
REASONS: Final = {
    "same_id": "has this ID, and so has another",
    "other_case": "has it in other letter case; `ignore_case: true` on the connection lets them in",
    "other_spelling": "has it in another spelling; a link lets them in",
    "leading_zeros": "has it with more or fewer leading zeros",
    "other_attribute": "has it in another attribute",
    "same_name": "has the same name",
}
"""What is said of a user, by reason."""


class NearMiss(NamedTuple):
    """One OttoLearn user who might be the student."""

    learner: Learner
    reason: str
    """A key of `REASONS`. Of `same_id` several people have it, or the bridge may let nobody in by it."""
    attribute: str
    """Where the ID stands; empty for a name."""
    name_differs: bool = False
    """Whether OttoLearn's name of them has no word in common with the LMS's."""

    def in_words(self) -> str:
        """The user and why they are near, on one line."""
        where = f" ({self.attribute})" if self.attribute else ""
        other = ", but another name" if self.name_differs else ""
        inactive = "" if self.learner.active else ", inactive"
        return f"user {self.learner.user_id}{inactive} {REASONS[self.reason]}{where}{other}"


def near_misses(
    engine: Engine, student: Student, student_id: str, username_attributes: Sequence[str]
) -> list[NearMiss]:
    """At most `MOST` users, each once, the likeliest first. `student_id` is the ID as it is looked up.

    Every question is an indexed look-up, however large the directory.
    """
    found: dict[int, NearMiss] = {}
    for miss in (*_by_id(engine, student_id), *_by_hint(engine, student, student_id, username_attributes)):
        found.setdefault(miss.learner.user_id, miss)
    return [miss._replace(name_differs=differ(student.name, miss.learner.name)) for miss in [*found.values()][:MOST]]


def _by_id(engine: Engine, student_id: str) -> Iterator[NearMiss]:
    if not is_student_id(student_id):
        return
    folded = loose_key(student_id)
    for candidate in identity_lookup.candidates(engine, folded):
        yield NearMiss(candidate.learner, _likeness(candidate.value, normalize(student_id)), candidate.attribute)
    for other in {unicodedata.normalize("NFKC", folded), folded.translate(_WIDE)} - {folded}:
        for candidate in identity_lookup.candidates(engine, other):
            yield NearMiss(candidate.learner, "other_spelling", candidate.attribute)
    core = folded.lstrip("0")
    for zeros in range(ZEROS + 1) if core else ():
        if (other := "0" * zeros + core) != folded:
            for candidate in identity_lookup.candidates(engine, other):
                yield NearMiss(candidate.learner, "leading_zeros", candidate.attribute)


def _likeness(value: str, student_id: str) -> str:
    """How a value with the same loose key differs from the ID."""
    if value == student_id:
        return "same_id"
    return "other_case" if lower_ascii(value) == lower_ascii(student_id) else "other_spelling"


def _by_hint(
    engine: Engine, student: Student, student_id: str, username_attributes: Sequence[str]
) -> Iterator[NearMiss]:
    for learner in learners.by_search_key(engine, value_key(student_id), MOST):
        for name, value in learner.attributes.items():
            if name not in username_attributes and loose_key(value) == loose_key(student_id):
                yield NearMiss(learner, "other_attribute", name)
    words = name_words(student.first_name, student.last_name)
    for learner in learners.by_search_key(engine, name_key(student.first_name, student.last_name), MOST):
        if name_words(learner.attributes.get(FIRST_NAME, ""), learner.attributes.get(LAST_NAME, "")) == words:
            yield NearMiss(learner, "same_name", "")
