"""Which number the API's `ID` is: the SCORM Student ID that packages are given, or the Profile ID, which no launch has.

Both are digits, and the number of one person may be the other number of somebody else, so nothing is assumed: people of
an export, who have both numbers there, are asked for at the API by their address or employee ID.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from adapters.smarteru.api import SmarterU, User
from adapters.smarteru.export import Export, Exported
from bridge.errors import RosterIncomplete

ASKED_FOR: Final = 10
AGREEING: Final = 0.8
"""The part of them whose number must be the same one: somebody may have got an address that another person had when the
export was made."""
SEEN: Final = 0.95
"""The part of the people of the export who must be in a whole list of the API."""


class Number(enum.Enum):
    """What a number is, as the export calls it."""

    SCORM = "SCORM Student ID"
    PROFILE = "Profile ID"


class Verdict(NamedTuple):
    """What came of asking."""

    asked: int
    found: int
    scorm: int
    """Of those found, whose ID in the API is their SCORM Student ID."""
    profile: int
    """Whose ID is their Profile ID; where the two are the same, both count."""

    @property
    def number(self) -> Number | None:
        """What the ID is; None where that cannot be said."""
        needed = self.found * AGREEING
        if not self.found or (self.scorm < needed and self.profile < needed):
            return None
        return Number.SCORM if self.scorm >= self.profile else Number.PROFILE

    def summary(self) -> str:
        """In words."""
        return (
            f"{self.found} of {self.asked} people of the export are found by the API; its ID is the SCORM Student ID "
            f"of {self.scorm} of them, and the Profile ID of {self.profile}"
        )


def ask(smarteru: SmarterU, export: Export, size: int = ASKED_FOR) -> Verdict:
    """Ask for `size` people of the export. Raises what calls raise."""
    people = export.sample(size)
    answers = [(person, _user(smarteru, person)) for person in people]
    found = [(person, user.get("ID", "")) for person, user in answers if user is not None]
    if not all(number for _, number in found):
        raise RosterIncomplete("SmarterU leaves ID out of users: the user of `api.user_key` may not read it")
    scorm = sum(number == person.scorm_student_id for person, number in found)
    return Verdict(len(people), len(found), scorm, sum(number == person.profile_id for person, number in found))


def _user(smarteru: SmarterU, person: Exported) -> User | None:
    if person.email:
        return smarteru.get_user("Email", person.email)
    return smarteru.get_user("EmployeeID", person.employee_id)


def require_number(verdict: Verdict, export: Export) -> Number:
    """The number. Raises RosterIncomplete where it cannot be said, with what to change."""
    if verdict.number is not None:
        return verdict.number
    if not verdict.found:
        raise RosterIncomplete(
            f"the API finds none of {verdict.asked} people of {export.name}: the user of `api.user_key` may not see "
            "them, or the export is of another account. Let that user see everybody, or make a new export"
        )
    raise RosterIncomplete(
        f"{verdict.summary()}: which number the API has cannot be said, and nobody is linked by a number that may be "
        f"somebody else's. Make a new export ({export.name} may be of another account)"
    )


class ExportComparison:
    """Holds everybody in the API's list against the export, as they come."""

    def __init__(self, export: Export, number: Number) -> None:
        self._export = export
        self._number = number
        self._joined = 0
        self._agreeing = 0
        self._unseen = {self._of(person) for person in export.people} - {""}

    def note(self, user: User) -> None:
        """Compare one person."""
        number = user["ID"]
        self._unseen.discard(number)
        person = self._export.find(user.get("Email", ""), user.get("EmployeeID", ""))
        if person is not None and self._of(person):
            self._joined += 1
            self._agreeing += number == self._of(person)

    def _of(self, person: Exported) -> str:
        return person.scorm_student_id if self._number is Number.SCORM else person.profile_id

    def require_same(self) -> None:
        """Raises RosterIncomplete where the number is not that of the export after all."""
        if self._joined and self._agreeing < self._joined * AGREEING:
            raise RosterIncomplete(
                f"the ID in the API is the {self._number.value} of {self._agreeing} of {self._joined} people who are "
                f"in {self._export.name}, too: which number it is cannot be said. Make a new export"
            )

    def missing(self) -> int:
        """How many of the export were not in the list."""
        return len(self._unseen)

    def require_all(self) -> None:
        """Raises RosterIncomplete where too many of the export were not in the list."""
        missing, people = self.missing(), len(self._export.people)
        if missing > 1 and missing > people * (1 - SEEN):
            raise RosterIncomplete(
                f"{missing} of {people} people of {self._export.name} are not in the API's list: the user of "
                "`api.user_key` sees only a part of the account, such as the groups that it manages, and nobody is "
                "taken for gone. Give the key of a user who may see everybody; where these people were deleted, make "
                "a new export"
            )
