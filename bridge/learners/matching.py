"""From a launch to a learner: a link that an administrator made, the directory, what the connection does with students
whom nobody is found for, and the ledger of persons over all of it. Whoever does not get in is noted, so that somebody
can see to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.contracts import Connection, Launch, Match, Outcome
from bridge.errors import LaunchRejected, LearnerAmbiguous, LearnerInactive, LearnerNotFound
from bridge.learners.directory import Directory
from bridge.learners.ledger import Ledger
from bridge.learners.provisioning import Provisioning
from bridge.store import identity_lookup, learners, unmatched
from bridge.store.database import Engine
from bridge.store.identity_lookup import Known, LaunchIdentity


class LookUp(Protocol):
    """Asks the LMS for a student whom nobody is found for, as `bridge.sync.look_up.LookUps` does."""

    def ends(self) -> float: ...

    def find(self, identity: LaunchIdentity, *, ignore_case: bool) -> Match: ...

    def sync_person(
        self, configured: Connection[Any], launch: Launch, identity: LaunchIdentity, ends: float
    ) -> None: ...


def undisputed(engine: Engine, identity: LaunchIdentity) -> Known:
    """What is known of a launch. Raises LaunchRejected `identity_disputed`."""
    known = identity_lookup.of_launch(engine, identity)
    if known.dispute:
        raise LaunchRejected("identity_disputed", f"the last roster found this ID in conflict: {known.dispute}")
    return known


@dataclass(frozen=True)
class Matching:
    """How launches are matched."""

    engine: Engine
    directory: Directory
    username_attributes: Sequence[str]
    connection: Callable[[str], Connection[Any] | None]
    """The connection of this name."""
    provisioning: Provisioning
    ledger: Ledger
    now: Callable[[], float]
    look_ups: LookUp | None = None

    def find(self, connection: str, launch: Launch, student_id: str) -> Match:
        """The learner of a launch; `student_id` is its ID in the shape in which it is looked up.

        Raises what `Directory.find`, `Newcomers.make`, `LookUps.sync_person` and `Ledger.confirm` raise.
        """
        try:
            return self._confirmed(connection, launch, student_id)
        except LearnerNotFound:
            self._note(connection, launch, Outcome.NO_MATCH)
            raise
        except LearnerAmbiguous:
            self._note(connection, launch, Outcome.AMBIGUOUS)
            raise
        except LaunchRejected as error:
            self._note(connection, launch, error.reason)
            raise

    def is_vouched_for(self, connection: str, launch: Launch, student_id: str) -> bool:
        """Whether a roster has said of the launch's record what the launch says only in a field of a course author."""
        return self.ledger.is_from_roster(self._identity(connection, launch, student_id))

    def _identity(self, connection: str, launch: Launch, student_id: str) -> LaunchIdentity:
        configured = self.connection(connection)
        ignore_case = configured is not None and configured.ignore_case
        return LaunchIdentity(
            connection, launch.kind, launch.record, launch.student.student_id, student_id, ignore_case
        )

    def _confirmed(self, connection: str, launch: Launch, student_id: str) -> Match:
        identity = self._identity(connection, launch, student_id)
        known = undisputed(self.engine, identity)
        match = self._linked(known) or self._known_or_made(launch, identity, known)
        if not known.is_settled(identity, match.learner.user_id, self.now()):
            self.ledger.confirm(identity, known, match.learner.user_id)
        return match

    def _linked(self, known: Known) -> Match | None:
        """Whom an administrator has linked this ID with; a user who is gone, or has no username left, is nobody."""
        learner = learners.learner(self.engine, known.linked) if known.linked is not None else None
        if learner is None:
            return None
        username = next((name for name in self.username_attributes if learner.attributes.get(name)), None)
        if username is not None and not learner.active:
            raise LearnerInactive(learner.user_id)
        return Match(learner, username, by_link=True) if username else None

    def _known_or_made(self, launch: Launch, identity: LaunchIdentity, known: Known) -> Match:
        configured = self.connection(identity.connection)
        ignore_case = configured is not None and configured.ignore_case
        if configured is not None and configured.look_up is not None and self.look_ups is not None:
            return self._known_or_looked_up(self.look_ups, configured, launch, identity, known)
        try:
            return self.directory.find(identity.student_id, ignore_case=ignore_case, candidates=known.candidates)
        except LearnerNotFound:
            self.ledger.require_no_other_id(identity, known)
            if configured is None or configured.provisioning is None:
                raise
            self.ledger.require_nobody_yet(known)
        return self.provisioning.make(
            launch.student,
            identity.student_id,
            launch.assurance,
            configured.provisioning,
            ignore_case=ignore_case,
            record=" ".join((identity.connection, identity.namespace, identity.record)) if identity.record else "",
        )

    def _known_or_looked_up(
        self, look_ups: LookUp, configured: Connection[Any], launch: Launch, identity: LaunchIdentity, known: Known
    ) -> Match:
        ends = look_ups.ends()
        try:
            return look_ups.find(identity, ignore_case=configured.ignore_case)
        except LearnerNotFound:
            self.ledger.require_no_other_id(identity, known)
            self.ledger.require_nobody_yet(known)
        look_ups.sync_person(configured, launch, identity, ends)
        match = self.directory.look(identity.student_id, ignore_case=configured.ignore_case)
        if match is None:
            raise LearnerNotFound("the LMS has this person, and what OttoLearn got of them does not hold this ID")
        if not match.learner.active:
            raise LearnerInactive(match.learner.user_id)
        return match

    def _note(self, connection: str, launch: Launch, outcome: str) -> None:
        unmatched.note(self.engine, connection, launch.student, outcome, now=self.now())
