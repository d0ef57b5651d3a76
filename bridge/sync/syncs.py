"""The factory of syncs: builds the `Sync` of any connection from what a process has."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.contracts import Connection
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.settings import OttoLearn
from bridge.ottolearn.shared_pace import paced
from bridge.sync.context import ReaderContexts, RunContext
from bridge.sync.run import Sync

Progress = Callable[[str, int, int | None], None]


def no_progress(stage: str, done: int, total: int | None) -> None:
    """A progress callback that shows nothing."""
    del stage, done, total


@dataclass(frozen=True, slots=True)
class Syncs:
    """Makes the sync of any connection."""

    directory: Directory
    outbound: Outbound
    settings: OttoLearn
    readers: ReaderContexts

    def of(
        self,
        connection: Connection[Any],
        notice: Callable[[str], None],
        stopping: Callable[[], bool],
        progress: Progress = no_progress,
        *,
        fresh_for: float = 0.0,
    ) -> Sync:
        """The sync of one connection. Raises ConfigError where it has no roster that could be synced."""
        context = self.context(notice, stopping, progress, fresh_for=fresh_for)
        return Sync(connection, self.settings.username_attributes, self.settings.username, self.outbound, context)

    def context(
        self,
        notice: Callable[[str], None],
        stopping: Callable[[], bool],
        progress: Progress = no_progress,
        *,
        fresh_for: float = 0.0,
    ) -> RunContext:
        """The context of a run."""
        return RunContext(
            engine=self.readers.engine,
            directory=self.directory,
            ottolearn=paced(self.settings, self.outbound, self.readers.engine, self.readers.now, self.readers.sleep),
            readers=self.readers,
            now=self.readers.now,
            sleep=self.readers.sleep,
            token=lambda: secrets.token_urlsafe(32),
            chance=random.SystemRandom().random,
            notice=notice,
            progress=progress,
            stopping=stopping,
            fresh_for=fresh_for,
        )
