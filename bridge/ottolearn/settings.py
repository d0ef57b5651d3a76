"""What the bridge must know of the customer's OttoLearn: the `ottolearn:` part of the configuration."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from bridge.settings import Frozen, WebAddress


class SignedLink(Frozen):
    """Sign-in by a redirect to `url` that carries a short-lived signed JWT (HS256)."""

    method: Literal["signed_link"]
    url: WebAddress
    secret: SecretStr
    parameter: str = Field(default="token", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The query parameter that carries the JWT."""
    lifetime: int = Field(default=60, ge=10, le=300)
    """Seconds."""

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value().encode()) < 32:  # RFC 7518, section 3.2
            raise ValueError("allowed: a secret of at least 32 bytes")
        return secret

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        given = dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))
        if self.parameter in given:
            raise ValueError("allowed: a url whose query does not hold the parameter that carries the token")
        return self


class OttoLearn(Frozen):
    """One OttoLearn organisation."""

    api_url: WebAddress = "https://api.ottolearn.io"
    organization_id: int = Field(ge=1)
    username: str = Field(min_length=1)
    password: SecretStr
    username_attributes: tuple[str, ...] = Field(default=("username",), min_length=1)
    """The attributes with the key icon, in order of trust."""
    learner_url: WebAddress
    """Where learners enter OttoLearn."""
    sign_in: SignedLink
