"""What every connection with a roster may say about its sync; an adapter extends it with its own filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from bridge.settings import Frozen


class Roster(Frozen):
    """The `roster:` part of a connection."""

    attributes: Mapping[str, str] = Field(default={})
    """Attribute in OttoLearn -> the LMS's field that fills it."""
    on_leave: Literal["keep", "deactivate"] = "keep"
    """What happens to the learner of a student who left."""
