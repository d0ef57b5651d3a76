"""The list of students whom launches named and nobody was found for: who waits, who could be meant, what is decided.

Reading it changes nothing. Who is found by now is left out as it is read, and marked by `settle`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

from bridge.contracts import Assurance, Connection, Match, Student
from bridge.errors import LearnerAmbiguous
from bridge.learners import bulk, linking
from bridge.learners.bulk import LinkRequest
from bridge.learners.directory import Directory
from bridge.learners.near_misses import NearMiss, near_misses
from bridge.learners.provisioning import Provisioning
from bridge.store import disputes, learners
from bridge.store import unmatched as stored
from bridge.store.database import Engine
from bridge.store.people import Person
from bridge.store.unmatched import Position, State, UnmatchedRow

HELD: Final = {
    "identity_changed": "their record in the LMS had another ID before; ottobridge people show",
    "identity_of_another": "another record of the LMS is this user already; ottobridge people show",
    "identity_disputed": "the last roster found this ID in conflict; ottobridge runs show",
}
"""What is to be done about those whose ID leads to a user, by outcome."""
NOT_WAITING: Final = "not_waiting"
LINKED_ALREADY: Final = "linked_already"
WHY: Final = {
    **bulk.WHY,
    NOT_WAITING: "no launch of this connection named the ID",
    LINKED_ALREADY: "somebody has linked this student already",
}
"""Why nobody is linked, in words."""
CHUNK: Final = 500
"""Rows read at once."""


@dataclass(frozen=True)
class Asked:
    """Which students are meant."""

    text: str = ""
    """Stands in their ID or in their name, in either order and in any letter case."""
    connection: str | None = None
    outcome: str | None = None
    state: State = State.WAITING


class Waiting(NamedTuple):
    """One student of the list."""

    row: UnmatchedRow
    student_id: str
    """The ID as it is looked for in OttoLearn, after the connection's `student_id_rules`."""
    near: Sequence[NearMiss]
    """Who could be meant, the likeliest first."""

    @property
    def held(self) -> str:
        """What is to be done though the ID leads to a user; empty where it leads to none."""
        return HELD.get(self.row.outcome, "")


class Page(NamedTuple):
    """Some students, and where the next page begins; None after the last."""

    students: Sequence[Waiting]
    after: Position | None


class Choice(NamedTuple):
    """A student of the list, and whom an administrator takes them for."""

    connection: str
    student_id: str
    """As the launch named it."""
    user_id: int


class Linked(NamedTuple):
    """What became of one choice."""

    choice: Choice
    who: str
    """The user's name in OttoLearn."""
    why: str
    """A key of `WHY`, and nothing was changed; empty where they are linked."""
    dispute: str = ""
    """Why the last roster found the ID in conflict: nobody enters by it until that is settled."""
    other_records: Sequence[Person] = ()
    """The LMS's records that are this user already with another ID: `people release` makes others of them."""


