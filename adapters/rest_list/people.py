"""One person of a list, and what a list must say of people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.rest_list.listing import MISSING, Item, at
from adapters.rest_list.settings import Settings
from bridge.contracts import RECORD, RosterMember
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student
from bridge.roster.fields import SentFields

_OURS = {"first_name", "last_name"}
"""Names that every roster has, beside the LMS's own."""


class PeopleReader:
    """Reads people as the settings want them, and notices what the LMS leaves out. Rosters hold millions."""

    def __init__(self, settings: Settings) -> None:
        described, roster = settings.list, settings.roster
        self._key, self._student_id = described.key, settings.student_id
        self._first, self._last, self._full = described.first_name, described.last_name, described.full_name
        spoken = {name for name in (self._first, self._last, self._full) if name}
        names = dict.fromkeys([described.key, *described.ids, settings.student_id, *roster.fields])
        self._flat = tuple(name for name in names if "." not in name)
        self._nested = tuple(name for name in names if "." in name)
        self._leaves_out_empty = described.leaves_out_empty
        self._active = described.active
        self._active_values = _lower(described.active.values) if described.active else frozenset()
        self._inactive_values = _lower(described.active.inactive) if described.active else frozenset()
        self._filters = roster.filters
        wanted = {settings.student_id, *roster.fields, *roster.filters}
        self._sent = SentFields((wanted - _OURS) | {described.key, *spoken}, described.rights)
        self._somebody = self._somebody_active = False

    def members(self, page: Sequence[Item]) -> Iterator[RosterMember]:
        """The people of a page who belong to the roster. Raises RosterIncomplete where one lacks what all must have."""
        for item in page:
            if self._sent.waiting:
                self._sent.note(item, lambda name, item=item: at(item, name) is not MISSING)  # type: ignore[misc]
            member = self._member(item)
            if self._filters and not self._is_chosen(item):
                continue
            self._somebody, self._somebody_active = True, self._somebody_active or member.active
            yield member

    def require_fields(self) -> None:
        """Raise RosterIncomplete where nobody had a field that is asked for."""
        self._sent.require_all()

    def require_all(self) -> None:
        """Raise it too where nobody is active, which cannot be so of a whole roster."""
        self.require_fields()
        if self._somebody and not self._somebody_active:
            name = self._active.field if self._active else ""
            raise RosterIncomplete(
                f"nobody is active by `{name}`, so nobody will be deactivated; say in `list.active` which values are"
            )

    def _member(self, item: Item) -> RosterMember:
        fields = {name: _text(item[name]) for name in self._flat if name in item}
        for name in self._nested:
            if (value := at(item, name)) is not MISSING:
                fields[name] = _text(value)
        student_id = fields.get(self._student_id)
        if student_id is None and not self._leaves_out_empty:
            raise self._sent.left_out([self._student_id])
        first, last = _said(item, self._first), _said(item, self._last)
        full = _said(item, self._full) if self._full else ""
        student = read_student(student_id or "", first, last, full)
        if first is not None and last is not None and full is not None:  # what is left out is not said to be empty
            fields["first_name"], fields["last_name"] = student.first_name, student.last_name
        fields[RECORD] = fields.get(self._key, "")
        return RosterMember(student, fields, self._is_active(item))

    def _is_active(self, item: Item) -> bool:
        if self._active is None:
            return True
        name = self._active.field
        value = item.get(name, MISSING) if "." not in name else at(item, name)
        if value is MISSING:
            raise self._sent.left_out([self._active.field])
        text = _text(value).lower()
        if text in self._active_values:
            return True
        if not text or (self._inactive_values and text not in self._inactive_values):
            raise RosterIncomplete(
                f"`{name}` says of somebody {text[:20] or '(nothing)'}, and not whether they are active; nobody will "
                "be deactivated. Say in `list.active` which `values` and which `inactive` there are"
            )
        return False

    def _is_chosen(self, item: Item) -> bool:
        return all(_text(at(item, name)) in values for name, values in self._filters.items())


def _lower(values: Sequence[str]) -> frozenset[str]:
    return frozenset(value.lower() for value in values)


def _said(item: Item, name: str) -> Any:
    """A part of the name: empty where there is none, None where the LMS left it out."""
    if not name:
        return ""
    value = item.get(name, MISSING) if "." not in name else at(item, name)
    return None if value is MISSING else value or ""


def _text(value: Any) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    return normalize(value)
