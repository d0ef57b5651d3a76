"""`ottobridge worker`: does on PostgreSQL what is to do between requests."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

import click

from adapters import ADAPTERS
from bridge import logs
from bridge.cli import FAILED, WRONG_CONFIGURATION
from bridge.cli.invocation import Invocation, log_format_option, pass_invocation
from bridge.config.configuration import Configuration, load
from bridge.config.connections import Connections
from bridge.errors import ConfigError, OttoBridgeError
from bridge.jobs.catalogue import Catalogue
from bridge.jobs.job import Queue
from bridge.jobs.queue import JobQueue, QueueAway, trouble_of
from bridge.jobs.schedule import Schedule
from bridge.jobs.syncing import background_sync
from bridge.jobs.worker import EVERY, Foreman, Role, roles, stop_signals, take_jobs
from bridge.keys.own import OwnKeys
from bridge.progress.delivery import reports_of
from bridge.store import workers
from bridge.store.database import DatabaseError, Engine
from bridge.store.engine import listens, migrate, open_database, open_later
from bridge.store.queue_schema import prepare_queue
from bridge.tracing import export

log = logging.getLogger(__name__)

LOOKS_FOR: Final = 5.0
"""Seconds in which due jobs are looked for before what is due is queued, and a sign of life given: of very many
connections the rest is looked at in the next round."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks at the processes."""
FORGOTTEN: Final = 86_400.0
"""Seconds for which a worker that has died is known."""
AGAIN: Final = 2.0
"""Seconds until a process that has ended is started again."""


@click.command()
@click.option(
    "--queues",
    default=",".join(Queue),
    show_default=True,
    help="What this machine takes: sync (rosters), directory (OttoLearn's users), upkeep (progress, what has expired).",
)
@click.option("--at-once", type=click.IntRange(1, 64), default=2, show_default=True, help="Rosters at once: processes.")
@log_format_option
@pass_invocation
def worker(invocation: Invocation, queues: str, at_once: int, log_format: str) -> None:
    """Run background jobs: roster syncs, OttoLearn's users, progress. Needs PostgreSQL, and workers: true.

    Any number of machines may run one. TERM ends it when the jobs under way have come to a point where they can stop;
    what they had not done is done by the next one. HUP reads the configuration anew.
    """
    logs.configure(log_format, brief=(DatabaseError, QueueAway))
    bridge = invocation.configuration.bridge
    if not bridge.workers:
        raise ConfigError(["bridge.workers is not set: then `ottobridge serve` does all of it, and a worker nothing"])
    wanted = roles(_queues(queues), at_once)
    with invocation.database() as engine:
        prepare_queue(engine)
    asyncio.run(_supervise(invocation, wanted, log_format))


def _queues(names: str) -> tuple[Queue, ...]:
    try:
        return tuple(Queue(name.strip()) for name in names.split(","))
    except ValueError:
        raise click.UsageError(f"--queues: allowed: {', '.join(Queue)}, parted by commas") from None


class Processes:
    """The processes that do the jobs: one for each role, started again when it ends."""

    def __init__(self, start: Callable[[Role], BaseProcess], wanted: Sequence[Role]) -> None:
        self._start = start
        self._running: list[tuple[Role, BaseProcess | None, float]] = [(role, None, 0.0) for role in wanted]
        self._leaving: list[BaseProcess] = []

    def tend(self, now: float) -> None:
        """Start those that are not there."""
        self._leaving = [process for process in self._leaving if process.is_alive()]
        for at, (role, process, not_before) in enumerate(self._running):
            if process is not None and not process.is_alive():
                log.error("a process for %s ended with %s; another one is started", _names(role), process.exitcode)
                self._running[at] = (role, None, now + AGAIN)
            elif process is None and now >= not_before:
                self._running[at] = (role, self._start(role), now)

    def replace(self) -> None:
        """Let those that run end, and others take over."""
        for _, process, _ in self._running:
            if process is not None:
                process.terminate()
                self._leaving.append(process)
        self._running = [(role, None, 0.0) for role, _, _ in self._running]

    def end(self) -> None:
        """Tell all of them to end, and wait until they have."""
        self.replace()
        for process in self._leaving:
            process.join()


async def _supervise(invocation: Invocation, wanted: Sequence[Role], log_format: str) -> None:
    stopped, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    start = partial(_start, invocation.config_path, log_format)
    processes = Processes(start, wanted)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    try:
        with stop_signals(loop, stopped.set):
            await _until_stopped(invocation, processes, stopped, reload, wanted)
    finally:
        await asyncio.to_thread(processes.end)


async def _until_stopped(
    invocation: Invocation,
    processes: Processes,
    stopped: asyncio.Event,
    reload: asyncio.Event,
    wanted: Sequence[Role],
) -> None:
    """Go on through long outages of the database and each new version of the configuration."""
    name = secrets.token_hex(16)
    while not stopped.is_set():
        try:
            await _foreman(invocation, processes, stopped, reload, wanted, name)
        except QueueAway as error:
            log.warning("the queue cannot be used: %s; it is tried again", trouble_of(error))
        if reload.is_set():
            reload.clear()
            invocation = _renewed(invocation, processes)


