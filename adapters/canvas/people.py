"""One person of a Canvas account, whichever way Canvas told us of them."""

from __future__ import annotations

from operator import attrgetter

import msgspec
from msgspec import UNSET, UnsetType

from adapters.canvas.names import split_sortable_name
from bridge.contracts import RECORD, RosterMember, clean
from bridge.identifiers import normalize
from bridge.lti.student import read_student

RIGHTS = (
    "The role of the token's user needs: Users - view list, SIS Data - read, Users - view login IDs, "
    "Users - view primary email address, Reports - manage."
)
"""Said with every roster that cannot be trusted (labels of Canvas's permission page)."""

Text = str | int | None | UnsetType


class CanvasUser(msgspec.Struct, gc=False):
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


_optional = attrgetter("sis_user_id", "integration_id", "login_id", "email", "sortable_name")


def member(user: CanvasUser, student_id: str) -> RosterMember:
    """The roster member for `user`, with fields as in the REST API, but `canvas_user_id` for `id`.

    Null and an empty cell both mean that there is none; where Canvas is silent the field is absent.
    """
    fields = {
        RECORD: str(user.id),
        "canvas_user_id": str(user.id),
        "sis_user_id": normalize(user.sis_user_id),
        "integration_id": normalize(user.integration_id),
        "login_id": normalize(user.login_id),
        "email": normalize(user.email),
        "sortable_name": clean(user.sortable_name),
    }
    if UNSET in _optional(user):
        fields = {name: text for name, text in fields.items() if getattr(user, name, None) is not UNSET}
    if user.first_name is UNSET or user.last_name is UNSET:
        first, last = split_sortable_name(fields.get("sortable_name", "") or clean(user.name))
    else:
        first, last = clean(user.first_name), clean(user.last_name)
    student = read_student(fields.get(student_id, ""), first, last, "")
    fields["first_name"], fields["last_name"] = student.first_name, student.last_name
    return RosterMember(student, fields, user.is_active)
