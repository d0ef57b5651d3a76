"""How long what is recorded of people is kept: the `retention:` part of the configuration."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from bridge.config.settings import Frozen

DAY: Final = 86_400.0

Days = Annotated[int, Field(ge=1, le=3650)]


class Retention(Frozen):
    """Days, counted from the event or from when somebody was last seen."""

    launches: Days = 400
    """The record of launches."""
    refused: Days = 30
    """What came with a launch that did not get in, and launches refused before anybody was known at all."""
    progress: Days = 400
    """Visits that an LMS can be told of progress of, with what was told."""
    people: Days = 400
    """Who the records of an LMS are, of people who are on no roster and not active in OttoLearn."""
    unmatched: Days = 180
    """Students whom nobody was found for, since they were last seen."""
    audit: Days = 400
    """What administrators did on their pages."""
