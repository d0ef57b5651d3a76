"""What the administrators' pages work with."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.admin.accounts import Accounts
from bridge.admin.sessions import Sessions
from bridge.admin.trail import Trail
from bridge.config.admin import Admin
from bridge.web.services import AppServices


@dataclass(frozen=True)
class AdminServices:
    """The bridge, and who is signed in to it."""

    app: AppServices
    sessions: Sessions
    accounts: Accounts
    trail: Trail

    @property
    def settings(self) -> Admin:
        """The `admin:` part of the configuration."""
        return self.app.configuration.admin

    def cookie(self, name: str = "") -> str:
        """The name of a cookie of ours: with a prefix by which the browser holds it to this host and to https."""
        prefix = "__Host-" if self.app.is_secure else ""
        return f"{prefix}ottobridge-admin{name}"


def build_admin(app: AppServices) -> AdminServices:
    """What the administrators' pages of this bridge work with."""
    settings = app.configuration.admin
    secret = app.configuration.bridge.secret_key.get_secret_value()
    return AdminServices(
        app,
        Sessions(app.engine, secret, settings.idle_seconds, settings.lasts_seconds, app.now),
        Accounts(app.engine, app.limits, app.now),
        Trail(app.engine, app.now),
    )
