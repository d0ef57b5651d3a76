"""Gauges that are read from the database when /metrics is scraped, with a short time limit.

A database that is away is one figure, `ottobridge_database_up`, and costs only those that would come from it.
"""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge import __version__
from bridge.config.connections import Connections
from bridge.contracts import Connection
from bridge.jobs.job import Queue
from bridge.store import gauges
from bridge.store.database import Engine
from bridge.store.engine import CONNECTIONS
from bridge.store.gauges import GaugeValues, QueueGauges
from bridge.store.workers import count_by_queue
from bridge.web.self_test import SelfTest

log = logging.getLogger(__name__)

LIMIT = 2.0
"""Seconds for the database: whoever scrapes waits ten, and wants the rest even so."""
NEVER = float("inf")
"""The age of what was never read: too old for every alert."""


class Gauges(Collector):
    """The collector of one bridge's gauges, for prometheus_client."""

    def __init__(
        self,
        engine: Engine,
        connections: Connections,
        now: Callable[[], float],
        expect: Callable[[Connection[Any]], None],
        limit: float = LIMIT,
        self_test: SelfTest | None = None,
        needs_workers: bool = False,
    ) -> None:
        """`expect` hears of each connection that there is. `needs_workers`: whether workers do the jobs."""
        self._engine = engine
        self._connections = connections
        self._now = now
        self._expect = expect
        self._limit = limit
        self._self_test = self_test
        self._needs_workers = needs_workers
        self._lock = threading.Lock()
        self._flight: Future[tuple[GaugeValues, list[Connection[Any]]]] | None = None

    def text(self) -> bytes:
        """All gauges in Prometheus's text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        found = self._read()
        yield _one("ottobridge_database_up", "Whether the database answered this scrape.", float(found is not None))
        yield _one("ottobridge_database_connections_max", "Connections that a process may have open.", CONNECTIONS)
        yield _by(
            "ottobridge_build_info",
            "The version of the bridge and of its Python; always 1.",
            ["version", "python"],
            {(__version__, platform.python_version()): 1.0},
        )
        tested = self._self_test.last() if self._self_test else None
        yield _one(
            "ottobridge_self_test_last_good_timestamp_seconds",
            "When a launch that the bridge sent itself last got in, in Unix seconds; 0 for never.",
            tested.good_at if tested else 0.0,
        )
        if found is not None:
            yield from self._from_database(*found)

    def _from_database(self, found: GaugeValues, registered: list[Connection[Any]]) -> Iterator[Metric]:
        now, everybody = self._now(), [*self._connections.configured.values(), *registered]
        names = [connection.name for connection in everybody]
        synced = [connection.name for connection in everybody if _is_synced(connection)]
        keys = {connection.name: _key_set(connection) for connection in everybody if _key_set(connection)}
        read_at, since = found.directory.refreshed_at, found.waiting_since
        yield _one(
            "ottobridge_directory_age_seconds",
            "Seconds since the list of OttoLearn's users that is served was read; +Inf before the first.",
            NEVER if read_at is None else now - read_at,
        )
        yield _one("ottobridge_directory_learners", "OttoLearn users in that list.", found.directory.learners)
        yield _named(
            "ottobridge_sync_last_good_timestamp_seconds",
            "When the last good sync ended, in Unix seconds; 0 before the first.",
            {name: found.synced.get(name, 0.0) for name in synced},
        )
        yield _named(
            "ottobridge_sync_held",
            "People whose changes wait for somebody to approve them.",
            {name: found.held.get(name, 0) for name in synced},
        )
        yield _named(
            "ottobridge_sync_quarantined",
            "People whom OttoLearn refused to take.",
            {name: found.quarantined.get(name, 0) for name in synced},
        )
        yield _named(
            "ottobridge_unmatched_students",
            "Students whom nobody in OttoLearn was found for.",
            {name: found.unmatched.get(name, 0) for name in names},
        )
        yield _named(
            "ottobridge_disputed_ids",
            "Student IDs of which the last roster could not say whose they are: nobody enters by them.",
            {name: found.disputed.get(name, 0) for name in synced},
        )
        yield _one("ottobridge_progress_waiting", "Reports of progress that an LMS still has to take.", found.waiting)
        yield _one(
            "ottobridge_progress_oldest_seconds",
            "Seconds for which the oldest of them has waited; 0 where none waits.",
            0.0 if since is None else now - since,
        )
        yield _named(
            "ottobridge_key_set_age_seconds",
            "Seconds since the LMS last answered with its keys; +Inf before its first answer.",
            {name: now - found.keys_read.get(url, -NEVER) for name, url in keys.items()},
        )
        yield from _of_queue(found.queue, now)
        counts = count_by_queue(found.workers, now) if self._needs_workers else {}
        yield _by(
            "ottobridge_queue_workers",
            "Workers that live and take jobs of the queue.",
            ["queue"],
            {(queue,): float(count) for queue, count in counts.items()},
        )

    def _read(self) -> tuple[GaugeValues, list[Connection[Any]]] | None:
        """What the database says, or None where it does not within the limit. One that hangs holds one thread."""
        with self._lock:
            if self._flight is None or self._flight.done():
                self._flight = Future()
                threading.Thread(target=self._fly, args=(self._flight,), name="gauges", daemon=True).start()
            flight = self._flight
        try:
            found = flight.result(self._limit)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the other gauges are served
            log.warning("the gauges could not be read from the database: %s", type(error).__name__)
            return None
        for connection in found[1]:
            self._expect(connection)
        return found

    def _fly(self, flight: Future[tuple[GaugeValues, list[Connection[Any]]]]) -> None:
        try:
            flight.set_result((gauges.read(self._engine), list(self._connections.registered())))
        except Exception as error:  # noqa: BLE001 -- raised again in whoever waits
            flight.set_exception(error)


def _of_queue(found: QueueGauges, now: float) -> Iterator[Metric]:
    queues = [queue.value for queue in Queue]
    yield _by(
        "ottobridge_jobs_waiting",
        "Jobs that wait for a worker.",
        ["queue"],
        {(name,): float(found.waiting.get(name, 0)) for name in queues},
    )
    yield _by(
        "ottobridge_jobs_oldest_seconds",
        "Seconds for which the oldest of them has waited; 0 where none waits.",
        ["queue"],
        {(name,): max(0.0, now - found.oldest.get(name, now)) for name in queues},
    )
    yield _one("ottobridge_job_processes", "Processes of workers that live.", float(found.workers))


def _is_synced(connection: Connection[Any]) -> bool:
    """Whether `ottobridge sync run --all` runs it."""
    return "roster" in connection.settings.model_fields_set


def _key_set(connection: Connection[Any]) -> str:
    lti13 = getattr(connection.settings, "lti13", None)
    return str(lti13.jwks_url) if lti13 else ""


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _named(name: str, text: str, values: Mapping[str, float]) -> Metric:
    return _by(name, text, ["connection"], {(connection,): value for connection, value in values.items()})


def _by(name: str, text: str, labels: list[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for at, value in values.items():
        family.add_metric(list(at), value)
    return family
