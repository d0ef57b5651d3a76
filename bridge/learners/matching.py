"""From a launch to a learner: a link that an administrator made, the directory, and what the connection does with
students whom nobody is found for. Those are noted, so that somebody can see to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from bridge.contracts import Connection, Launch, Outcome
from bridge.errors import LearnerAmbiguous, LearnerInactive, LearnerNotFound
from bridge.learners.directory import Directory, Match
from bridge.learners.newcomers import Newcomers
from bridge.store import aliases, learners, unmatched


@dataclass(frozen=True)
class Matching:
    """How launches are matched."""

    engine: Engine
    directory: Directory
    username_attributes: Sequence[str]
    connection: Callable[[str], Connection[Any] | None]
    """The connection of this name."""
    newcomers: Newcomers
    now: Callable[[], float]

    def find(self, connection: str, launch: Launch, student_id: str) -> Match:
        """The learner of a launch; `student_id` is its ID in the shape in which it is looked up.

        Raises what `Directory.find` and `Newcomers.make` raise.
        """
        linked = self._linked(connection, launch.student.student_id)
        if linked is not None:
            return linked
        try:
            return self._known_or_made(connection, launch, student_id)
        except LearnerNotFound:
            self._note(connection, launch, Outcome.NO_MATCH)
            raise
        except LearnerAmbiguous:
            self._note(connection, launch, Outcome.AMBIGUOUS)
            raise

    def _linked(self, connection: str, student_id: str) -> Match | None:
        """Whom an administrator has linked this ID with; a user who is gone, or has no username left, is nobody."""
        user_id = aliases.find(self.engine, connection, student_id)
        learner = learners.learner(self.engine, user_id) if user_id is not None else None
        if learner is None:
            return None
        username = next((name for name in self.username_attributes if learner.attributes.get(name)), None)
        if username is not None and not learner.active:
            raise LearnerInactive(learner.user_id)
        return Match(learner, username) if username else None

    def _known_or_made(self, connection: str, launch: Launch, student_id: str) -> Match:
        try:
            return self.directory.find(student_id)
        except LearnerNotFound:
            configured = self.connection(connection)
            if configured is None or configured.newcomers is None:
                raise
        return self.newcomers.make(launch.student, student_id, launch.assurance, configured.newcomers)

    def _note(self, connection: str, launch: Launch, outcome: Outcome) -> None:
        unmatched.note(self.engine, connection, launch.student, outcome, now=self.now())
