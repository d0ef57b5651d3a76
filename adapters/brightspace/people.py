"""One user of Brightspace's as a member of the roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.brightspace.settings import Settings
from bridge.contracts import RECORD, RosterMember, clean
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student
from bridge.roster.fields import SentFields

User = Mapping[str, Any]
RIGHTS: Final = (
    "In Brightspace, give the role of the user who consented the right to search for users, and under User Information "
    "Privacy to see org defined ID, username, email and names of every role."
)
IDS: Final = ("UserId", "UserName", "OrgDefinedId", "UniqueIdentifier", "ExternalEmail")
"""What a user is called by, under the names of Brightspace's API."""
ALWAYS_SENT: Final = ("UserId", "UserName", "Activation")
"""What every user has."""


class People:
    """Reads users, and sees that Brightspace says of them what it should."""

    def __init__(self, settings: Settings) -> None:
        self._student_id = settings.student_id
        self._always = {*ALWAYS_SENT, settings.student_id}
        self._sent = SentFields({*settings.roster.fields} & {*IDS}, RIGHTS)

    def page(self, users: Sequence[User]) -> list[RosterMember]:
        """The members. Raises RosterIncomplete where something is left out that every user has."""
        self._sent.require(users, self._always)
        members = [self.member(user) for user in users]
        self._sent.note_members(members)
        return members

    def require_fields(self) -> None:
        """Raise RosterIncomplete where a field that is asked for was said of nobody."""
        self._sent.require_all()

    def member(self, user: User) -> RosterMember:
        """One user. What is null may be hidden from us: it stays unsaid, and nothing is taken away for it."""
        fields = {name: normalize(value) for name in IDS if (value := user.get(name)) is not None}
        first, last = user.get("FirstName"), user.get("LastName")
        student = read_student(fields.get(self._student_id, ""), first, last, "")
        if first is not None:
            fields["first_name"] = student.first_name
        if last is not None:
            fields["last_name"] = student.last_name
        fields[RECORD] = key_of(user)
        return RosterMember(student, fields, is_active(user))


def key_of(user: User) -> str:
    """Brightspace's own number of a user."""
    return clean(user.get("UserId"))


def is_active(user: User) -> bool:
    """Whether somebody may sign in. Raises RosterIncomplete where it is not said: it must lock nobody out."""
    activation = user.get("Activation")
    active = activation.get("IsActive") if isinstance(activation, dict) else None
    if not isinstance(active, bool):
        raise RosterIncomplete(f"Brightspace does not say of somebody whether they are active. {RIGHTS}")
    return active
