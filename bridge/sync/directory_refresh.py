"""OttoLearn's users as they are now, for a sync: when another process reads the list, it waits for its turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bridge.learners.directory import Directory
from bridge.learners.reading import AlreadyReading

PATIENCE: Final = 1_800.0
"""Seconds to wait for other readings; one of a million users takes minutes."""
STEP: Final = 1.0


def refresh(
    directory: Directory, now: Callable[[], float], sleep: Callable[[float], None], stopping: Callable[[], bool]
) -> None:
    """Read OttoLearn's users again. Raises what reading raises, and AlreadyReading after `PATIENCE`, or when asked to
    stop.

    A run that was killed leaves its right to read behind for half a minute; whoever repeats the command waits so long.
    """
    ends = now() + PATIENCE
    while True:
        try:
            directory.refresh()
        except AlreadyReading:
            if now() >= ends or stopping():
                raise
            sleep(STEP)
        else:
            return
