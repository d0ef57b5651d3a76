"""What the bridge must know of the customer's OttoLearn: the `ottolearn:` part of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from bridge.config.settings import Frozen, WebAddress
from bridge.ottolearn.wire import Wire

RESERVED_CLAIMS = {"iss", "aud", "exp", "iat", "nbf", "jti", "nonce", "auth_time", "at_hash", "azp", "acr", "amr"}
"""Claims of an ID token that mean something else (OpenID Connect Core 1.0, section 2)."""


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


class Oidc(Frozen):
    """Sign-in by OpenID Connect: OttoLearn's single sign-on points at the bridge (OttoLearn's article 209)."""

    method: Literal["oidc"]
    client_id: str = Field(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")  # RFC 6749, appendix A.1
    client_secret: SecretStr
    redirect_uris: tuple[WebAddress, ...] = Field(min_length=1)
    """Where OttoLearn may be answered, each exactly as OttoLearn sends it."""
    username_claim: str = Field(default="preferred_username", pattern=r"^[A-Za-z][A-Za-z0-9_.:/-]{0,99}$")
    """The claim that OttoLearn's form calls Username Claim."""
    username_attribute: str | None = None
    """The attribute whose value that claim carries; by default the one that matched the student ID."""
    initiate_login_uri: WebAddress | None = None
    """Where OttoLearn takes a login that a third party initiates (OpenID Connect Core 1.0, section 4)."""
    start_url: WebAddress | None = None
    """Without that: the page at which a learner's sign-in begins; by default `learner_url`."""
    post_logout_redirect_uris: tuple[WebAddress, ...] = ()
    """Where a browser may be sent after OttoLearn has signed it out here, each exactly as OttoLearn sends it."""

    @field_validator("client_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value().encode()) < 32:
            raise ValueError("allowed: a secret of at least 32 bytes")
        return secret

    @field_validator("username_claim")
    @classmethod
    def _free(cls, name: str) -> str:
        if name in RESERVED_CLAIMS:
            raise ValueError("allowed: a claim that says who the learner is, such as preferred_username or sub")
        return name


class DirectoryRules(Frozen):
    """How OttoLearn's users are kept at hand."""

    refresh_every: int = Field(default=3600, ge=60, le=7 * 86_400)
    """Seconds."""
    max_shrink_percent: int = Field(default=20, ge=0, le=100)
    """A list with so much fewer users than are known, and more than ten fewer, is not believed."""


class OttoLearn(Frozen):
    """One OttoLearn organisation."""

    api_url: WebAddress = "https://api.ottolearn.io"
    organization_id: int = Field(ge=1)
    username: str = Field(min_length=1)
    password: SecretStr
    username_attributes: tuple[str, ...] = Field(default=("username",), min_length=1)
    """The attributes with the key icon, in order of trust."""
    directory: DirectoryRules = DirectoryRules()
    api: Wire = Wire()
    calls_per_second: float = Field(default=0.0, ge=0.0, le=10_000.0)
    """How many changes all syncs of all machines together may ask for in a second; 0: as many as OttoLearn bears."""
    learner_url: WebAddress
    """Where learners enter OttoLearn."""
    sign_in: Annotated[SignedLink | Oidc, Field(discriminator="method")]
