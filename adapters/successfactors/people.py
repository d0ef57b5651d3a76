"""One person of SuccessFactors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adapters.successfactors.odata import Row
from adapters.successfactors.settings import Settings
from bridge.contracts import RECORD, RosterMember
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student
from bridge.roster.fields import SentFields

_OURS = {"first_name", "last_name"}
"""Names that every roster has, beside SuccessFactors' own."""


class Properties(NamedTuple):
    """Which property is what."""

    key: str
    first_name: str
    last_name: str
    wanted: tuple[str, ...]
    """Everything that is asked for."""

    @classmethod
    def of(cls, settings: Settings, *, key: str, names: tuple[str, str], also: Sequence[str]) -> Properties:
        """Those of a connection."""
        mapped = (name for name in settings.roster.fields if name not in _OURS)
        return cls(key, *names, tuple(dict.fromkeys([key, settings.student_id, *names, *also, *mapped])))


class PeopleReader:
    """Reads rows, and notices what is left out of them."""

    def __init__(self, settings: Settings, properties: Properties, rights: str, status: str = "") -> None:
        self._id_field = settings.student_id
        self._properties = properties
        self._status = status
        self._always = {settings.student_id, status} - {""}
        needed = (name for name in properties.wanted if name not in {"", *_candidates(settings)})
        self._sent = SentFields([*needed, settings.student_id], rights)

    def members(self, rows: Sequence[Row], active: bool | None = None) -> list[RosterMember]:
        """The people of a page; `active` where the list itself says it. Raises RosterIncomplete."""
        self._sent.require(rows, self._always)
        for row in rows:
            if not self._sent.waiting:
                break
            self._sent.note(row, row.__contains__)
        return [self._member(row, active) for row in rows]

    def require_fields(self) -> None:
        """Raise RosterIncomplete where nobody had a property that is asked for."""
        self._sent.require_all()

    def _member(self, row: Row, active: bool | None) -> RosterMember:
        properties = self._properties
        fields = {name: normalize(row[name]) for name in properties.wanted if name in row}
        first, last = row.get(properties.first_name), row.get(properties.last_name)
        student = read_student(fields.get(self._id_field, ""), first, last, "")
        if properties.first_name in row and properties.last_name in row:  # what is left out is not said to be empty
            fields["first_name"], fields["last_name"] = student.first_name, student.last_name
        fields[RECORD] = fields.get(properties.key, "")
        is_active = _is_active(row.get(self._status)) if active is None else active
        return RosterMember(student, fields, is_active)


def _candidates(settings: Settings) -> set[str]:
    """Properties that only `doctor` looks at, so that one that is missing is no reason to read nobody."""
    source = settings.learning or settings.hcm
    ids = set(source.ids) if source is not None else set()
    return ids - {settings.student_id, *settings.roster.fields}


def _is_active(status: object) -> bool:
    """`t` and `f` (OData), or `active` and `inactive` (exports). Raises RosterIncomplete: it must lock nobody out."""
    text = normalize(status)
    active = {"t": True, "active": True, "f": False, "inactive": False}.get(text.lower())
    if active is None:
        raise RosterIncomplete(
            f"SuccessFactors says {text[:20] or '(nothing)'} as the status of somebody; known: t, f. Nobody is taken "
            "for inactive; give the user of the API the right to read `status`"
        )
    return active
