"""The keys of a Moodle connection."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from bridge.config.settings import Frozen, WebAddress
from bridge.lti.settings import Lti11, Lti13
from bridge.roster.settings import Roster as AnyRoster

MoodleId = Annotated[int, Field(gt=0)]
"""The number in Moodle's own addresses, such as course/view.php?id=2."""


class Api(Frozen):
    """The web services of one Moodle site."""

    url: WebAddress
    """The site's address, its path included."""
    token: SecretStr = Field(min_length=1)


class Filters(Frozen):
    """Who is on the roster; nothing given: the whole site."""

    courses: tuple[MoodleId, ...] = ()
    cohorts: tuple[MoodleId, ...] = ()


class Roster(AnyRoster):
    """The `roster:` part."""

    filters: Filters = Filters()


class Settings(Frozen):
    """One Moodle site."""

    student_id: Literal["idnumber", "username", "user_id", "email"] = "idnumber"
    lti13: Lti13 | None = None
    lti11: Lti11 | None = None
    api: Api | None = None
    roster: Roster = Roster()
