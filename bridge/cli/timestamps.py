"""Times as commands print them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def iso(time: float) -> str: ...
@overload
def iso(time: None) -> None: ...
def iso(time: float | None) -> str | None:
    """Unix seconds by ISO 8601, in UTC and to the second."""
    return (
        None if time is None else datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )
