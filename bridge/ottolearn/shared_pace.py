"""The calls of a sync, at a pace that all syncs of all machines share: OttoLearn counts them for one account, an LMS
for one host.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

from bridge.contracts import Learner
from bridge.errors import RemoteUnavailable
from bridge.net.http import Outbound
from bridge.ottolearn.api import Attribute, OttoLearnApi
from bridge.ottolearn.settings import OttoLearn
from bridge.store import call_budgets
from bridge.store.database import Engine

BLOCK: Final = 0.5
"""Seconds of calls that a process takes at once: to ask for each call would cost as much as the call."""
LOOK_EVERY: Final = 1.0
"""Seconds for which it is believed that nobody else was told to wait."""
UNTOLD: Final = 1.0
"""Seconds to wait where OttoLearn says "too many requests" and not for how long."""
TOO_MANY_REQUESTS: Final = 429


class SharedPace:
    """When the next call may go out. Any number of threads may ask."""

    def __init__(
        self,
        engine: Engine,
        account: str,
        per_second: float,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        system: str = "OttoLearn",
    ) -> None:
        """`account`: whom the system counts. `per_second`: calls of all processes together; 0: as many as it bears."""
        self._engine = engine
        self._system = system
        self._account = f"{system.lower()} {account}"
        self._rate = per_second
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._paused_until = 0.0
        self._free: list[float] = []

    def wait(self) -> None:
        """Wait for our turn. Raises RemoteUnavailable as OttoLearn would, where another process was told to wait."""
        with self._lock:
            self._require_no_pause()
            turn = self._next_turn() if self._rate else 0.0
        delay = turn - self._now()
        if delay > 0:
            self._sleep(delay)

    def refused(self, retry_after: float | None) -> None:
        """It said "too many requests": nobody calls it for a while."""
        with self._lock:
            self._paused_until = self._now() + (retry_after or UNTOLD)
            self._free = []
            call_budgets.pause(self._engine, self._account, until=self._paused_until)

    def _require_no_pause(self) -> None:
        now = self._now()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            self._paused_until = call_budgets.paused_until(self._engine, self._account)
        if now < self._paused_until:
            message = f"{self._system} has asked for fewer requests"
            raise RemoteUnavailable(message, status=TOO_MANY_REQUESTS, retry_after=self._paused_until - now)

    def _next_turn(self) -> float:
        now = self._now()
        while self._free and self._free[0] < now - BLOCK:
            self._free.pop(0)  # not used when it was ours: it is not made up for
        if not self._free:
            calls = max(1, int(self._rate * BLOCK))
            begin = call_budgets.reserve(self._engine, self._account, now=now, span=calls / self._rate)
            self._free = [begin + number / self._rate for number in range(calls)]
        return self._free.pop(0)


class PacedOttoLearn:
    """`OttoLearnApi` for a sync: each call in its turn."""

    def __init__(self, api: OttoLearnApi, pace: SharedPace) -> None:
        self._api = api
        self._pace = pace

    def attributes(self) -> list[Attribute]:
        """What OttoLearn knows of its users. Asked once a run, so it waits for nobody."""
        return self._api.attributes()

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner:
        """Make a user."""
        return self._paced(lambda: self._api.create(attributes, password, active))

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool | None) -> Learner:
        """Change a user."""
        return self._paced(lambda: self._api.update(user_id, attributes, active))

    def _paced(self, call: Callable[[], Learner]) -> Learner:
        self._pace.wait()
        try:
            return call()
        except RemoteUnavailable as error:
            if error.status == TOO_MANY_REQUESTS:
                self._pace.refused(error.retry_after)
            raise


def paced(
    settings: OttoLearn,
    outbound: Outbound,
    engine: Engine,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> PacedOttoLearn:
    """OttoLearn's API for a sync. Each call is made once: the sync itself decides when to try again, for all its calls
    together.
    """
    account = f"{settings.api_url} {settings.organization_id} {settings.username}"
    pace = SharedPace(engine, account, settings.calls_per_second, now, sleep)
    return PacedOttoLearn(OttoLearnApi(settings, outbound, attempts=1), pace)
