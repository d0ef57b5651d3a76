"""Whether the database is used by a web request, which has a time limit, or by background work, which has none."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

is_request: Final[ContextVar[bool]] = ContextVar("is_request", default=False)
"""Whether this thread handles a web request."""
