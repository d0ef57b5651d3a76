"""Who may see and repair the bridge in a browser: the `admin:` part of the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bridge.config.settings import Frozen, WebAddress
from bridge.roster.settings import TimeSpan, seconds


def _with_openid(scopes: tuple[str, ...]) -> tuple[str, ...]:
    if "openid" not in scopes:
        raise ValueError("allowed: scopes with openid among them")
    return scopes


class AdminRoles(Frozen):
    """Which values of `roles_claim` make an administrator what; whoever has none of them gets in nowhere."""

    owner: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    viewer: tuple[str, ...] = ()


class AdminOidc(Frozen):
    """The school's identity provider, by OpenID Connect."""

    issuer: WebAddress
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    title: str = "your school account"
    """What the button says: Sign in with …"""
    scopes: Annotated[tuple[str, ...], AfterValidator(_with_openid)] = ("openid", "profile", "email")
    who: str = "email"
    """The claim by which the audit list names an administrator; `sub` where it is not there."""
    roles_claim: str = Field(min_length=1)
    """The claim of the ID token that says who may what: groups, roles, or email."""
    roles: AdminRoles
    sign_out: bool = True
    """Whether whoever signs out here is sent to sign out at the provider, too, where it has a place for that."""

    @model_validator(mode="after")
    def _somebody_gets_in(self) -> AdminOidc:
        if not (self.roles.owner or self.roles.operator or self.roles.viewer):
            raise ValueError("roles: name values of roles_claim for owner, operator or viewer; else nobody gets in")
        return self


class DigestMail(Frozen):
    """Who gets the digest by mail, and by which server."""

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    username: str = ""
    password: SecretStr | None = None
    sender: str = Field(min_length=3)
    to: tuple[str, ...] = Field(min_length=1)


class Digest(Frozen):
    """What needs a person, told where people look; nothing is sent where nothing waits."""

    every: TimeSpan = "24h"
    webhook: SecretStr | None = None
    """An address that takes JSON with `text`: Slack, Mattermost, Teams. Whoever knows it can write there."""
    mail: DigestMail | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Digest:
        if self.webhook is None and self.mail is None:
            raise ValueError("allowed: webhook, mail, or both; else the digest goes nowhere")
        return self

    @property
    def every_seconds(self) -> float:
        """`every`, in seconds."""
        return seconds(self.every)


class Admin(Frozen):
    """The administrators' pages at `/admin`."""

    enabled: bool = True
    accounts: bool = True
    """Whether accounts made by `ottobridge admin create` may sign in."""
    oidc: AdminOidc | None = None
    """Sign-in at an identity provider."""
    digest: Digest | None = None
    """None: nobody is told but by the page."""
    idle: TimeSpan = "1h"
    """An administrator who does nothing for so long is signed out."""
    lasts: TimeSpan = "12h"
    """An administrator is signed out after so long, whatever they do."""

    @property
    def lets_anybody_in(self) -> bool:
        """Whether there are pages, and a way to sign in to them."""
        return self.enabled and (self.accounts or self.oidc is not None)

    @property
    def idle_seconds(self) -> float:
        """`idle`, in seconds."""
        return seconds(self.idle)

    @property
    def lasts_seconds(self) -> float:
        """`lasts`, in seconds."""
        return seconds(self.lasts)
