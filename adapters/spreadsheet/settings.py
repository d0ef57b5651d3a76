"""The keys of a connection whose roster is a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from bridge.settings import Frozen
from bridge.sync.settings import Roster


class Settings(Frozen):
    """One CSV or XLSX file, one row per person."""

    file: Path
    sheet: str = ""
    """Which sheet of a workbook; its first where empty."""
    mode: Literal["link", "roster"] = "link"
    """`link` only fills the Username attribute of people who exist; `roster` takes the file for everybody there is."""
    match: str = Field(default="email", min_length=1)
    """`link`: the field by which the people are found in OttoLearn."""
    student_id: str = Field(default="student_id", min_length=1)
    """The field that holds the student ID."""
    columns: Mapping[str, str] = Field(default={})
    """Field -> header of its column, where the header is not recognised by itself."""
    roster: Roster = Roster()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The fields that must have a column."""
        by_match = (self.match,) if self.mode == "link" else ()
        apart = {"first_name", "last_name", "status", "student_id"}
        others = (name for name in (*self.roster.fields, *self.columns) if name not in apart)
        return tuple(dict.fromkeys((self.student_id, *by_match, *others)))
