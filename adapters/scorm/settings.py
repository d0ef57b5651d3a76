"""The keys of a connection with `adapter: scorm`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bridge.settings import Frozen, Origin, WebAddress


class Aicc(Frozen):
    """Where AICC launches may ask us to call back."""

    allowed_urls: tuple[WebAddress, ...] = Field(min_length=1)
    """Whole AICC_URLs, query included: a request chooses among them and adds nothing to them."""


class Settings(Frozen):
    """An LMS that plays packages."""

    student_id: Literal["learner_id"] = "learner_id"
    """`cmi.core.student_id`, `cmi.learner_id` or AICC's `Student_ID`: a package sees no other id."""
    package_origins: tuple[Origin, ...] = ()
    """Where the LMS serves packages from. Empty: no SCORM launch is taken."""
    aicc: Aicc | None = None
    """None: no AICC launch is taken."""