@dataclass(frozen=True)
class Unmatched:
    """The list, and what an administrator may do about it."""

    engine: Engine
    directory: Directory
    username_attributes: Sequence[str]
    connection: Callable[[str], Connection[Any] | None]
    """The connection of this name."""
    now: Callable[[], float]

    def page(self, asked: Asked, size: int, after: Position | None = None) -> Page:
        """The students seen last first, who waits without those who are found by now."""
        rows = [*islice(self._rows(asked, after), size + 1)]
        students = [self._with_near_misses(row) for row in rows[:size]]
        return Page(students, rows[size - 1].position if len(rows) > size else None)

    def every(self, asked: Asked, *, compared: bool = True) -> Iterator[Waiting]:
        """All of them, one at a time, with who could be meant where they are to be `compared` with the directory."""
        shown = self._with_near_misses if compared else self._alone
        return map(shown, self._rows(asked, None))

    def opens(self, user_id: int) -> bool:
        """Whether a link with this user lets anybody in."""
        held = learners.learner(self.engine, user_id)
        return held is not None and any(held.attributes.get(name) for name in self.username_attributes)

    def find(self, connection: str, student_id: str) -> Waiting | None:
        """One student of the list, in whatever state."""
        row = stored.find(self.engine, connection, student_id)
        return self._with_near_misses(row) if row is not None else None

    def link(self, choices: Sequence[Choice], *, other_names: bool = False) -> list[Linked]:
        """Let each student in as the user chosen, and say of each what became of it.

        `other_names`: whether users may be called otherwise in OttoLearn than in the LMS. In doubt nobody is linked;
        choices that contradict each other are both left out.
        """
        rows = [stored.find(self.engine, choice.connection, choice.student_id) for choice in choices]
        requests = [self._request(choice, row) for choice, row in zip(choices, rows, strict=True)]
        verdicts = bulk.judge(self.engine, self.directory, requests, self.username_attributes, other_names=other_names)
        return [
            self._link(choice, verdict.who, NOT_WAITING if row is None else verdict.why)
            for choice, row, verdict in zip(choices, rows, verdicts, strict=True)
        ]

    def create(self, connection: str, student_id: str, provisioning: Provisioning) -> Match:
        """Make the user of a student who waits, with the connection's `new_learner` where it has one.

        Raises LinkRefused for nobody who waits, and what `Provisioning.make` raises.
        """
        row = stored.find(self.engine, connection, student_id)
        if row is None:
            raise linking.LinkRefused("no launch of this connection named the ID")
        configured = self.connection(connection)
        match = provisioning.make(
            Student(row.student_id, row.first_name, row.last_name),
            self._looked_up(row),
            Assurance.CONFIRMED,  # by the administrator
            (configured.provisioning if configured else None) or {},
            ignore_case=bool(configured and configured.ignore_case),
        )
        stored.mark(self.engine, connection, student_id, State.RESOLVED)
        return match

    def ignore(self, connection: str, student_id: str) -> bool:
        """Show the student no more, whoever launches; False where there is none."""
        return stored.mark(self.engine, connection, student_id, State.IGNORED)

    def undo(self, connection: str, student_id: str) -> bool:
        """Undo a link kept in the bridge, or that the student is ignored; False where there is none of both.

        A user who was created stays: they are deactivated in OttoLearn.
        """
        unlinked = linking.unlink(self.engine, connection, student_id)
        return stored.mark(self.engine, connection, student_id, State.WAITING) or unlinked

    def settle(self) -> int:
        """Mark those for whom somebody is found by now; how many."""
        over = [row for row in self._stored(Asked(), None) if self._is_over(row)]
        for row in over:
            stored.mark(self.engine, row.connection, row.student_id, State.RESOLVED)
        return len(over)

    def _stored(self, asked: Asked, after: Position | None) -> Iterator[UnmatchedRow]:
        while True:
            chosen = (asked.state, asked.connection, asked.outcome, asked.text)
            rows = stored.newest(self.engine, CHUNK, after, *chosen)
            yield from rows
            if len(rows) < CHUNK:
                return
            after = rows[-1].position

    def _rows(self, asked: Asked, after: Position | None) -> Iterator[UnmatchedRow]:
        for row in self._stored(asked, after):
            if not (asked.state == State.WAITING and self._is_over(row)):
                yield row

    def _with_near_misses(self, row: UnmatchedRow) -> Waiting:
        student, asked = Student(row.student_id, row.first_name, row.last_name), self._looked_up(row)
        return Waiting(row, asked, near_misses(self.engine, student, asked, self.username_attributes))

    def _alone(self, row: UnmatchedRow) -> Waiting:
        return Waiting(row, self._looked_up(row), ())

    def _looked_up(self, row: UnmatchedRow) -> str:
        configured = self.connection(row.connection)
        return configured.shape(row.student_id) if configured else row.student_id

    def _is_over(self, row: UnmatchedRow) -> bool:
        """Whether there is nothing left to do about the row; who is held by the ledger waits for a command."""
        if row.outcome == "identity_disputed":
            return not disputes.find(self.engine, row.connection, row.student_id)
        if row.outcome in HELD:
            return False
        configured = self.connection(row.connection)
        try:
            ignore_case = bool(configured and configured.ignore_case)
            return self.directory.look(self._looked_up(row), ignore_case=ignore_case) is not None
        except LearnerAmbiguous:
            return False

    def _request(self, choice: Choice, row: UnmatchedRow | None) -> LinkRequest:
        asked = self._looked_up(row) if row is not None else choice.student_id
        names = f"{row.first_name} {row.last_name}" if row is not None else ""
        return LinkRequest(choice.connection, asked, names, {}, choice.user_id)

    def _link(self, choice: Choice, who: str, why: str) -> Linked:
        if why:
            return Linked(choice, who, why)
        if not linking.link_anew(self.engine, *choice, self.username_attributes, now=self.now()):
            return Linked(choice, who, LINKED_ALREADY)
        dispute = disputes.find(self.engine, choice.connection, choice.student_id)
        return Linked(choice, who, "", dispute, linking.others_who_are(self.engine, *choice))
