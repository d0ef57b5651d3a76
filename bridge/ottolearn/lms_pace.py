"""The calls to an LMS, at a pace that the syncs of all connections, processes and machines that call its host share: as
those to OttoLearn are (`shared_pace`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Unpack

from bridge.errors import RemoteUnavailable
from bridge.net.http import CallOptions, Outbound, Response, host_of
from bridge.ottolearn.shared_pace import TOO_MANY_REQUESTS, SharedPace
from bridge.store.database import Engine

SYSTEM: Final = "The LMS"


class PacedOutbound(Outbound):
    """The egress client of a sync that reads a roster: each call in its turn."""

    def __init__(self, outbound: Outbound, pace_of: Callable[[str], SharedPace]) -> None:
        """`pace_of` makes the pace for a host."""
        vars(self).update(vars(outbound))
        self._pace_of = pace_of
        self._paces: dict[str, SharedPace] = {}

    @contextmanager
    def stream(
        self, method: str, url: str, *, redirects: bool = False, **options: Unpack[CallOptions]
    ) -> Iterator[Response]:
        """As of every client. Raises RemoteUnavailable, as the LMS would, where another sync was told to wait."""
        pace = self._pace(host_of(url))
        pace.wait()
        answered = False
        try:
            with super().stream(method, url, redirects=redirects, **options) as response:
                answered = True
                yield response
        except RemoteUnavailable as error:
            if error.status == TOO_MANY_REQUESTS and not answered:
                pace.refused(error.retry_after)
            raise

    def _pace(self, host: str) -> SharedPace:
        found = self._paces.get(host)
        return found or self._paces.setdefault(host, self._pace_of(host))


def paced(
    outbound: Outbound,
    engine: Engine,
    per_second: float,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> PacedOutbound:
    """The client for a sync that may make so many calls to a host in a second; 0: as many as it bears."""
    return PacedOutbound(outbound, lambda host: SharedPace(engine, host, per_second, now, sleep, SYSTEM))
