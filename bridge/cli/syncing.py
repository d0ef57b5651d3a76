"""What a sync needs of its terminal and its process: progress on standard error, and a calm end on Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from bridge.cli.output import say

EVERY: Final = 30.0
"""Seconds between two plain lines where standard error is no terminal."""


class Console:
    """Progress and notices of one sync on standard error: a bar on a terminal, plain lines elsewhere."""

    def __init__(self, connection: str, now: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._now = now
        self._began = self._last = now()
        self._bar: Progress | None = None
        self._tasks: dict[str, Any] = {}
        if sys.stderr.isatty():
            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            rate = TextColumn("{task.fields[rate]}")
            self._bar = Progress(*columns, rate, TimeRemainingColumn(), console=Terminal(stderr=True), transient=True)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def notice(self, sentence: str) -> None:
        """One sentence for the operator."""
        say(f"{self._connection}: {sentence}", err=True)

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """How far a stage is."""
        now = self._now()
        if self._bar is not None:
            self._show(self._bar, stage, done, total)
        elif now - self._last >= EVERY:
            self._last = now
            of = f" of {total:,}" if total else ""
            say(f"{self._connection}: {stage}, {done:,}{of}, {now - self._began:.0f} s", err=True)

    def _show(self, bar: Progress, stage: str, done: int, total: int | None) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = bar.add_task(f"{self._connection}: {stage}", total=total, rate="")
        speed = bar.tasks[self._tasks[stage]].speed
        bar.update(self._tasks[stage], completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else "")


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether somebody pressed Ctrl-C or asked the process to end; the second time it ends at once."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        del number, frame
        if asked:
            raise KeyboardInterrupt
        asked = True
        say("Stopping after what is under way; once more to stop at once.", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, old in before.items():
            signal.signal(number, old)
