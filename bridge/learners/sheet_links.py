"""The list of unmatched students as a sheet that somebody completes: who would be linked by it, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from bridge.learners.bulk import WHY, LinkRequest, Verdict, judge
from bridge.learners.unmatched import Unmatched, Waiting
from bridge.store import unmatched as queue
from bridge.store.unmatched import UnmatchedRow

MOST: Final = 1_000_000
"""Students of the list, with whom the lines are compared."""
NOT_WAITING: Final = "no launch of this connection named the ID, or somebody is found for it by now"
UNFILLED: Final = "email and employee number are empty"

Rows = Mapping[tuple[str, str], Sequence[UnmatchedRow]]
"""By connection and ID as it is looked up: which IDs launches sent."""


class Entry(Protocol):
    """One line as it was read. A text is empty where nothing was entered, or nothing that can be read."""

    @property
    def where(self) -> str:
        """`People!A17`."""

    @property
    def student_id(self) -> str:
        """As it is looked for in OttoLearn."""

    @property
    def connection(self) -> str:
        """Whose launches named the student."""

    @property
    def email(self) -> str:
        """Of the user in OttoLearn."""

    @property
    def employee_number(self) -> str:
        """The same by another attribute."""

    @property
    def unreadable(self) -> str:
        """Which of the cells cannot be read, and why."""


class Line(NamedTuple):
    """One line, and what is to become of it."""

    where: str
    connection: str
    student_id: str
    """As it is looked for in OttoLearn."""
    user_id: int | None
    who: str
    """The user's name in OttoLearn."""
    why: str
    """Why nobody is linked, in words; empty where they may be."""
    sent: tuple[str, ...] = ()
    """The IDs as launches sent them."""

    @property
    def links(self) -> list[tuple[str, str, int]]:
        """Connection, ID and user of each link that the line makes."""
        made = [] if self.why or self.user_id is None else self.sent
        return [(self.connection, student_id, self.user_id or 0) for student_id in made]


@dataclass(frozen=True)
class Sheets:
    """How sheets are read and written."""

    read: Callable[[Path], Iterable[Entry]]
    """The lines of a completed list. Raises RosterIncomplete for any other file."""
    write: Callable[[Path, Iterable[Sequence[str]]], None]
    """Write students, as `cells_of` gives them, to a file: XLSX or CSV by its suffix. Raises OSError."""
    written_id: Callable[[str], str]
    """An ID so that a spreadsheet program leaves it as it is."""
    known_by: Mapping[str, str]
    """`email`, `employee_number` -> the attribute of OttoLearn that holds it."""


def cells_of(waiting: Waiting, written_id: Callable[[str], str]) -> list[str]:
    """One student as cells; email and employee number stay empty, because nobody is ever guessed."""
    row = waiting.row
    could_be = "; ".join(miss.in_words() for miss in waiting.near)
    names = [row.first_name, row.last_name]
    return [written_id(waiting.student_id), "", "", *names, row.connection, str(row.times), could_be]


def judge_lines(
    unmatched: Unmatched,
    entries: Sequence[Entry],
    known_by: Mapping[str, str],
    *,
    other_names: bool,
    words: Mapping[str, str] = WHY,
) -> list[Line]:
    """What would become of each line. `other_names`: whether OttoLearn may call people otherwise than the LMS does.

    In doubt nobody is linked; lines that contradict each other are all left out.
    """
    waiting = waiting_of(unmatched)
    odd = {at: why for at, entry in enumerate(entries) if (why := _why_not(entry, waiting))}
    good = [at for at in range(len(entries)) if at not in odd]
    asked = [_link_request(entries[at], waiting, known_by) for at in good]
    verdicts = judge(
        unmatched.engine, unmatched.directory, asked, unmatched.username_attributes, other_names=other_names
    )
    by_line = dict(zip(good, verdicts, strict=True))
    return [
        _line(entry, odd.get(at, ""), by_line.get(at), words, waiting.get((entry.connection, entry.student_id), ()))
        for at, entry in enumerate(entries)
    ]


def judge_again(
    unmatched: Unmatched, lines: Sequence[Line], *, other_names: bool, words: Mapping[str, str] = WHY
) -> list[Line]:
    """The lines as they stand now, for the users that they were found to mean."""
    waiting = waiting_of(unmatched)
    good = [at for at, line in enumerate(lines) if line.links]
    asked = []
    for at in good:
        line = lines[at]
        names = next((f"{r.first_name} {r.last_name}" for r in waiting.get((line.connection, line.student_id), ())), "")
        asked.append(LinkRequest(line.connection, line.student_id, names, {}, line.user_id))
    found = judge(unmatched.engine, unmatched.directory, asked, unmatched.username_attributes, other_names=other_names)
    again = list(lines)
    for at, verdict in zip(good, found, strict=True):
        line = lines[at]
        sent = tuple(row.student_id for row in waiting.get((line.connection, line.student_id), ()))
        why = words[verdict.why] if verdict.why else "" if sent else NOT_WAITING
        again[at] = line._replace(why=why, sent=sent)
    return again


def waiting_of(unmatched: Unmatched) -> dict[tuple[str, str], list[UnmatchedRow]]:
    """Everybody who waits, by connection and by the ID as it is looked up."""
    found: dict[tuple[str, str], list[UnmatchedRow]] = {}
    connection = cache(unmatched.connection)
    for row in queue.newest(unmatched.engine, MOST):
        configured = connection(row.connection)
        asked = configured.shape(row.student_id) if configured else row.student_id
        found.setdefault((row.connection, asked), []).append(row)
    return found


def _why_not(entry: Entry, waiting: Rows) -> str:
    if entry.unreadable:
        return entry.unreadable
    if not (entry.email or entry.employee_number):
        return UNFILLED
    return "" if (entry.connection, entry.student_id) in waiting else NOT_WAITING


def _link_request(entry: Entry, waiting: Rows, known_by: Mapping[str, str]) -> LinkRequest:
    sent = waiting[entry.connection, entry.student_id][0]
    entered = {"email": entry.email, "employee_number": entry.employee_number}
    values = {known_by[name]: value for name, value in entered.items() if value}
    return LinkRequest(entry.connection, entry.student_id, f"{sent.first_name} {sent.last_name}", values)


def _line(
    entry: Entry, odd: str, verdict: Verdict | None, words: Mapping[str, str], rows: Sequence[UnmatchedRow]
) -> Line:
    known = (entry.where, entry.connection, entry.student_id)
    if verdict is None:
        return Line(*known, None, "", odd)
    why = words[verdict.why] if verdict.why else ""
    return Line(*known, verdict.user_id, verdict.who, why, tuple(row.student_id for row in rows))
