"""How often one id or one address may try, counted in the shared database.

A school's learners share an address and begin at the same minute, so the limits by address are wide. Narrower are
those on guesses: tokens that no package has, sessions that no LMS knows, IDs that nobody has. Other refusals are
nobody's guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from bridge.errors import LaunchRejected
from bridge.store import rates
from bridge.store.database import Engine


class Limit(NamedTuple):
    """So many tries of one thing within a span of seconds."""

    what: str
    most: int
    span: float

    @property
    def exceeded(self) -> str:
        """What is said once there were more."""
        return f"more than {self.most} {self.what} in {self.span:.0f} s"


LAUNCHES_OF_ADDRESS = Limit("launches of an address", 6000, 60.0)
LAUNCHES_OF_STUDENT = Limit("launches of a student", 20, 60.0)
STUDENTS_OF_PACKAGE = Limit("different students of a package at an address", 120, 10.0)
"""A school that begins a course at the same minute stays below; whoever tries out IDs does not."""
MISSES_OF_PACKAGE = Limit("IDs that nobody has of a package at an address", 100, 600.0)
MISSES_OF_STUDENT = Limit("launches by one ID that nobody has", 1, 600.0)
"""Only the first counts as a miss: a learner who tries again guesses nothing."""
FAILURES_OF_ADDRESS = Limit("failures of an address", 100, 600.0)
UNKNOWN_PACKAGES = frozenset({"package_unknown"})
"""The reason of a token that no package has."""
REFUSALS_OF_ADDRESS = Limit("refusals of an address", 300, 600.0)
"""Those of nobody in particular, which anybody can bring about; so many are recorded."""
REFUSALS = Limit("refusals of all addresses", 1000, 600.0)
"""The same for all together: what many addresses can write down in a month stays below a few gigabytes."""
DETAILS_OF_ADDRESS = Limit("refusals of an address with what came", 30, 600.0)
DETAILS = Limit("refusals of all addresses with what came", 100, 600.0)
"""What came with them is up to thirty times as long, and a few of many alike say enough."""
TROUBLES_OF_PACKAGE = Limit("troubles of a package", 30, 600.0)
"""For an address: a class whose LMS is broken says enough with these."""
POLLS_OF_VISIT = Limit("polls of a visit", 30, 60.0)


class Limits:
    """Counts tries; `who` is never stored, only a digest of it."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def count(self, limit: Limit, *who: str) -> int:
        """Note a try; how many there were within the span. Raises LaunchRejected `too_many` above the limit."""
        found = self.note(limit, *who)
        self._refuse(limit, found)
        return found

    def check(self, limit: Limit, *who: str) -> None:
        """Raise LaunchRejected `too_many` where the limit was reached, without noting a try."""
        found = rates.counted(self._engine, limit.what, "\n".join(who), now=self._now(), span=limit.span)
        self._refuse(limit, found + 1)

    def note(self, limit: Limit, *who: str) -> int:
        """Note a try, whatever the limit; how many there were within its span."""
        return rates.count(self._engine, limit.what, "\n".join(who), now=self._now(), span=limit.span)

    @contextmanager
    def against_guesses(self, name: str, address: str, guesses: Container[str]) -> Iterator[None]:
        """A block that an address may enter for the connection `name`: each entry counts, and so does, more narrowly,
        one that ends in a refusal whose reason is in `guesses`. Raises LaunchRejected `too_many` before.
        """
        self.count(LAUNCHES_OF_ADDRESS, name, address)
        self.check(FAILURES_OF_ADDRESS, name, address)
        try:
            yield
        except LaunchRejected as error:
            if error.reason in guesses:
                self.note(FAILURES_OF_ADDRESS, name, address)
            raise

    def _refuse(self, limit: Limit, found: int) -> None:
        if found > limit.most:
            raise LaunchRejected("too_many", limit.exceeded)
