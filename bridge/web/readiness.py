"""Can the bridge take a launch now: every step that a launch needs of its own is tried, the write above all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from bridge.errors import ConfigError
from bridge.store import learners, one_time
from bridge.store.engine import is_usable
from bridge.store.errors import trouble
from bridge.web.services import AppServices

log = logging.getLogger(__name__)

HOLDS = 1.0
"""Seconds for which a good answer is given again: whoever asks all the time costs one look a second."""


class Readiness:
    """What works and what does not. Safe between threads."""

    def __init__(self, services: AppServices) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._found: dict[str, bool] = {}

    def checks(self) -> dict[str, bool]:
        """By name: the database answers, has our schema and takes what is written; OttoLearn's people are in it; our
        own keys open; and the launch that the bridge sends itself got in, where it sends any.
        """
        with self._lock:
            now = self._services.now()
            if not self._until - HOLDS <= now < self._until:
                self._found = self._look()
                self._until = now + HOLDS if all(self._found.values()) else now
            return dict(self._found)

    def _look(self) -> dict[str, bool]:
        return self._needs() | self._tested()

    def _tested(self) -> dict[str, bool]:
        test = self._services.self_test
        return {"self_test": test.is_well(self._services.now())} if test else {}

    def _needs(self) -> dict[str, bool]:
        services = self._services
        if not _holds(lambda: is_usable(services.engine)):
            return {"database": False, "directory": False, "keys": False}
        return {
            "database": _holds(self._write),
            "directory": _holds(lambda: learners.state(services.engine).refreshed_at is not None),
            "keys": _holds(self._open_keys),
        }

    def _write(self) -> bool:
        return one_time.try_writing(self._services.engine, self._services.token(), self._services.now())

    def _open_keys(self) -> bool:
        self._services.own_keys.check()
        if self._services.provider is not None:
            self._services.provider.check_keys()
        return True


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except ConfigError as error:
        log.warning("not ready: %s", error)
    except Exception as error:
        why = trouble(error)
        log.warning("not ready: %s", why or "a check failed", exc_info=None if why else error)
    return False
