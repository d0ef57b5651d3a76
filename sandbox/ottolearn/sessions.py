"""The session tokens of a sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sandbox.ottolearn.faults import Faults


class Sessions:
    """Tokens that die of age, of use, or all at once; safe to share between threads."""

    def __init__(self, faults: Faults, *, now: Callable[[], float], token: Callable[[], str]) -> None:
        self._faults = faults
        self._now = now
        self._token = token
        self._lock = threading.Lock()
        self._alive: dict[str, tuple[float, int | None]] = {}

    def begin(self) -> str:
        """A new token."""
        token = self._token()
        with self._lock:
            self._alive[token] = (self._now() + self._faults.token_lifetime, self._faults.token_uses)
        return token

    def use(self, token: str) -> bool:
        """Count one use; False when the token is unknown, too old or used up."""
        with self._lock:
            expires, uses = self._alive.pop(token, (0.0, None))
            if self._now() >= expires or uses == 0:
                return False
            self._alive[token] = (expires, uses if uses is None else uses - 1)
            return True
