"""An LMS that is down, for readers that must never take it for an empty one."""

from __future__ import annotations

from typing import Any, NoReturn

from bridge.contracts import ReaderContext
from bridge.errors import RemoteUnavailable
from bridge.net.http import Outbound


class Unreachable(Outbound):
    """An egress client that reaches nobody."""

    def ending_at(self, ends: float) -> Unreachable:
        """The same: nobody is reached later either."""
        del ends
        return self

    def request(self, *_: Any, **__: Any) -> NoReturn:
        """Raise what the real one raises for an LMS that is down."""
        raise RemoteUnavailable("the LMS does not answer")

    def stream(self, *_: Any, **__: Any) -> Any:
        """As `request`."""
        raise RemoteUnavailable("the LMS does not answer")


class UnreachableLms:
    """What a reader is given when its LMS is down: sleeping moves the clock, or is refused, as it is to a look-up."""

    def __init__(self, *, sleeps: bool = True) -> None:
        self.now = 1_800_000_000.0
        self._sleeps = sleeps
        self.context = ReaderContext(Unreachable(), lambda: self.now, self._sleep, lambda _: None)

    def _sleep(self, seconds: float) -> None:
        if not self._sleeps:
            raise RemoteUnavailable("a learner waits: a look-up may not sleep")
        self.now += seconds
