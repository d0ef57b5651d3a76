"""Count launches for the administrators' pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from bridge.store import launch_counts
from bridge.store.database import Engine

EVERY: Final = 15.0
LONGEST: Final = 5.0
"""Seconds of one run: other jobs wait for it."""
PAUSE: Final = 0.01
"""Seconds between two batches, in which a launch that waits to be written gets its turn."""


def is_due(engine: Engine) -> bool:
    """Whether there are launches that were not counted."""
    return launch_counts.count_uncounted(engine) > 0


def count(engine: Engine, now: Callable[[], float], sleep: Callable[[float], None] = time.sleep) -> int:
    """Count what was not counted, for a while; how many launches."""
    ends, total = now() + LONGEST, 0
    while now() < ends and (counted := launch_counts.count_some(engine, now())):
        total += counted
        sleep(PAUSE)
    return total
