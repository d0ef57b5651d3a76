"""One user of Docebo's list as a member of the roster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from adapters.docebo.listing import Item
from adapters.docebo.settings import Settings, is_additional
from bridge.contracts import RECORD, RosterMember, clean
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student

RIGHTS: Final = (
    "In Docebo, let the user of the API be a Superadmin, who sees everybody, and check `student_id`; a Power User sees "
    "only the users assigned to them."
)
STATUS: Final = {"1": True, "0": False}
"""Active, suspended."""
ALWAYS_SENT: Final = {"user_id", "username", "email", "first_name", "last_name", "status"}
ZONE: Final = timedelta(hours=36)
"""From the beginning of a day until it is over everywhere."""
FEW: Final = 10
_PLAIN: Final = (str, int, type(None))
"""What a field may be; made once, as each person has a dozen."""
_NO_DAY: Final = {"", "0000-00-00"}
_LEFT_OUT: Final = (
    "the user of the API may not read it, or it has another name, by which `student_id` and roster.attributes must "
    "call it; nobody will be deactivated"
)
_DAYS_UNKNOWN: Final = "Docebo writes expiration dates in a way that is not known; nobody is taken for expired"


class People:
    """Reads users, and sees that Docebo says of them what it should."""

    def __init__(self, settings: Settings, now: float, notice: Callable[[str], None]) -> None:
        self._student_id = settings.student_id
        self._today = datetime.fromtimestamp(now, UTC)
        self._notice = notice
        asked = {settings.student_id, *settings.roster.fields}
        self._needed = {"status"} | (asked & ALWAYS_SENT)
        self._additional = sorted(name for name in asked if is_additional(name))
        self._had: set[str] = set()
        self._total = 0

    def page(self, items: Sequence[Item]) -> list[RosterMember]:
        """The members. Raises RosterIncomplete where something is left out of them."""
        for item in items:
            if not item.keys() >= self._needed:
                missing = sorted(self._needed - item.keys())
                raise RosterIncomplete(f"Docebo leaves {', '.join(missing)} out of users: {_LEFT_OUT}")
        for name in self._additional:
            has = any(name in item for item in items)
            if name in self._had and not has and len(items) >= FEW:
                raise RosterIncomplete(f"Docebo leaves {name} out of users, and sent it for others: {_LEFT_OUT}")
            self._had |= {name} if has else set()
        self._total += len(items)
        return [self.member(item) for item in items]

    def require_fields(self) -> None:
        """Raises RosterIncomplete where nobody has an additional field that is read."""
        if missing := sorted(set(self._additional) - self._had):
            raise RosterIncomplete(f"Docebo leaves {', '.join(missing)} out of all {self._total} users: {_LEFT_OUT}")

    def member(self, item: Item) -> RosterMember:
        """One member. Raises RosterIncomplete for a status that is none."""
        fields = {
            name: value if type(value) is str and value.isascii() and value.isalnum() else clean(value)  # fast path
            for name, value in item.items()
            if isinstance(value, _PLAIN)
        }
        if (misprinted := fields.pop("firs_tname", None)) is not None:  # so in Docebo's own description
            fields["first_name"] = misprinted
        student = read_student(
            normalize(fields.get(self._student_id, "")), fields.get("first_name"), fields.get("last_name"), ""
        )
        fields["first_name"], fields["last_name"] = student.first_name, student.last_name
        fields[RECORD] = fields.get("user_id", "")
        active = _is_active(item, fields.get("status", "")) and not self._has_expired(fields.get("expiration_date", ""))
        return RosterMember(student, fields, active)

    def _has_expired(self, value: str) -> bool:
        if value[:10] in _NO_DAY:
            return False
        try:
            last = datetime.combine(date.fromisoformat(value[:10]), datetime.min.time(), UTC)
        except ValueError:
            self._notice(_DAYS_UNKNOWN)
            self._notice = _ignore
            return False
        return last + ZONE <= self._today


def _ignore(_: str) -> None:
    """What was said once."""


def _is_active(item: Item, status: str) -> bool:
    if not status and isinstance(item.get("status"), bool):
        status = str(int(item["status"]))
    if status not in STATUS:
        raise RosterIncomplete(
            f"Docebo says {status[:20]!r} as the status of a user, which is neither 1 nor 0; nobody will be deactivated"
        )
    return STATUS[status]
