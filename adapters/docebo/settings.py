"""The keys of a Docebo connection."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bridge.config.settings import Frozen, Origin
from bridge.lti.settings import Lti11, Lti13
from bridge.roster.settings import Roster

FIELDS: Final = ("user_id", "username", "email")
LAUNCHED: Final = ("user_id", "email")
"""What a launch by LTI is known to carry."""
_ADDITIONAL: Final = re.compile(r"field_[0-9]{1,9}", re.ASCII)


def is_additional(name: str) -> bool:
    """Whether this is how Docebo's list of users names an additional field."""
    return _ADDITIONAL.fullmatch(name) is not None


def _student_id(name: str) -> str:
    if name not in FIELDS and not is_additional(name):
        raise ValueError(
            f"allowed: {', '.join(FIELDS)}, field_NUMBER (an additional field; `ottobridge doctor` lists them by title)"
        )
    return name


class Api(Frozen):
    """Docebo's REST API, as an OAuth2 app of *API and SSO*."""

    url: Origin
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    grant: Literal["client_credentials", "password", "jwt"] = "client_credentials"
    username: str = ""
    """Who is signed in, with `password` and `jwt`: what this user may see is the roster."""
    password: SecretStr = SecretStr("")
    private_key: Path | None = None
    """With `jwt`: the PEM file of the key whose public half the app has."""
    audience: str = ""
    """With `jwt`: what Docebo wants as `aud`; the host of `url` where empty."""
    page_size: int = Field(default=200, ge=1, le=200)

    @model_validator(mode="after")
    def _signs_in(self) -> Self:
        by_password, by_key = bool(self.password.get_secret_value()), self.private_key is not None
        if (self.grant == "password") != by_password or (self.grant == "jwt") != by_key:
            raise ValueError(
                "`grant: password` needs `password`, `grant: jwt` needs `private_key`; no other takes them"
            )
        if (self.grant == "client_credentials") == bool(self.username):
            raise ValueError("`username` is for `grant: password` and `grant: jwt`, which need it")
        return self


class Settings(Frozen):
    """One Docebo platform."""

    student_id: Annotated[str, AfterValidator(_student_id)] = "user_id"
    lti13: Lti13 | None = None
    lti11: Lti11 | None = None
    api: Api | None = None
    roster: Roster = Roster()

    @model_validator(mode="after")
    def _launches_carry_it(self) -> Self:
        if (self.lti13 or self.lti11) and self.student_id not in LAUNCHED:
            raise ValueError(
                f"launches by LTI carry {' and '.join(LAUNCHED)}, not {self.student_id}; allowed for another ID: a "
                "connection of its own with `adapter: lti` or `scorm` for the launches, with `roster_connection` "
                "naming this one"
            )
        return self
