"""The queue of jobs on PostgreSQL: Procrastinate, and nothing of it is seen elsewhere.

Every queue delivers at least once. That a job is done once is kept by the job itself: it looks again whether it is due,
and a sync holds its own lock (`bridge.store.sync_lock`).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job as Queued
from procrastinate.jobs import Status
from psycopg_pool import PoolTimeout

from bridge.jobs.job import Job, Kind, Queue
from bridge.store.engine import driver_arguments
from bridge.store.errors import trouble

log = logging.getLogger(__name__)

HEARTBEAT: Final = 5.0
"""Seconds between two heartbeats of a worker."""
GONE_AFTER: Final = 20.0
"""Seconds without a heartbeat after which its jobs are given to other workers."""
FAILED_KEPT: Final = 30 * 24
"""Hours for which a job that failed is kept to be looked at."""

QueueAway = ConnectorException
"""The database does not answer."""


def trouble_of(error: BaseException) -> str:
    """What is wrong with the database, in words; the library's own error says nothing, and what caused it does."""
    return trouble(error) or trouble(error.__cause__) or f"the database does not answer ({type(error).__name__})"


class JobQueue:
    """Jobs of one database. `run` does one: (kind, connection) -> None; only a worker needs it."""

    def __init__(self, database_url: str, run: Callable[[str, str], None] | None = None) -> None:
        # Two for the jobs, one to listen, and one for the signs of life, which must not wait for the others.
        # Nothing is prepared: behind a pooler the next statement may meet another session, which does not know it.
        arguments = {**driver_arguments(database_url), "prepare_threshold": None}
        self.app = App(connector=PsycopgConnector(kwargs=arguments, min_size=1, max_size=4))
        for kind in Kind:
            self.app.task(name=kind.value)(_task(kind, run or _nothing))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Within the block it can be used. Raises QueueAway where the database does not answer for half a minute."""
        try:
            await self.app.open_async()
        except PoolTimeout as error:
            raise QueueAway(str(error)) from error
        try:
            yield
        finally:
            await self.app.close_async()

    async def defer(self, job: Job) -> bool:
        """Put a job into the queue; False where it waits there already."""
        task = self.app.configure_task(
            job.kind.value,
            queue=job.queue.value,
            # Several may deliver progress at once: one statement for each row decides which process does.
            lock=None if job.kind == Kind.PROGRESS else job.name,
            queueing_lock=job.name,
        )
        try:
            await task.defer_async(connection=job.connection)
        except AlreadyEnqueued:
            return False
        return True

    async def sweep(self) -> list[str]:
        """Give the jobs of workers that have died to others; which they were."""
        found = list(await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=GONE_AFTER))
        for job in found:
            await self._give_back(job)
        return [str(job.queueing_lock) for job in found]

    async def forget(self) -> None:
        """Delete what failed long ago; what succeeded is deleted at once."""
        await self.app.job_manager.delete_old_jobs(nb_hours=FAILED_KEPT, include_failed=True, include_aborted=True)

    async def work(self, queues: list[Queue], at_once: int, *, listen: bool) -> None:
        """Take jobs until the task is cancelled, and end with what is under way.

        `listen`: whether the database says when there is one; a pooler does not, and then it is asked.
        """
        await self.app.run_worker_async(
            queues=[queue.value for queue in queues],
            concurrency=at_once,
            listen_notify=listen,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=GONE_AFTER,
        )

    async def _give_back(self, job: Queued) -> None:
        try:
            await self.app.job_manager.retry_job(job, retry_at=datetime.now(UTC))
        except UniqueViolation:  # the same job waits already, and needs the lock of this one
            await self.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


def _task(kind: Kind, run: Callable[[str, str], None]) -> Callable[[str], None]:
    def task(connection: str) -> None:
        run(kind.value, connection)

    return task


def _nothing(kind: str, connection: str) -> None:
    raise RuntimeError(f"this process defers jobs and runs none: {kind} {connection}")
