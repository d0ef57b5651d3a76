"""An adapter with mistakes that the contract must name."""

from __future__ import annotations

from pydantic import BaseModel

from bridge.contracts import Adapter, ReaderContext, RosterPages


class Settings(BaseModel):
    """Keys that may be misspelt."""


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """Stops where nobody answers."""
    del settings, context
    yield from ()


ADAPTER = Adapter(name="broken", title="Broken", settings=Settings, read_roster=read_roster)
