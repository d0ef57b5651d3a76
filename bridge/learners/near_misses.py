"""Who could be meant by a student ID that finds nobody, and why: for an administrator to decide, never for a launch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bridge.contracts import Learner, Student
from bridge.identifiers import is_student_id, loose_key, lower_ascii, normalize
from bridge.ottolearn.api import FIRST_NAME, LAST_NAME
from bridge.store import learners
from bridge.store.database import Engine
from bridge.store.hints import name_key, name_words, value_key

MOST = 10
"""Suggestions for one student."""
ZEROS = 12
"""How many leading zeros are tried."""


class NearMiss(NamedTuple):
    """One OttoLearn user who might be the student."""

    learner: Learner
    reason: str
    """`same_id` (several people have it, or the bridge may let nobody in by it), `other_case` (of A to Z alone),
    `other_spelling`, `leading_zeros`, `other_attribute` or `same_name`."""
    attribute: str
    """Where the ID stands; empty for a name."""


def near_misses(
    engine: Engine, student: Student, student_id: str, username_attributes: Sequence[str]
) -> list[NearMiss]:
    """At most `MOST` users, each once, the likeliest first. `student_id` is the ID as it is looked up.

    Every question is an indexed look-up, however large the directory.
    """
    found: dict[int, NearMiss] = {}
    for miss in (*_by_id(engine, student_id), *_by_hint(engine, student, student_id, username_attributes)):
        found.setdefault(miss.learner.user_id, miss)
    return [*found.values()][:MOST]


def _by_id(engine: Engine, student_id: str) -> Iterator[NearMiss]:
    if not is_student_id(student_id):
        return
    folded = loose_key(student_id)
    for candidate in learners.candidates(engine, folded):
        yield NearMiss(candidate.learner, _likeness(candidate.value, normalize(student_id)), candidate.attribute)
    core = folded.lstrip("0")
    for zeros in range(ZEROS + 1) if core else ():
        if (other := "0" * zeros + core) != folded:
            for candidate in learners.candidates(engine, other):
                yield NearMiss(candidate.learner, "leading_zeros", candidate.attribute)


def _likeness(value: str, student_id: str) -> str:
    """How a value with the same loose key differs from the ID."""
    if value == student_id:
        return "same_id"
    return "other_case" if lower_ascii(value) == lower_ascii(student_id) else "other_spelling"


def _by_hint(
    engine: Engine, student: Student, student_id: str, username_attributes: Sequence[str]
) -> Iterator[NearMiss]:
    for learner in learners.hinted(engine, value_key(student_id), MOST):
        for name, value in learner.attributes.items():
            if name not in username_attributes and loose_key(value) == loose_key(student_id):
                yield NearMiss(learner, "other_attribute", name)
    words = name_words(student.first_name, student.last_name)
    for learner in learners.hinted(engine, name_key(student.first_name, student.last_name), MOST):
        if name_words(learner.attributes.get(FIRST_NAME, ""), learner.attributes.get(LAST_NAME, "")) == words:
            yield NearMiss(learner, "same_name", "")
