"""Who may see and repair the bridge in a browser: the `admin:` part of the configuration."""

from __future__ import annotations

from bridge.config.settings import Frozen
from bridge.roster.settings import TimeSpan, seconds


class Admin(Frozen):
    """The administrators' pages at `/admin`."""

    enabled: bool = True
    accounts: bool = True
    """Whether accounts made by `ottobridge admin create` may sign in."""
    idle: TimeSpan = "1h"
    """An administrator who does nothing for so long is signed out."""
    lasts: TimeSpan = "12h"
    """An administrator is signed out after so long, whatever they do."""

    @property
    def idle_seconds(self) -> float:
        """`idle`, in seconds."""
        return seconds(self.idle)

    @property
    def lasts_seconds(self) -> float:
        """`lasts`, in seconds."""
        return seconds(self.lasts)
