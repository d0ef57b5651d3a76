"""One person as Moodle's core_user_get_users_by_field describes them."""

from __future__ import annotations

import re

import msgspec
from msgspec import UNSET, UnsetType

from bridge.contracts import RECORD, RosterMember
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student

RIGHTS = (
    "A system role of the token's user must allow moodle/user:viewdetails, moodle/user:viewalldetails and "
    "moodle/site:viewparticipants."
)
"""Said with every roster that cannot be trusted."""

GUEST = "guest"
"""The username of nobody."""

_MD5 = re.compile(r"[0-9a-f]{32}")
_MANGLED = re.compile(r".+\.[0-9]{9,}")


class _ProfileField(msgspec.Struct):
    shortname: str
    value: str | int | None = None


class Person(msgspec.Struct):
    """The parts we read. Moodle leaves a key out where the token may not see it; and `idnumber` where it is empty."""

    id: int
    username: str | UnsetType = UNSET
    firstname: str | UnsetType = UNSET
    lastname: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    idnumber: str = ""
    suspended: bool | int | UnsetType = UNSET
    confirmed: bool | int | UnsetType = UNSET
    customfields: list[_ProfileField] = []


_SHOWN_BY = {
    "username": "moodle/user:viewalldetails",
    "confirmed": "moodle/user:viewalldetails",
    "suspended": "moodle/user:viewhiddendetails",
    "firstname": "moodle/site:viewfullnames",
    "lastname": "moodle/site:viewfullnames",
}
"""Moodle, user/lib.php user_get_user_details: `confirmed` and `idnumber` hang on one capability, and `confirmed` is
never empty. So where `confirmed` is shown, a missing `idnumber` is an empty one and not a hidden one."""


def check_rights(person: Person) -> None:
    """Raises RosterIncomplete where Moodle hid a part of this person that it shows with the right capabilities."""
    hidden = sorted({right for name, right in _SHOWN_BY.items() if getattr(person, name) is UNSET})
    if hidden:
        raise RosterIncomplete(
            f"Moodle hides details of people from the token: a system role of its user must allow {', '.join(hidden)}"
        )


def is_deleted(person: Person) -> bool:
    """Moodle keeps deleted people: username `address.time`, e-mail an MD5 sum, no idnumber (delete_user)."""
    return (
        not person.idnumber
        and (not person.email or _MD5.fullmatch(person.email) is not None)
        and _MANGLED.fullmatch(person.username or "") is not None
    )


def is_active(person: Person) -> bool:
    """Guests are nobody, and whoever has not confirmed an account yet may not log in."""
    return person.username != GUEST and bool(person.confirmed)


def member(person: Person, id_field: str) -> RosterMember:
    """The member that `person` is; `id_field` is the field with the student ID."""
    own = str(person.id)
    fields = {RECORD: own, "id": own, "idnumber": normalize(person.idnumber), "username": normalize(person.username)}
    if person.email is not UNSET:
        fields["email"] = normalize(person.email)
    for field in person.customfields:
        fields[f"profile.{field.shortname}"] = normalize(field.value)
    student = read_student(fields.get(id_field, ""), person.firstname, person.lastname, "")
    fields["firstname"], fields["lastname"] = student.first_name, student.last_name
    return RosterMember(student, fields, active=not person.suspended)
