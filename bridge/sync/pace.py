"""Congestion control for writes: additive increase, multiplicative decrease, and the rate learned from refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
SHARE: Final = 0.95
"""The part of the learned rate that is used: the two clocks differ a little."""
FORGET: Final = 300.0
"""Seconds without a refusal after which a learned rate is forgotten: their limits change too."""


class Pace:
    """A limit on calls under way that grows by one for each round of answers and is halved by each refusal.

    Where refusals come in windows, the rate between two of them is learned, and calls are spread out to stay below
    it. Times are seconds of any clock that does not go back; `chance` gives a number from 0 to 1 to spread waits by.
    """

    def __init__(self, most: int, chance: Callable[[], float], *, ready: int = 0) -> None:
        """At most `most` calls at a time; until the first refusal `ready` more may wait for their turn."""
        self._most = most
        self._ready = ready
        self._limit = float(most)
        self._chance = chance
        self._paused_until = 0.0
        self._next = 0.0
        self._spacing = 0.0
        self._lateness = 0.0
        self._opened: float | None = None
        self._accepted = 0
        self.refusals = 0
        """Refusals since a call was last carried out."""

    def wait(self, under_way: int, now: float) -> float | None:
        """Seconds until one more call may go out; None where an answer must come in first."""
        if under_way >= int(self._limit) + self._ready:
            return None
        return max(0.0, self._paused_until - now, self._next - now)

    def sent(self, now: float) -> None:
        """A call goes out. After a late one the next follow at shorter intervals until the time is made up for."""
        self._next = max(now - self._lateness, self._next) + self._spacing

    def accepted(self, now: float) -> None:
        """A call was carried out."""
        self._accepted += 1
        self.refusals = 0
        self._limit = min(self._most, self._limit + 1 / self._limit)
        if self._opened is not None and now - self._opened > FORGET:
            self._opened, self._spacing, self._lateness = None, 0.0, 0.0

    def refused(self, now: float, retry_after: float | None) -> None:
        """A call was refused as too early (429). Of several calls under way at once only the first refusal counts."""
        if now < self._paused_until:
            return
        pause = retry_after if retry_after is not None else self._backoff()
        if self._opened is not None and self._accepted:
            window = now + pause - self._opened
            self._spacing = window / self._accepted / SHARE
            # so much may be made up for at once, and the calls of one window still stay below what it allows
            self._lateness = window * (1 - SHARE)
        self.refusals += 1
        self._ready = 0
        self._limit = max(1.0, self._limit / 2)
        self._paused_until = self._next = self._opened = now + pause
        self._accepted = 0

    def backoff(self, attempt: int) -> float:
        """Seconds to wait before trying one call again, the `attempt`th time: doubling, spread over half its length."""
        pause: float = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
        return pause * (0.5 + self._chance() / 2)

    def _backoff(self) -> float:
        return self.backoff(self.refusals)
