"""One person of SCIM, from the JSON that the bridge keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bridge.contracts import RECORD, RosterMember, clean
from bridge.identifiers import normalize
from bridge.lti.student import read_student
from bridge.roster.services import Pushed

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
IDS: Final = ("userName", "externalId")


def read_person(pushed: Pushed, student_id: str, groups: tuple[str, ...]) -> RosterMember:
    """The member; inactive where the identity provider says so, has deleted them, or they are in none of `groups`."""
    document = pushed.document
    fields = {**dict(_plain(document)), **dict(_plain(_part(document, ENTERPRISE)))}
    fields |= {name: normalize(fields[name]) for name in (*IDS, "employeeNumber") if name in fields}
    mail = _mail(document.get("emails"))
    if mail:
        fields["email"] = mail
    name, manager = _part(document, "name"), _part(_part(document, ENTERPRISE), "manager")
    if manager:
        fields["manager"] = clean(manager.get("value"))
    student = read_student(
        fields.get(student_id, ""), name.get("givenName"), name.get("familyName"), clean(name.get("formatted"))
    )
    names = {"first_name": student.first_name, "last_name": student.last_name, RECORD: pushed.record}
    wanted = not groups or any(group in pushed.groups for group in groups)
    return RosterMember(student, {**fields, **names}, pushed.lives and document.get("active") is not False and wanted)


def _plain(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield name, clean(value)


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document.get(name)
    return part if isinstance(part, dict) else {}


def _mail(mails: object) -> str:
    """The address at work, else the primary one, else the first."""
    found = [mail for mail in mails if isinstance(mail, dict)] if isinstance(mails, list) else []
    best = sorted(found, key=lambda mail: (clean(mail.get("type")).lower() != "work", mail.get("primary") is not True))
    return normalize(best[0].get("value")) if best else ""
