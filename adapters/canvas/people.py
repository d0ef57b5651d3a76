"""One person of a Canvas account, whichever way Canvas told us of them."""

from __future__ import annotations

from operator import attrgetter

import msgspec
from msgspec import UNSET, UnsetType

from adapters.canvas.names import split_sortable_name
from bridge.contracts import RosterMember, clean
from bridge.lti.student import read_student

RIGHTS = (
    "The role of the token's user needs: Users - view list, SIS Data - read, Users - view login IDs, "
    "Users - view primary email address, Reports - manage."
)
"""Said with every roster that cannot be trusted (labels of Canvas's permission page)."""

Text = str | int | None | UnsetType


class Said(msgspec.Struct, gc=False):
    """What Canvas says of one person, under the names of its REST API; UNSET where it says nothing at all."""

    id: int
    sis_user_id: Text = UNSET
    integration_id: Text = UNSET
    login_id: Text = UNSET
    email: Text = UNSET
    sortable_name: Text = UNSET
    name: Text = UNSET
    first_name: Text = UNSET
    last_name: Text = UNSET
    status: Text = "active"
    """Of the login; only the report knows it."""

    @property
    def is_active(self) -> bool:
        """Whether this person may come in."""
        return self.status == "active"


FIELDS = ("canvas_user_id", "sis_user_id", "integration_id", "login_id", "email", "sortable_name")
"""What the fields of a member are called: as in the REST API, but for the first. Absent where Canvas is silent."""

_values = attrgetter("id", *FIELDS[1:])


def member(said: Said, student_id: str) -> RosterMember:
    """The member of whom Canvas said `said`; null and an empty cell both mean that there is none."""
    values = _values(said)
    fields = dict(zip(FIELDS, map(clean, values), strict=True))
    if UNSET in values:
        fields = {name: fields[name] for name, value in zip(FIELDS, values, strict=True) if value is not UNSET}
    if said.first_name is UNSET or said.last_name is UNSET:
        first, last = split_sortable_name(fields.get("sortable_name", "") or clean(said.name))
    else:
        first, last = clean(said.first_name), clean(said.last_name)
    student = read_student(fields.get(student_id, ""), first, last, "")
    fields["first_name"], fields["last_name"] = student.first_name, student.last_name
    return RosterMember(student, fields, said.is_active)
