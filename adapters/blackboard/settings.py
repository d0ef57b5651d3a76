"""The keys of a Blackboard connection."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from bridge.config.settings import Frozen, Origin
from bridge.lti.settings import Lti11, Lti13
from bridge.roster.settings import Roster as AnyRoster

PrimaryId = Annotated[str, Field(pattern=r"^_[0-9]{1,18}_[0-9]{1,9}$")]
"""How Blackboard numbers things: `_2_1`."""


class Api(Frozen):
    """Blackboard's REST API, as an application of the developer portal."""

    url: Origin
    key: str = Field(min_length=1)
    secret: SecretStr = Field(min_length=1)
    page_size: int = Field(default=100, ge=1, le=100)
    calls_per_day: int = Field(default=10_000, ge=10)
    """What the bridge may call in a day (UTC). The developer group's limit, less what its other applications need."""
    look_ups_per_day: int = Field(default=500, ge=0)
    """How many of these calls may be made because of launches, so that launches by strangers leave the rest."""

    @model_validator(mode="after")
    def _leaves_calls(self) -> Self:
        if self.look_ups_per_day >= self.calls_per_day:
            raise ValueError("allowed: `look_ups_per_day` below `calls_per_day`, or nothing is left for the roster")
        return self


class Filters(Frozen):
    """Who is on the roster; nothing given: every user."""

    data_sources: tuple[PrimaryId, ...] = ()
    """The primary ids of data sources, such as `_2_1`; each is read as a list of its own."""
    institution_roles: tuple[str, ...] = ()
    """Such as `STUDENT`: whoever has one of them."""


class Roster(AnyRoster):
    """The `roster:` part."""

    filters: Filters = Filters()


class Settings(Frozen):
    """One Blackboard Learn."""

    student_id: Literal["externalId", "uuid", "userName", "studentId", "id", "email"] = "externalId"
    lti13: Lti13 | None = None
    lti11: Lti11 | None = None
    api: Api | None = None
    roster: Roster = Roster()
