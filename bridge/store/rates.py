"""How often something was tried, counted for all processes together in one statement a time, and where that ends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, bindparam, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import LaunchRejected
from bridge.store.prepared import Prepared
from bridge.store.purging import Purge
from bridge.store.schema import rate

_READ: Final = Prepared(select(rate.c.count).where(rate.c.key == bindparam("asked")))
_PURGE: Final = Purge(rate, rate.c.until <= bindparam("now"))


def _upsert(dialect: Any) -> Any:
    return (
        dialect.insert(rate)
        .on_conflict_do_update(index_elements=[rate.c.key], set_={"count": rate.c.count + literal_column("1")})
        .returning(rate.c.count)
    )


_COUNT: Final = Prepared({"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)})


class Limit(NamedTuple):
    """So many tries of one thing within a span of seconds."""

    what: str
    most: int
    span: float

    @property
    def exceeded(self) -> str:
        """What is said once there were more."""
        return f"more than {self.most} {self.what} in {self.span:.0f} s"


class Guesses(NamedTuple):
    """What may be tried so often, and much less often where it was a guess."""

    tries: Limit
    failures: Limit
    reasons: frozenset[str]
    """Of refusals that say that it was one."""


class Limits:
    """Counts tries, and refuses more than a limit allows; `who` is never stored, only a digest of it."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def count(self, limit: Limit, *who: str) -> int:
        """Note a try; how many there were within the span. Raises LaunchRejected `too_many` above the limit."""
        found = self.note(limit, *who)
        _refuse(limit, found)
        return found

    def check(self, limit: Limit, *who: str) -> None:
        """Raise LaunchRejected `too_many` where the limit was reached, without noting a try."""
        found = counted(self._engine, limit.what, "\n".join(who), now=self._now(), span=limit.span)
        _refuse(limit, found + 1)

    def note(self, limit: Limit, *who: str) -> int:
        """Note a try, whatever the limit; how many there were within its span."""
        return count(self._engine, limit.what, "\n".join(who), now=self._now(), span=limit.span)

    @contextmanager
    def against_guesses(self, guesses: Guesses, *who: str) -> Iterator[None]:
        """A block in which `who` may guess: each entry counts, and so does, more narrowly, one that ends in a refusal
        that says so. Raises LaunchRejected `too_many` before.
        """
        self.count(guesses.tries, *who)
        self.check(guesses.failures, *who)
        try:
            yield
        except LaunchRejected as error:
            if error.reason in guesses.reasons:
                self.note(guesses.failures, *who)
            raise


def count(engine: Engine, what: str, who: str, *, now: float, span: float) -> int:
    """Note one more try of `what` by `who`; how many there were within this span of `span` seconds."""
    row = {"key": _key(what, who, now, span), "count": 1, "until": _ends(now, span)}
    ((found,),) = _COUNT.rows(engine, row)
    return int(found)


def counted(engine: Engine, what: str, who: str, *, now: float, span: float) -> int:
    """How many tries were noted, without noting one."""
    return sum(int(found) for (found,) in _READ.rows(engine, {"asked": _key(what, who, now, span)}))


def purge(engine: Engine, *, now: float) -> int:
    """Forget the spans that are over; how many rows."""
    return _PURGE.run(engine, {"now": now})


def _refuse(limit: Limit, found: int) -> None:
    if found > limit.most:
        raise LaunchRejected("too_many", limit.exceeded)


def _ends(now: float, span: float) -> float:
    return (now // span + 1) * span


def _key(what: str, who: str, now: float, span: float) -> bytes:
    text = f"{what}\n{_ends(now, span)}\n{who}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
