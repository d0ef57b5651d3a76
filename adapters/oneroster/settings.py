"""The keys of a OneRoster connection: a REST service, or a zip of CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bridge.config.settings import Frozen, WebAddress
from bridge.roster.settings import Roster as AnyRoster

FIELDS = ("sourcedId", "identifier", "username", "email", "userMasterIdentifier")
USER_IDS = "userIds."


def _student_id(name: str) -> str:
    if name not in FIELDS and not (name.startswith(USER_IDS) and name.removeprefix(USER_IDS).strip()):
        raise ValueError(f"allowed: {', '.join(FIELDS)}, {USER_IDS}TYPE")
    return name


class Api(Frozen):
    """A OneRoster REST service."""

    url: WebAddress
    """Up to the version: `https://sis.example.edu/ims/oneroster/rostering/v1p2`, or `…/ims/oneroster/v1p1`."""
    version: Literal["1.2", "1.1"] = "1.2"
    sign_in: Literal["oauth2", "oauth1", "bearer"] = "oauth2"
    """`bearer`: one key that the service hands out, for every call."""
    token_url: WebAddress | None = None
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    client_auth: Literal["basic", "body"] = "basic"
    """Where the token endpoint wants the client: in a header (client_secret_basic), or in the form
    (client_secret_post)."""
    scope: Annotated[str, Field(max_length=1_000)] | None = None
    """What a token is asked for; the scope of the specification where absent, none where empty."""
    token: SecretStr = SecretStr("")
    """The key of `sign_in: bearer`."""
    page_size: int = Field(default=1_000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _signs_in(self) -> Self:
        if (self.sign_in == "bearer") != bool(self.token.get_secret_value()):
            raise ValueError("`sign_in: bearer` and `token` go together")
        if self.sign_in != "bearer" and not (self.client_id and self.client_secret.get_secret_value()):
            raise ValueError(f"`sign_in: {self.sign_in}` needs `client_id` and `client_secret`")
        if self.sign_in == "oauth2" and self.token_url is None:
            raise ValueError("`sign_in: oauth2` needs `token_url`")
        if self.sign_in == "oauth1" and self.version != "1.1":
            raise ValueError("`sign_in: oauth1` is for `version: 1.1`; allowed: oauth2, bearer")
        return self


class Filters(Frozen):
    """Who is on the roster; nothing given: every user."""

    roles: tuple[str, ...] = ()
    """Such as `student`."""
    orgs: tuple[str, ...] = ()
    """The sourcedId of each school or other organisation."""


class Roster(AnyRoster):
    """The `roster:` part."""

    filters: Filters = Filters()


class Settings(Frozen):
    """One OneRoster source."""

    student_id: Annotated[str, AfterValidator(_student_id)] = "sourcedId"
    api: Api | None = None
    file: Path | None = None
    """The zip of the CSV binding."""
    roster: Roster = Roster()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.api is None) == (self.file is None):
            raise ValueError("allowed: either `api` or `file`")
        return self
