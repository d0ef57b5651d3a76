"""Making the OttoLearn user of a student whom nobody was found for, where the connection says so.

The LMS must vouch for the student: what only a browser or a course author says makes nobody. Of several launches at
once, in whatever processes, one makes the user and the others wait for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from bridge.contracts import FIRST_NAME, LAST_NAME, Assurance, Learner, Match, Student
from bridge.errors import LearnerInactive, LearnerIncomplete, LearnerNotFound, RemoteRefused, RemoteUnavailable
from bridge.identifiers import lower_ascii
from bridge.learners.directory import Directory
from bridge.ottolearn.api import Attribute
from bridge.store import one_time
from bridge.store.database import Engine

log = logging.getLogger(__name__)

CLAIM_LIVES = 60.0
"""Seconds for which nobody else makes the same user. When it is unknown whether a call made one, the claim outlives
the pause between two readings of the directory, so that whoever comes next has looked.
"""
PATIENCE = 6.0
"""Seconds to wait for a user whom somebody else is making; the learner must have an answer within ten."""
STEP = 0.1
TOO_MANY_REQUESTS = 429
BUSY = "the user is being made by another launch"


class Writes(Protocol):
    """The calls of `bridge.ottolearn.api.OttoLearnApi` that are needed here."""

    def attributes(self) -> list[Attribute]: ...

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner: ...


@dataclass(frozen=True)
class Provisioning:
    """Makes users."""

    engine: Engine
    directory: Directory
    ottolearn: Writes
    username_attribute: str
    """The most trusted Username attribute: it gets the student ID."""
    now: Callable[[], float]
    token: Callable[[], str]
    sleep: Callable[[float], None] = time.sleep

    def make(
        self,
        student: Student,
        student_id: str,
        assurance: Assurance,
        defaults: Mapping[str, str],
        *,
        ignore_case: bool = False,
        record: str = "",
    ) -> Match:
        """The learner made for `student`, whose ID OttoLearn is to hold as `student_id`.

        `record` is what the LMS calls this person, whatever their ID is; empty where it does not say. Raises
        LearnerNotFound where nobody may be made, and what the directory and OttoLearn raise.
        """
        if assurance not in {Assurance.SIGNED, Assurance.CONFIRMED}:
            raise LearnerNotFound("nobody is made for a student whom the LMS itself does not vouch for")
        # Spellings that differ in case alone wait for one another, whether or not they are one ID to this connection.
        alike = f"newcomer {lower_ascii(student_id)}"
        for _ in range(int(PATIENCE / STEP)):
            if self._claim(alike):
                with self._releasing(alike):
                    # Somebody may have made the user between the look that found nobody and our claim.
                    found = self.directory.look(student_id, ignore_case=ignore_case)
                    return _active(found or self._make_one(student, student_id, defaults, record))
            if (match := self.directory.look(student_id, ignore_case=ignore_case)) is not None:
                return _active(match)
            self.sleep(STEP)
        raise RemoteUnavailable(BUSY, retry_after=CLAIM_LIVES)

    def _make_one(self, student: Student, student_id: str, defaults: Mapping[str, str], record: str) -> Match:
        """Make the user, and for this record of the LMS no other one until the ledger of persons knows it."""
        if not record:
            return self._create(student, student_id, defaults)
        person = f"newcomer record {record}"
        if not self._claim(person):
            raise RemoteUnavailable(BUSY, status=TOO_MANY_REQUESTS, retry_after=CLAIM_LIVES)
        try:
            return self._create(student, student_id, defaults)
        except BaseException as error:
            if _made_nobody(error):
                one_time.release(self.engine, person)
            raise

    def _claim(self, key: str) -> bool:
        return one_time.claim(self.engine, key, now=self.now(), until=self.now() + CLAIM_LIVES)

    @contextmanager
    def _releasing(self, key: str) -> Iterator[None]:
        """Let others claim `key` at the end, unless nobody knows whether a user was made."""
        try:
            yield
        except BaseException as error:
            if _made_nobody(error):
                one_time.release(self.engine, key)
            raise
        one_time.release(self.engine, key)

    def _create(self, student: Student, student_id: str, defaults: Mapping[str, str]) -> Match:
        given = {FIRST_NAME: student.first_name, LAST_NAME: student.last_name, self.username_attribute: student_id}
        attributes = {**defaults, **{name: value for name, value in given.items() if value}}
        missing = [name for name in self._required() if not attributes.get(name, "").strip()]
        if missing:
            raise LearnerIncomplete(
                f"OttoLearn requires {', '.join(missing)}, and the LMS names none: give a value under new_learner"
            )
        learner = self.ottolearn.create(attributes, self.token())
        self.directory.put(learner)
        log.info("made the OttoLearn user %d for a launch", learner.user_id)
        return Match(learner, self.username_attribute)

    def _required(self) -> Sequence[str]:
        try:
            return [attribute.name for attribute in self.ottolearn.attributes() if attribute.required]
        except RemoteRefused:  # that this call exists is assumed; OttoLearn itself refuses what is not enough
            return []


def _made_nobody(error: BaseException) -> bool:
    """Whether it is certain after this error that no user was made by the call."""
    return not isinstance(error, RemoteUnavailable) or error.status == TOO_MANY_REQUESTS


def _active(match: Match) -> Match:
    if not match.learner.active:
        raise LearnerInactive(match.learner.user_id)
    return match
