"""The keys of a Moodle connection."""

from __future__ import annotations

from typing import Literal

from bridge.lti.settings import Lti11, Lti13
from bridge.settings import Frozen


class Settings(Frozen):
    """One Moodle site."""

    student_id: Literal["idnumber", "username", "user_id", "email"] = "idnumber"
    lti13: Lti13 | None = None
    lti11: Lti11 | None = None
