"""The keys of a SmarterU connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from bridge.config.settings import Frozen, WebAddress
from bridge.roster.settings import Roster as AnyRoster

SCORM_STUDENT_ID: Final = "scorm_student_id"
"""The number that SmarterU passes to packages; the API has one that may be it, or the Profile ID."""
_NO_DEFAULT: Final = (
    "the key `student_id` is missing, and has no default here: scorm_student_id is what packages are given; it needs "
    "`export`, a file by which `ottobridge doctor` tells whether the number in the API is that one"
)
_TWO_NUMBERS: Final = (
    "`student_id: ID` is not allowed: the number in the API may be the Profile ID, which no launch passes; allowed: "
    "scorm_student_id with `export`, which tells the two apart, EmployeeID, Email"
)


class Api(Frozen):
    """SmarterU's XML API."""

    url: WebAddress = "https://api.smarteru.com/apiv2/"
    account_key: SecretStr = Field(min_length=1)
    user_key: SecretStr = Field(min_length=1)
    """The API key of a user, who sees only whom the permissions of that user show."""
    page_size: int = Field(default=1_000, ge=1, le=1_000)


class Filters(Frozen):
    """Who is on the roster; nothing given: everybody in the account."""

    home_groups: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


class Roster(AnyRoster):
    """The `roster:` part."""

    filters: Filters = Filters()


class Settings(Frozen):
    """One SmarterU account."""

    student_id: Literal["scorm_student_id", "EmployeeID", "Email"]
    api: Api
    export: Path | None = None
    """A CSV that *Export to CSV (full)* made, old or new: it holds both numbers of a person, which tells the one in the
    API. Where that is the Profile ID, the student IDs come from this file."""
    roster: Roster = Roster()

    @model_validator(mode="before")
    @classmethod
    def _require_number_named(cls, values: Any) -> Any:
        if isinstance(values, dict):
            if "student_id" not in values:
                raise ValueError(_NO_DEFAULT)
            if values["student_id"] == "ID":
                raise ValueError(_TWO_NUMBERS)
        return values

    @model_validator(mode="after")
    def _can_tell_the_number(self) -> Self:
        if self.student_id == SCORM_STUDENT_ID and self.export is None:
            raise ValueError(
                "`student_id: scorm_student_id` needs `export`, a CSV by SmarterU's Export to CSV (full): nothing else "
                "tells whether the number in the API is the SCORM Student ID or the Profile ID"
            )
        return self
