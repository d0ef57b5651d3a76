"""One person of a Canvas account, whichever way Canvas told us of them."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.canvas.names import split_sortable_name
from bridge.contracts import RosterMember, clean
from bridge.lti.student import read_student

RIGHTS = (
    "The role of the token's user needs: Users - view list, SIS Data - read, Users - view login IDs, "
    "Users - view primary email address, Reports - manage."
)
"""Said with every roster that cannot be trusted (labels of Canvas's permission page)."""

FIELDS = ("canvas_user_id", "sis_user_id", "integration_id", "login_id", "email", "sortable_name")
"""What Canvas says of a person, under the names of its REST API. Where it says nothing the key is absent."""

_BLOCK = 1 << 16


def member(said: Mapping[str, object], student_id: str, *, active: bool = True) -> RosterMember:
    """The member of whom Canvas said `said`; null and an empty cell both mean that there is none."""
    fields = {name: clean(said[name]) for name in FIELDS if name in said}
    student = read_student(fields.get(student_id, ""), *_name(said, fields), "")
    fields["first_name"], fields["last_name"] = student.first_name, student.last_name
    return RosterMember(student, fields, active)


def _name(said: Mapping[str, object], fields: Mapping[str, str]) -> tuple[object, object]:
    if "first_name" in said and "last_name" in said:
        return said["first_name"], said["last_name"]
    return split_sortable_name(fields.get("sortable_name", "") or clean(said.get("name")))


class SeenIds:
    """A set of Canvas's user ids at a bit each: they are dense, even where a shard's number precedes them."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, number: int) -> bool:
        """Remember `number`; says whether it is new."""
        block, offset = divmod(number, _BLOCK)
        bits = self._blocks.setdefault(block, bytearray(_BLOCK // 8))
        byte, bit = offset >> 3, 1 << (offset & 7)
        new = not bits[byte] & bit
        bits[byte] |= bit
        return new

    def __contains__(self, number: int) -> bool:
        block, offset = divmod(number, _BLOCK)
        bits = self._blocks.get(block)
        return bits is not None and bool(bits[offset >> 3] & 1 << (offset & 7))
