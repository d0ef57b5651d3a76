"""`ottobridge worker`: one process that queues due jobs and recovers lost ones, and others that run them.

The first does no job itself, so that however long the jobs take, lost ones are found. A roster takes a process of its
own, because Python runs one thread at a time. Signals come to the main thread of a process: it asks the jobs to stop,
and they look.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bridge.jobs.catalogue import Catalogue
from bridge.jobs.job import Job, Queue
from bridge.jobs.queue import JobQueue, QueueAway, trouble_of
from bridge.jobs.schedule import Schedule

log = logging.getLogger(__name__)

EVERY: Final = 5.0
"""Seconds between two checks for due and for lost jobs."""
FORGET_EVERY: Final = 3600.0


@dataclass(frozen=True)
class Role:
    """What one process takes, and how many jobs at once."""

    queues: tuple[Queue, ...]
    at_once: int


def roles(queues: tuple[Queue, ...], at_once: int) -> list[Role]:
    """A process for each of `at_once` rosters, and one for all that is short: a long roster never holds it up."""
    short = tuple(queue for queue in queues if queue != Queue.SYNC)
    found = [Role((Queue.SYNC,), 1)] * (at_once if Queue.SYNC in queues else 0)
    return [*found, Role(short, 2)] if short else found


@contextmanager
def stop_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """Within the block TERM and INT call `stop`."""
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def take_jobs(
    database_url: str,
    catalogue: Callable[[Callable[[], bool]], Catalogue],
    role: Role,
    *,
    listen: bool,
    orphaned: Callable[[], bool],
) -> None:
    """Do jobs until the process gets TERM or INT; jobs under way are asked to stop, and finished.

    `orphaned`: whether the process that started this one has ended, so that nobody would tell it.
    """
    stopping = threading.Event()
    jobs = catalogue(stopping.is_set)

    def run(kind: str, connection: str) -> None:
        job = jobs.find(kind, connection)
        if job is None:
            log.info("%s %s: there is no such job any more", kind, connection)
        elif job.is_due():
            job.run()

    queue = JobQueue(database_url, run)
    async with queue.opened():
        working = asyncio.ensure_future(queue.work(list(role.queues), role.at_once, listen=listen))

        def stop() -> None:
            if not stopping.is_set():  # to cancel it again would leave what is under way
                stopping.set()
                working.cancel()

        watching = asyncio.ensure_future(_watch(orphaned, stop))
        with stop_signals(asyncio.get_running_loop(), stop):
            try:
                await working
            except asyncio.CancelledError:
                log.info("no more jobs are taken")
            finally:
                watching.cancel()


async def _watch(orphaned: Callable[[], bool], stop: Callable[[], None]) -> None:
    while not orphaned():
        await asyncio.sleep(EVERY)
    stop()


class Foreman:
    """Queues the due jobs, and those that dead workers had begun."""

    def __init__(
        self,
        queue: JobQueue,
        schedule: Schedule,
        now: Callable[[], float] = time.monotonic,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`beat` writes a heartbeat."""
        self._queue = queue
        self._schedule = schedule
        self._now = now
        self._beat = beat
        self._forgotten: float | None = None

    async def round(self) -> None:
        """Look once. A database that is away is looked for the next time."""
        try:
            await asyncio.to_thread(self._beat)
            for name in await self._queue.sweep():
                log.warning("%s: its worker has died; it is given to another one", name)
            due: list[Job] = await asyncio.to_thread(lambda: list(self._schedule.due()))
            for job in due:
                await self._queue.defer(job)
            if self._forgotten is None or self._now() - self._forgotten >= FORGET_EVERY:
                await self._queue.forget()
                self._forgotten = self._now()
        except QueueAway as error:
            log.warning("the queue cannot be used: %s; it is tried again", trouble_of(error))
        except Exception:
            log.exception("the due jobs cannot be queued; retried at the next check")
