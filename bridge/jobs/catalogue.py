"""Every job that a bridge of this configuration has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from bridge.admin.digest import digests_of
from bridge.config.configuration import Configuration
from bridge.config.connections import Connections
from bridge.contracts import Connection
from bridge.jobs import counting, purge
from bridge.jobs.job import Job, Kind
from bridge.jobs.rosters import Rosters
from bridge.learners.directory import Directory
from bridge.learners.refreshing import refresh_if_due
from bridge.learners.unmatched import Unmatched
from bridge.net.http import Outbound
from bridge.progress.reports import Reports
from bridge.scim.applying import Applying
from bridge.store.database import Engine
from bridge.sync.requested import RequestedSyncs
from bridge.sync.run import Sync

PROGRESS_EVERY: Final = 5.0
DIRECTORY_EVERY: Final = 20.0
PUSHES_EVERY: Final = 15.0
ROSTER_EVERY: Final = 60.0
DIGEST_EVERY: Final = 60.0
REQUESTED_EVERY: Final = 2.0
"""Seconds between two checks of what is due."""
LISTED_FOR: Final = 60.0
"""Seconds until a connection that registered itself is seen here."""


class Catalogue:
    """The jobs of one process."""

    def __init__(
        self,
        configuration: Configuration,
        engine: Engine,
        connections: Connections,
        directory: Directory,
        outbound: Outbound,
        reports: Reports,
        sync_of: Callable[[Connection[Any]], Sync],
        now: Callable[[], float],
    ) -> None:
        """`sync_of` makes the sync of a connection."""
        ottolearn = configuration.ottolearn
        self._engine = engine
        self._connections = connections
        self._directory = directory
        self._reports = reports
        self._now = now
        self._retention = configuration.retention
        self._directory_every = ottolearn.directory.refresh_every
        self._starts_syncs = configuration.bridge.starts_syncs
        self._rosters = Rosters(engine, sync_of, now)
        self._pushes = Applying(engine, sync_of, now)
        self._requested = RequestedSyncs(engine, connections.find, sync_of, now)
        self._unmatched = Unmatched(engine, directory, ottolearn.username_attributes, connections.find, now)
        self._digests = digests_of(configuration, engine, self._unmatched, outbound, now)
        self._listed: tuple[float, Sequence[Connection[Any]]] = (0.0, ())

    def jobs(self) -> Iterator[Job]:
        """All of them, due or not."""
        yield Job(Kind.PROGRESS, self._reports.is_due, self._reports.deliver_due, PROGRESS_EVERY)
        yield Job(Kind.DIRECTORY, self._directory_is_due, self._refresh, DIRECTORY_EVERY)
        yield Job(Kind.PURGE, lambda: True, self._purge, purge.EVERY)
        yield Job(Kind.REQUESTED, self._requested.is_due, self._requested.run, REQUESTED_EVERY)
        yield Job(Kind.COUNTS, lambda: counting.is_due(self._engine), self._count, counting.EVERY)
        if self._digests is not None:
            yield Job(Kind.DIGEST, self._digests.is_due, self._digests.send, DIGEST_EVERY)
        for connection in self._with_rosters():
            yield from self._of(connection)

    def find(self, kind: str, connection: str) -> Job | None:
        """The job of this kind for a connection; None where there is none any more."""
        return next((job for job in self.jobs() if (job.kind, job.connection) == (kind, connection)), None)

    def _of(self, connection: Connection[Any]) -> Iterator[Job]:
        name = connection.name
        if connection.adapter.takes_pushes:
            yield Job(
                Kind.PUSHES,
                lambda: self._pushes.is_due(name),
                lambda: self._pushes.apply(connection),
                PUSHES_EVERY,
                name,
            )
        elif self._starts_syncs and self._rosters.has_one(connection):
            yield Job(
                Kind.SYNC,
                lambda: self._rosters.is_due(connection),
                lambda: self._rosters.run(connection),
                ROSTER_EVERY,
                name,
            )

    def _with_rosters(self) -> Sequence[Connection[Any]]:
        until, listed = self._listed
        if self._now() >= until:
            everyone = [*self._connections.configured.values(), *self._connections.registered()]
            listed = [one for one in everyone if one.adapter.takes_pushes or self._rosters.has_one(one)]
            self._listed = (self._now() + LISTED_FOR, listed)
        return listed

    def _directory_is_due(self) -> bool:
        return self._directory.is_older_than(self._directory_every)

    def _refresh(self) -> None:
        if refresh_if_due(self._directory, self._directory_every):
            self._unmatched.settle()  # those who have been found by now wait no more

    def _count(self) -> None:
        counting.count(self._engine, self._now)

    def _purge(self) -> None:
        purge.purge(self._engine, self._now(), self._retention)
