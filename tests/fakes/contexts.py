"""What a roster reader works with, without waiting: sleeping moves the clock."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from bridge.contracts import CallbackContext, Memory, ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.net.http import Outbound

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@dataclass
class Clock:
    """A clock that moves only while somebody sleeps."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def context(self) -> ReaderContext:
        """With real HTTP to loopback."""
        return ReaderContext(Outbound(LOOPBACK), lambda: self.now, self.sleep, self.notices.append)


def callback_means(outbound: Outbound, now: float = 1_800_000_000.0) -> CallbackContext:
    """With a memory that begins empty and forgets nothing."""
    kept: dict[str, str] = {}

    def keep(words: str, value: str, seconds: float) -> None:
        del seconds
        kept.setdefault(words, value)

    return CallbackContext(outbound, lambda: now, Memory(lambda words: kept.get(words, ""), keep))


def read_whole(pages: RosterPages) -> list[RosterMember]:
    """Everybody, after the proof that it is everybody."""
    *members, end = list(pages)
    assert isinstance(end, RosterEnd)
    everybody = [member for page in members if not isinstance(page, RosterEnd) for member in page]
    assert end.total == len(everybody)
    return everybody
