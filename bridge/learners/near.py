"""Who could be meant by a student ID that finds nobody, and why: for an administrator to decide, never for a launch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from bridge.contracts import Learner, Student
from bridge.ottolearn.api import FIRST_NAME, LAST_NAME
from bridge.store import learners
from bridge.store.hints import name_key, name_words, value_key
from bridge.store.text import exact, fold, matchable

MOST = 10
"""Suggestions for one student."""
ZEROS = 12
"""How many leading zeros are tried."""


class NearMiss(NamedTuple):
    """One OttoLearn user who might be the student."""

    learner: Learner
    reason: str
    """`same_id` (several people have it), `other_case`, `leading_zeros`, `other_attribute` or `same_name`."""
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
    if not matchable(student_id):
        return
    folded = fold(student_id)
    for candidate in learners.candidates(engine, folded):
        reason = "same_id" if candidate.value == exact(student_id) else "other_case"
        yield NearMiss(candidate.learner, reason, candidate.attribute)
    core = folded.lstrip("0")
    for zeros in range(ZEROS + 1) if core else ():
        if (other := "0" * zeros + core) != folded:
            for candidate in learners.candidates(engine, other):
                yield NearMiss(candidate.learner, "leading_zeros", candidate.attribute)


def _by_hint(
    engine: Engine, student: Student, student_id: str, username_attributes: Sequence[str]
) -> Iterator[NearMiss]:
    for learner in learners.hinted(engine, value_key(student_id), MOST):
        for name, value in learner.attributes.items():
            if name not in username_attributes and fold(value) == fold(student_id):
                yield NearMiss(learner, "other_attribute", name)
    words = name_words(student.first_name, student.last_name)
    for learner in learners.hinted(engine, name_key(student.first_name, student.last_name), MOST):
        if name_words(learner.attributes.get(FIRST_NAME, ""), learner.attributes.get(LAST_NAME, "")) == words:
            yield NearMiss(learner, "same_name", "")
