"""The keys of a Canvas connection."""

from __future__ import annotations

from typing import Literal

from bridge.lti.settings import Lti11, Lti13
from bridge.settings import Frozen


class Settings(Frozen):
    """One Canvas account."""

    student_id: Literal["sis_user_id", "integration_id", "login_id", "canvas_user_id", "email"] = "sis_user_id"
    lti13: Lti13 | None = None
    lti11: Lti11 | None = None
