"""One user of SmarterU's API as a member of the roster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from adapters.smarteru.api import GROUPED, User
from adapters.smarteru.api_id import Number
from adapters.smarteru.export import Export
from adapters.smarteru.settings import SCORM_STUDENT_ID, Filters, Settings
from bridge.contracts import RECORD, RosterMember
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student

RIGHTS: Final = (
    "In SmarterU, give the user of `api.user_key` the right to see everybody, and check `student_id` and "
    "roster.filters."
)
_ACTIVE: Final = {"active": True, "inactive": False}
_OF_THE_EXPORT: Final = {SCORM_STUDENT_ID, "profile_id"}
_OWN: Final = {"student_id", "first_name", "last_name", "ID", "Status"}


def require_fields(page: Sequence[User], settings: Settings) -> None:
    """Raise RosterIncomplete where SmarterU leaves out of anybody what it sends of everybody."""
    asked = {settings.student_id, *settings.roster.fields} - _OF_THE_EXPORT - _OWN
    needed = {"ID", "Status"} | asked
    for user in page:
        if not user.keys() >= needed:
            missing = sorted(needed - user.keys())
            raise RosterIncomplete(
                f"SmarterU leaves {', '.join(missing)} out of users: the user of `api.user_key` may not read it, or it "
                "has another name, by which `student_id` and roster.attributes must call it; nobody will be deactivated"
            )


def member(user: User, settings: Settings, number: Number | None, export: Export | None) -> RosterMember:
    """The member; `number`: what its ID is, with `export`, where that was asked."""
    fields = dict(user)
    del fields["ID"]
    fields |= _numbers(user["ID"], number, export)
    own = normalize(fields.get(settings.student_id, ""))
    student = read_student(own, user.get("GivenName"), user.get("Surname"), user.get("Name"))
    fields["first_name"], fields["last_name"], fields[RECORD] = student.first_name, student.last_name, user["ID"]
    return RosterMember(student, fields, _is_active(user))


def _numbers(number: str, what: Number | None, export: Export | None) -> dict[str, str]:
    """The numbers of a person by what they are, as far as that is known."""
    if what is None:
        return {"ID": number}
    if what is Number.SCORM:
        return {SCORM_STUDENT_ID: number}
    person = export.by_profile.get(number) if export is not None else None
    return {"profile_id": number, SCORM_STUDENT_ID: "" if person is None else person.scorm_student_id}


def _is_active(user: User) -> bool:
    status = user["Status"].lower()
    if status not in _ACTIVE:
        raise RosterIncomplete(
            f"SmarterU says {status[:20]!r} as the Status of a user, which is neither Active nor Inactive; nobody is "
            "taken for gone"
        )
    return _ACTIVE[status]


def chosen(users: Iterable[User], filters: Filters) -> list[User]:
    """Those in one of the home groups, and on one of the teams, that are asked for."""
    return [
        user
        for user in users
        if (not filters.home_groups or user.get("HomeGroup", "") in filters.home_groups)
        and (not filters.teams or set(user.get(GROUPED, "").split("\n")) & set(filters.teams))
    ]
