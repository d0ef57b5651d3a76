"""One user of Brightspace's as a member of the roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.brightspace.settings import Settings
from bridge.contracts import RECORD, RosterMember, clean
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student

User = Mapping[str, Any]
RIGHTS: Final = (
    "In Brightspace, give the role of the user who consented the right to search for users, and under User Information "
    "Privacy to see org defined ID, username, email and names of every role."
)
IDS: Final = ("UserId", "UserName", "OrgDefinedId", "UniqueIdentifier", "ExternalEmail")
"""What a user is called by, under the names of Brightspace's API."""
OF_EVERYBODY: Final = ("UserId", "UserName", "Activation")
"""What every user has."""


class People:
    """Reads users, and sees that Brightspace says of them what it should."""

    def __init__(self, settings: Settings) -> None:
        self._student_id = settings.student_id
        self._always = sorted({*OF_EVERYBODY, settings.student_id})
        self._sometimes = sorted({*settings.roster.fields} & {*IDS})
        self._told: set[str] = set()
        self._total = 0

    def page(self, users: Sequence[User]) -> list[RosterMember]:
        """The members. Raises RosterIncomplete where something is left out that every user has."""
        for user in users:
            if missing := [name for name in self._always if name not in user]:
                raise RosterIncomplete(
                    f"Brightspace leaves {', '.join(missing)} out of users; nobody is taken for gone. {RIGHTS}"
                )
        members = [self.member(user) for user in users]
        self._told |= {name for name in self._sometimes for one in members if name in one.fields}
        self._total += len(members)
        return members

    def require_told(self) -> None:
        """Raise RosterIncomplete where a field that is asked for was said of nobody."""
        missing = [name for name in self._sometimes if name not in self._told]
        if self._total and missing:
            raise RosterIncomplete(
                f"Brightspace says {', '.join(missing)} of none of {self._total} users: it may not be read, or nobody "
                f"has it; then take it out of roster.attributes. {RIGHTS}"
            )

    def member(self, user: User) -> RosterMember:
        """One user. What is null may be hidden from us: it stays unsaid, and nothing is taken away for it."""
        fields = {name: normalize(user[name]) for name in IDS if user.get(name) is not None}
        student = read_student(fields.get(self._student_id, ""), user.get("FirstName"), user.get("LastName"), "")
        said = {"first_name": user.get("FirstName"), "last_name": user.get("LastName")}
        names = {name: getattr(student, name) for name, value in said.items() if value is not None}
        return RosterMember(student, {**fields, **names, RECORD: key_of(user)}, is_active(user))


def key_of(user: User) -> str:
    """Brightspace's own number of a user."""
    return clean(user.get("UserId"))


def is_active(user: User) -> bool:
    """Whether somebody may sign in. Raises RosterIncomplete where it is not said: it must lock nobody out."""
    activation = user.get("Activation")
    active = activation.get("IsActive") if isinstance(activation, Mapping) else None
    if not isinstance(active, bool):
        raise RosterIncomplete(f"Brightspace does not say of somebody whether they are active. {RIGHTS}")
    return active