async def _foreman(
    invocation: Invocation,
    processes: Processes,
    stopped: asyncio.Event,
    reload: asyncio.Event,
    wanted: Sequence[Role],
    name: str,
) -> None:
    """Decide what is due and look after the processes, until one of the events is set. `name`: of this worker."""
    bridge = invocation.configuration.bridge
    engine = open_later(bridge.database_url.get_secret_value(), prepare=bridge.database_prepare)
    queue = JobQueue(bridge.database_url.get_secret_value())
    try:
        async with queue.opened():
            schedule = Schedule(_catalogue(invocation, engine, stopped.is_set).jobs, time.monotonic, LOOKS_FOR)
            beat = partial(_beat, engine, name, sorted({one for role in wanted for one in role.queues}))
            foreman, next_round = Foreman(queue, schedule, beat=beat), 0.0
            while not stopped.is_set() and not reload.is_set():
                processes.tend(time.monotonic())
                if time.monotonic() >= next_round:
                    await foreman.round()
                    next_round = time.monotonic() + EVERY
                await asyncio.sleep(LOOK_EVERY)
            if stopped.is_set():
                await asyncio.to_thread(_leave, engine, name)
    finally:
        engine.dispose()


def _beat(engine: Engine, name: str, queues: Sequence[str]) -> None:
    now = time.time()
    workers.beat(engine, workers.Worker(name, socket.gethostname()[:255], tuple(queues), now))
    workers.forget_before(engine, now - FORGOTTEN)


def _leave(engine: Engine, name: str) -> None:
    with suppress(DatabaseError):  # then it is missed for a minute
        workers.remove(engine, name)


def _renewed(invocation: Invocation, processes: Processes) -> Invocation:
    """The configuration as it is now, with processes that know it; the old one where the new one is wrong."""
    try:
        found = Invocation(invocation.config_path)
        found.configuration = load(invocation.config_path, ADAPTERS)
    except ConfigError as error:
        logs.mistakes(log, error.problems)
        log.error("the configuration stays as it was: what was read now is wrong")  # noqa: TRY400
        return invocation
    processes.replace()
    return found


def _start(path: Path, log_format: str, role: Role) -> BaseProcess:
    # Anew, and not by fork: a fork of a process with threads may hold locks that nobody opens any more.
    process = multiprocessing.get_context("spawn").Process(
        target=_take, args=(path, role, log_format, os.getpid()), name=f"jobs-{_names(role)}"
    )
    # Ctrl-C at a terminal reaches all of them: this process tells the others, and one that is not ready would show a
    # traceback. The tracker is started first, because to start it unblocks the signal.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
    return process


def _take(path: Path, role: Role, log_format: str, parent: int) -> None:
    """What one process does, from its start to its end. What ends it is in the log in words: it may recur for hours."""
    logs.configure(log_format, brief=(DatabaseError, QueueAway))
    try:
        _do_jobs(Invocation(path), role, parent)
    except ConfigError as error:
        logs.mistakes(log, error.problems)
        sys.exit(WRONG_CONFIGURATION)
    except OttoBridgeError as error:
        log.error("%s", error)  # noqa: TRY400 -- the mistake is not ours
        sys.exit(FAILED)
    except (QueueAway, DatabaseError) as error:
        log.error("%s", trouble_of(error))  # noqa: TRY400 -- the same
        sys.exit(FAILED)


def _do_jobs(invocation: Invocation, role: Role, parent: int) -> None:
    bridge = invocation.configuration.bridge
    export.start(bridge)
    url = bridge.database_url.get_secret_value()
    engine = open_database(url, prepare=bridge.database_prepare)
    try:
        migrate(engine)
        catalogue = partial(_catalogue, invocation, engine)
        asyncio.run(take_jobs(url, catalogue, role, listen=listens(engine), orphaned=lambda: os.getppid() != parent))
    finally:
        engine.dispose()


def _catalogue(invocation: Invocation, engine: Engine, stopping: Callable[[], bool]) -> Catalogue:
    configuration: Configuration = invocation.configuration
    secret = configuration.bridge.secret_key.get_secret_value()
    secret_key = configuration.bridge.secret_key.get_secret_value()
    connections = Connections(configuration.connections, ADAPTERS, engine, secret_key=secret_key)
    directory, outbound = invocation.directory_over(engine), invocation.outbound
    own_keys = OwnKeys(engine, secret, "lti", time.time)
    return Catalogue(
        configuration,
        engine,
        connections,
        directory,
        outbound,
        reports_of(secret, engine, outbound, connections.find, own_keys, time.time, secrets.token_urlsafe),
        background_sync(invocation.syncs_over(engine), stopping),
        time.time,
    )


def _names(role: Role) -> str:
    return "+".join(role.queues)
