"""How long the stages of a run take, and how it went along: what the report shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from bridge.sync.context import RunContext
from bridge.sync.outcome import Outcome

SAMPLES: Final = 200
"""Points of the plot, at most twice as many."""
FIRST_STEP: Final = 0.25
"""Seconds between two points, doubled whenever there are too many."""


class Clock:
    """Writes durations and samples into the outcome of one run."""

    def __init__(self, now: Callable[[], float], outcome: Outcome) -> None:
        self._now = now
        self._outcome = outcome
        self._began = now()
        self._step = FIRST_STEP
        self._next = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to the stage."""
        began = self._now()
        try:
            yield
        finally:
            durations = self._outcome.durations
            durations[name] = round(durations.get(name, 0.0) + self._now() - began, 3)

    def sample(self, read: int, written: int) -> None:
        """Remember how far the run is, not too often."""
        passed = self._now() - self._began
        if passed < self._next:
            return
        samples = self._outcome.samples
        samples.append((round(passed, 3), read, written))
        if len(samples) >= 2 * SAMPLES:
            del samples[1::2]
            self._step *= 2
        self._next = passed + self._step

    def watch(self, context: RunContext) -> RunContext:
        """The same context, whose progress of writing is sampled on its way."""

        def progress(stage: str, done: int, total: int | None) -> None:
            self.sample(self._outcome.read, done)
            context.progress(stage, done, total)

        return replace(context, progress=progress)
