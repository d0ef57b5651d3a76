"""The keys of a connection whose roster is a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from bridge.config.settings import Frozen
from bridge.files.encodings import known
from bridge.roster.settings import Link, Roster, template_fields

ATTRIBUTES: Mapping[str, str] = {"email": "emailAddress", "employee_number": "employeeId"}
"""Field to match by -> OttoLearn's attribute of that meaning (its own names, support article 233)."""


class Settings(Frozen):
    """One CSV or XLSX file, one row per person."""

    file: Path
    sheet: str = ""
    """Which sheet of a workbook; the first that is not hidden where empty."""
    encoding: str = ""
    """In which encoding a CSV is; found where empty."""
    mode: Literal["link", "roster"] = "link"
    """`link` only fills the Username attribute of people who exist; `roster` takes the file for everybody there is."""
    match: str = Field(default="email", min_length=1)
    """`link`: the field by which the people are found in OttoLearn. Which attribute that is there, `roster.attributes`
    says; else it is the one of that meaning or name."""
    student_id: str = Field(default="student_id", min_length=1)
    """The field that holds the student ID."""
    columns: Mapping[str, str] = Field(default={})
    """Field -> header of its column, where the header is not recognised by itself."""
    roster: Roster = Roster()

    @property
    def link(self) -> Link | None:
        """How people are found; None in `roster` mode."""
        if self.mode != "link":
            return None
        named = [name for name, field in self.roster.attributes.items() if field == self.match]
        return Link(attribute=named[0] if named else ATTRIBUTES.get(self.match, self.match), field=self.match)

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        if encoding and not known(encoding):
            raise ValueError("no such encoding; allowed: a name such as windows-1250, mac_roman, shift_jis, gb18030")
        return encoding

    @model_validator(mode="after")
    def _only_links(self) -> Self:
        """`link` writes student IDs and nothing else, so a mapping that says more is a mistake."""
        if self.mode != "link":
            return self
        if self.match in {self.student_id, "student_id"}:
            raise ValueError("`match` must be another field than `student_id`")
        others = set(self.roster.attributes.values()) - {self.match, self.student_id, "student_id"}
        if others or self.roster.constants or self.roster.templates:
            raise ValueError(f"`mode: link` fills only from {self.student_id}; allowed for more: `mode: roster`")
        if self.roster.on_leave != "keep":
            raise ValueError("`mode: link` deactivates nobody; allowed: `on_leave: keep`")
        return self

    @property
    def wanted(self) -> tuple[str, ...]:
        """The fields that must have a column."""
        by_match = (self.match,) if self.mode == "link" else ()
        apart = {"first_name", "last_name", "status", "student_id"}
        others = (name for name in (*self.roster.fields, *self.columns) if name not in apart)
        return tuple(dict.fromkeys((self.student_id, *by_match, *others)))

    def ids(self, usernames: Sequence[str]) -> frozenset[str]:
        """The fields that hold IDs: the student ID, what people are found by, and what fills one of `usernames`.

        `usernames`: OttoLearn's Username attributes.
        """
        by_match = {self.match} if self.mode == "link" else set()
        filled = {self.roster.attributes[name] for name in usernames if name in self.roster.attributes}
        templates = (self.roster.templates[name] for name in usernames if name in self.roster.templates)
        return frozenset({self.student_id}.union(by_match, filled, *map(template_fields, templates)))
