"""Fields that a source leaves out: hidden for lack of rights, or renamed, and never to be taken for empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from bridge.contracts import RosterMember
from bridge.errors import RosterIncomplete

_SHOWN = 30
_NOBODY_HAS_IT = ", or nobody has it: then take it out of `student_id` and roster.attributes"


class SentFields:
    """Which of the fields that are asked for a source sends. `rights` is a sentence: what to change there."""

    def __init__(self, names: Iterable[str], rights: str) -> None:
        self._missing = set(names)
        self._rights = rights
        self._sent: tuple[str, ...] = ()

    @property
    def waiting(self) -> bool:
        """Whether a needed field was in no record so far."""
        return bool(self._missing) or not self._sent

    def note(self, sent: Iterable[str], has: Callable[[str], bool]) -> None:
        """Take note of a person: the names of the record, and whether it has a field."""
        self._note_names(sent)
        if self._missing:
            self._missing = {name for name in self._missing if not has(name)}

    def note_members(self, members: Iterable[RosterMember]) -> None:
        """Take note of people by their fields."""
        for member in members:
            if not self.waiting:
                return
            self.note(member.fields, member.fields.__contains__)

    def require(self, rows: Iterable[Mapping[str, object]], always: AbstractSet[str]) -> None:
        """Raise RosterIncomplete where one of the rows lacks what all have."""
        for row in rows:
            if not row.keys() >= always:
                self._note_names(row)
                raise self.left_out(sorted(always - row.keys()))

    def _note_names(self, sent: Iterable[str]) -> None:
        if not self._sent:
            self._sent = tuple(sorted(name for name in sent if name.isidentifier()))[:_SHOWN]

    def require_all(self) -> None:
        """Raise RosterIncomplete where no person had a field that is needed. An empty list raises nothing here."""
        if self._missing and self._sent:
            raise self.left_out(sorted(self._missing), "everybody", _NOBODY_HAS_IT)

    def left_out(self, names: Sequence[str], whom: str = "somebody", also: str = "") -> RosterIncomplete:
        """The error that says what is left out of whom, and what is sent instead."""
        sent = f" It sends {', '.join(self._sent)}." if self._sent else ""
        return RosterIncomplete(
            f"the LMS leaves {', '.join(f'`{name}`' for name in names)} out of {whom}; nobody will be deactivated. "
            f"Either the bridge may not read it, or it has another name{also}.{sent} {self._rights}"
        )
