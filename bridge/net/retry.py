"""Asking again, politely: for callers that may wait, such as a roster sync; a launch may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bridge.contracts import ReaderContext
from bridge.errors import RemoteUnavailable

T = TypeVar("T")

ATTEMPTS = 7
"""With the waits below: about two minutes, long enough for a restart of the other side."""
FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
LONGEST_ASKED = 900.0
"""Seconds that we wait because the other side says so; beyond, the run ends and the next one tries."""


def with_retries(call: Callable[[], T], context: ReaderContext) -> T:
    """What `call` returns, called again after each RemoteUnavailable until ATTEMPTS are used up, then raising it;
    at once where it is a lasting one.
    """
    for attempt in range(ATTEMPTS - 1):
        try:
            return call()
        except RemoteUnavailable as error:
            if error.lasting or (error.retry_after or 0) > LONGEST_ASKED:
                raise
            context.sleep(_seconds(attempt, error.retry_after, context.now()))
    return call()


def _seconds(attempt: int, asked: float | None, now: float) -> float:
    """Doubling waits, never less than was asked for, spread by up to a quarter so that clients fall out of step."""
    wait = min(FIRST_WAIT * 2**attempt, LONGEST_WAIT) if asked is None else asked
    return wait * (1 + (now % 1) / 4)
