"""What may go wrong on purpose, switchable while the sandbox runs."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """The faults of one sandbox, and what it was asked: share it with `create_sandbox` and change it at any time."""

    token_lifetime: float = 3600.0
    """Seconds a session token is good for; a change holds for tokens made after it."""
    token_uses: int | None = None
    """Calls a session token is good for; None means any number."""
    latency: float = 0.0
    """Seconds each call of the API takes longer."""
    fail_next: int = 0
    """How many calls, logins included, to answer with `fail_status` instead."""
    fail_every: int | None = None
    """Answer each so-many-th call with `fail_status` too."""
    fail_status: int = 500
    retry_after: int | None = None
    """Seconds, sent as Retry-After with each failure."""
    truncate_after: int | None = None
    """Cut the user list in the middle of the record after this many users."""
    asked: Counter[str] = field(default_factory=Counter)
    """How often each `METHOD endpoint` was asked, failures included."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(self, call: str) -> bool:
        """Count one call; True when it is to fail."""
        with self._lock:
            self.asked[call] += 1
            failing = self.fail_next > 0
            self.fail_next -= failing
            return failing or bool(self.fail_every and self.asked.total() % self.fail_every == 0)
