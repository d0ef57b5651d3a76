"""The keys of a SCIM connection."""

from __future__ import annotations

from typing import Literal

from bridge.config.settings import Frozen
from bridge.roster.settings import Grace
from bridge.roster.settings import Roster as AnyRoster


class Filters(Frozen):
    """Who of those that are pushed is on the roster; nothing given: everybody."""

    groups: tuple[str, ...] = ()
    """By name, externalId or id: whoever is in one of them."""


class Roster(AnyRoster):
    """The `roster:` part."""

    filters: Filters = Filters()
    grace: Grace = Grace(days=0, complete_reads=1)
    """None by default: leaving is reported by SCIM, not concluded from absence."""


class Settings(Frozen):
    """One identity provider."""

    student_id: Literal["userName", "externalId", "employeeNumber", "email"] = "userName"
    roster: Roster = Roster()
