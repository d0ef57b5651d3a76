"""The people of the demo: the one table behind the LMS, OttoLearn's seed and what a check expects.

Everybody is invented. Each is there for one thing that goes wrong in real rosters.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bridge.contracts import Outcome, Student

PLACEHOLDERS = {"", "-", "."}
"""What LMSs that demand a last name hold for people who have none."""


class Account(NamedTuple):
    """One OttoLearn user: the learner that a student ID should find."""

    user_id: int
    username: str
    first_name: str
    last_name: str
    employee_id: str = ""
    active: bool = True


@dataclass(frozen=True)
class Person:
    """A student of the sandbox LMS, with the OttoLearn users who have to do with them."""

    key: str
    """The word in the address of a launch."""
    number: int
    """The LMS's own id of the person, as Moodle and Canvas count them."""
    given: str
    family: str
    student_id: str
    """As the LMS keeps it: blanks and letter case included, empty where it has none."""
    outcome: Outcome
    remark: str
    """Why this person is in the demo, for the visitor."""
    accounts: tuple[Account, ...] = ()
    reason: str = ""
    """The word of a rejection."""

    @property
    def name(self) -> str:
        """The whole name as a page shows it."""
        return " ".join(part for part in (self.given, self.family) if part not in PLACEHOLDERS)

    @property
    def student(self) -> Student:
        """What the bridge should make of the person; nothing at all where it must refuse the launch."""
        if self.outcome is Outcome.REJECTED:
            return Student("", "", "")
        return Student(_tidy(self.student_id), _tidy(self.given), _tidy(self.family))


PEOPLE = (
    Person(
        "ana", 3, "Ana", "García López", "A12001", Outcome.MATCHED, "Accents in both names.",
        (Account(101, "A12001", "Ana", "García López"),),
    ),
    Person(
        "zoe", 5, "Zoe\u0308", "O’Brien-d'Arcy", "A12005", Outcome.MATCHED,
        "Apostrophes of two kinds, and an accent written as a second character.",
        (Account(102, "A12005", "Zoë", "O’Brien-d'Arcy"),),
    ),
    Person(
        "martin", 8, "Martin", "King, Jr.", "A12008", Outcome.MATCHED, "A comma inside the last name.",
        (Account(103, "A12008", "Martin", "King, Jr."),),
    ),
    Person(
        "wei", 13, "伟", "王", "A12013", Outcome.MATCHED, "A name in Chinese characters.",
        (Account(104, "A12013", "伟", "王"),),
    ),
    Person(
        "layla", 16, "ليلى", "الخوري", "A12016", Outcome.MATCHED, "A name written from right to left.",
        (Account(105, "A12016", "ليلى", "الخوري"),),
    ),
    Person(
        "suharto", 12, "Suharto", "-", "A12012", Outcome.MATCHED,
        "One name only; the LMS holds a dash for the last name.",
        (Account(106, "A12012", "Suharto", ""),),
    ),
    Person(
        "pat", 33, "Pat", "Padded", "  MixedCase.7 ", Outcome.MATCHED,
        "An ID with blanks around it, which do not count.",
        (Account(107, "MixedCase.7", "Pat", "Padded"),),
    ),
    Person("nora", 41, "Nora", "Newcomer", "A99999", Outcome.NO_MATCH, "An ID that nobody has in OttoLearn."),
    Person(
        "tom", 31, "Tom", "Twice", "A12030", Outcome.AMBIGUOUS,
        "Two OttoLearn users have this ID, one of them as employee ID.",
        (Account(108, "A12030", "Tom", "Twice"), Account(109, "thomas", "Thomas", "Twice", employee_id="A12030")),
    ),
    Person(
        "ina", 44, "Ina", "Inactive", "A12044", Outcome.INACTIVE, "Her OttoLearn user is inactive.",
        (Account(110, "A12044", "Ina", "Inactive", active=False),),
    ),
    Person(
        "sam", 10, "Sam", "Unnumbered", "", Outcome.REJECTED, "The LMS has no student ID for this person.",
        reason="student_id_missing",
    ),
)  # fmt: skip


def find_person(key: str, people: Iterable[Person] = PEOPLE) -> Person | None:
    """The person with `key`, or None where there is nobody."""
    return next((person for person in people if person.key == key), None)


def seed_lines(people: Iterable[Person] = PEOPLE) -> Iterator[str]:
    """OttoLearn's users as the JSON lines that the sandbox OttoLearn is seeded with."""
    for account in (account for person in people for account in person.accounts):
        attribute = {
            "firstName": account.first_name,
            "lastName": account.last_name,
            "username": account.username,
            "employeeId": account.employee_id,
            "emailAddress": f"user{account.user_id}@example.invalid",
        }
        yield json.dumps({"id": account.user_id, "active": account.active, "attribute": attribute}, ensure_ascii=False)


def _tidy(text: str) -> str:
    kept = unicodedata.normalize("NFC", text).strip()
    return "" if kept in PLACEHOLDERS else kept
