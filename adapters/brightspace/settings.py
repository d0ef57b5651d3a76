"""The keys of a Brightspace connection."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from bridge.config.settings import Frozen, Origin
from bridge.lti.settings import Lti11, Lti13
from bridge.roster.settings import Roster

LAUNCHED: Final = ("OrgDefinedId", "UserName", "ExternalEmail")
"""What a launch carries; the others are for packages whose connection names this one as its `roster_connection`."""


class Api(Frozen):
    """Brightspace's API, as an OAuth 2.0 application of Manage Extensibility."""

    url: Origin
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    auth_url: Origin = "https://auth.brightspace.com"
    """D2L's authorization server."""
    scope: str = Field(default="users:userdata:read", min_length=1)
    version: str = Field(default="1.50", pattern=r"^[0-9]{1,4}\.[0-9]{1,4}$")
    """Of the product component `lp`. `ottobridge doctor` says which ones the site has."""


class Settings(Frozen):
    """One Brightspace."""

    student_id: Literal["OrgDefinedId", "UserName", "ExternalEmail", "UserId", "UniqueIdentifier"] = "OrgDefinedId"
    lti13: Lti13 | None = None
    lti11: Lti11 | None = None
    api: Api | None = None
    roster: Roster = Roster()

    @model_validator(mode="after")
    def _launches_carry_it(self) -> Self:
        if (self.lti13 or self.lti11) and self.student_id not in LAUNCHED:
            raise ValueError(
                f"allowed as student_id with lti13 or lti11: {', '.join(LAUNCHED)}; no launch carries {self.student_id}"
            )
        return self
