"""Who asks the database: somebody who waits in front of a browser, or work that has all the time it needs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

is_request: Final[ContextVar[bool]] = ContextVar("is_request", default=False)
"""Whether a request asks, in this thread."""
