"""The keys of a connection to any LMS that speaks LTI."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from bridge.config.settings import Frozen, Origin, WebAddress
from bridge.lti.settings import Lti11, Lti13
from bridge.roster.settings import Roster as AnyRoster

FIELDS = ("lis_person_sourcedid", "user_id", "email", "preferred_username", "org_defined_id", "d2l_username")


def _student_id(name: str) -> str:
    custom = name.removeprefix("custom.")
    if name not in FIELDS and not (custom != name and custom.isascii() and custom.isidentifier()):
        raise ValueError(f"allowed: {', '.join(FIELDS)}, custom.NAME")
    return name


class Filters(Frozen):
    """Who is on the roster."""

    courses: tuple[WebAddress, ...] = ()
    """The `context_memberships_url` of each course, `?rlid=` and all."""


class Roster(AnyRoster):
    """The `roster:` part."""

    filters: Filters = Filters()


class Settings(Frozen):
    """One LTI platform."""

    student_id: Annotated[str, AfterValidator(_student_id)] = "lis_person_sourcedid"
    lti13: Lti13 | None = None
    lti11: Lti11 | None = None
    services_at: tuple[Origin, ...] = ()
    """Sites where the platform's services may be asked too, beside those of `lti13`. Blackboard needs the school's."""
    roster: Roster = Roster()

    @property
    def custom_name(self) -> str:
        """NAME of `student_id: custom.NAME`, or empty."""
        return self.student_id.removeprefix("custom.") if self.student_id.startswith("custom.") else ""
