"""What a roster reader works with, without waiting: sleeping moves the clock."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from joserfc.jwk import RSAKey

from bridge.contracts import CallbackContext, Memory, ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.net.http import Outbound
from bridge.store.database import Engine
from bridge.sync.context import ReaderContexts

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


def readers_over(engine: Engine, now: Callable[[], float], sleep: Callable[[float], None]) -> ReaderContexts:
    """What readers work with over a database of the tests; nothing is signed."""

    def no_key() -> RSAKey:
        raise AssertionError("nobody needs a key of ours here")

    return ReaderContexts(engine, "a secret of thirty-two bytes or more", ("username",), no_key, now, sleep, str)


@dataclass
class InMemoryState:
    """What is kept for the API of a connection, in memory (`bridge.contracts.ConnectionState`)."""

    counts: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def count(self, what: str, span: float) -> int:
        del span
        self.counts[what] = self.counts.get(what, 0) + 1
        return self.counts[what]

    def counted(self, what: str, span: float) -> int:
        del span
        return self.counts.get(what, 0)

    @contextmanager
    def secret(self, name: str) -> Iterator[InMemorySecret]:
        yield InMemorySecret(self.secrets, name)


@dataclass
class InMemorySecret:
    """A secret in memory (`bridge.contracts.StoredSecret`)."""

    secrets: dict[str, str]
    name: str

    def read(self) -> str:
        return self.secrets.get(self.name, "")

    def replace(self, value: str) -> None:
        self.secrets[self.name] = value


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
