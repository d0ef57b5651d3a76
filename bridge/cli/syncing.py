"""What a sync needs of its terminal and its process: progress on standard error, and a calm end on Ctrl-C."""

from __future__ import annotations

import random
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from bridge.cli.invocation import Invocation
from bridge.cli.saying import say
from bridge.contracts import Connection
from bridge.keys.connection_state import StoredState
from bridge.keys.own import OwnKeys
from bridge.ottolearn.api import OttoLearnApi
from bridge.roster.services import LtiServices
from bridge.scim.pushes import pushes_of
from bridge.store import courses
from bridge.store.database import Engine
from bridge.sync.context import RunContext
from bridge.sync.run import Sync

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


def open_sync(
    invocation: Invocation,
    engine: Engine,
    connection: Connection[Any],
    console: Console,
    stopping: Callable[[], bool],
) -> Sync:
    """The sync of one connection, with everything around it. Raises ConfigError."""
    settings = invocation.configuration.ottolearn
    context = RunContext(
        engine=engine,
        directory=invocation.directory_over(engine),
        # Each call once: the sync itself decides when to try again, for all its calls together.
        ottolearn=OttoLearnApi(settings, invocation.outbound, attempts=1),
        now=time.time,
        sleep=time.sleep,
        token=lambda: secrets.token_urlsafe(32),
        chance=random.SystemRandom().random,
        notice=console.notice,
        progress=console.progress,
        stopping=stopping,
        services=lambda: services_of(invocation, engine, connection.name),
        pushes=pushes_of(engine, connection.name) if connection.adapter.takes_pushes else None,
        state=state_of(invocation, engine, connection.name),
    )
    return Sync(connection, settings.username_attributes, settings.username, invocation.outbound, context)


def state_of(invocation: Invocation, engine: Engine, connection: str) -> StoredState:
    """What is kept for the API of a connection."""
    secret = invocation.configuration.bridge.secret_key.get_secret_value()
    return StoredState(engine, secret, connection, time.time, time.sleep)


def services_of(invocation: Invocation, engine: Engine, connection: str) -> LtiServices:
    """What the roster of a connection needs to ask an LTI platform: our key, and the courses that launches named."""
    secret = invocation.configuration.bridge.secret_key.get_secret_value()
    key = OwnKeys(engine, secret, "lti", time.time).signing()
    return LtiServices(key, secrets.token_urlsafe, connection, courses.learned(engine, connection))
