"""What Prometheus is told. With several workers, `ottobridge serve` lets them share their counts through files.

Every series is there from the first scrape on, at zero: a rate over one that has just appeared would miss its first
count. Only where there are very many connections most of them appear with their first launch. What cannot be counted
costs no launch.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Container, Iterator
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from bridge.config.configuration import Configuration
from bridge.contracts import Connection, Kind, Outcome
from bridge.reasons import REASONS
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import is_of_nobody

log = logging.getLogger(__name__)

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus_client shares counts between processes."""
UNKNOWN = "unknown"
"""The connection, or the kind, of what strangers made up, or of what was refused before it was known."""
DATABASE_AWAY = "database_unavailable"
ENDED: ContextVar[list[tuple[str, str]] | None] = ContextVar("ended", default=None)
"""The launches that ended in the request at hand, each with kind and outcome; None outside of requests."""
STATUSES = ("2xx", "3xx", "4xx", "5xx")
SYSTEMS = ("ottolearn", "lms")
RESULTS = ("answered", "refused", "unavailable")
QUICK = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_AT_ZERO = 1000
"""Connections whose launches are shown before the first one: each has up to twenty series, in every process."""
LOG_EVERY = 60.0
"""Seconds between two complaints that something cannot be counted."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which no rule here asks for


class Metrics:
    """Counts of one bridge."""

    def __init__(self, configuration: Configuration) -> None:
        self._ottolearn = urlsplit(str(configuration.ottolearn.api_url)).netloc
        self._expected: set[str] = set()
        self._registered: Container[str] = ()
        self._complained_at = float("-inf")
        self._registry = kept = CollectorRegistry()
        self._launches = Counter(
            "ottobridge_launches",
            "Launches by connection, kind and outcome.",
            ["connection", "kind", "outcome"],
            registry=kept,
        )
        self._seconds = Histogram(
            "ottobridge_launch_seconds",
            "Seconds of the request in which a launch ended, by kind and outcome.",
            ["kind", "outcome"],
            buckets=QUICK,
            registry=kept,
        )
        self._refused = Counter(
            "ottobridge_launches_refused", "Launches of a known student that did not get in.", ["reason"], registry=kept
        )
        self._no_launch = Counter(
            "ottobridge_requests_refused", "Requests that never became a launch.", ["reason"], registry=kept
        )
        self._answers = Counter(
            "ottobridge_responses", "Responses by class of status; no probes.", ["status"], registry=kept
        )
        self._calls = Histogram(
            "ottobridge_call_seconds",
            "Seconds until another system answered, by system and result.",
            ["system", "result"],
            buckets=QUICK,
            registry=kept,
        )
        try:
            self._in_use = Gauge(
                "ottobridge_database_connections_in_use",
                "Connections to the database that requests and rounds hold, over all processes.",
                multiprocess_mode="livesum",
                registry=kept,
            )
            self._begin_at_zero(configuration)
        except Exception as error:  # noqa: BLE001 -- each asks for its file at once, and the disk may be full
            self._complain(error)

    def _begin_at_zero(self, configuration: Configuration) -> None:
        for reason in REASONS:
            self._refused.labels(reason)
            self._no_launch.labels(reason)
        for status in STATUSES:
            self._answers.labels(status)
        for system in SYSTEMS:
            for result in RESULTS:
                self._calls.labels(system, result)
        for kind in (*Kind, UNKNOWN):
            self._launches.labels(UNKNOWN, kind, Outcome.REJECTED)
            for outcome in Outcome:
                self._seconds.labels(kind, outcome)
        for connection in configuration.connections.values():
            self.expect(connection)

    def expect(self, connection: Connection[Any]) -> None:
        """Know a connection, and show its launches even before the first one, unless there are very many."""
        if connection.name in self._expected:
            return
        try:
            for kind in _kinds(connection) if len(self._expected) < MOST_AT_ZERO else ():
                for outcome in Outcome:
                    self._launches.labels(connection.name, kind, outcome)
            self._expected.add(connection.name)
        except Exception as error:  # noqa: BLE001 -- the same
            self._complain(error)

    def know(self, registered: Container[str]) -> None:
        """Take these names, too, for connections; they are asked only for names that were never expected."""
        self._registered = registered

    def count_launch(self, line: LaunchLine) -> None:
        """Count one launch. A connection that nobody configured is `unknown`: strangers must not make new series."""
        kind = line.kind or UNKNOWN
        try:
            _series(self._launches, self._known(line), kind, line.outcome).inc()
            if line.reason:
                _series(self._no_launch if is_of_nobody(line) else self._refused, line.reason).inc()
        except Exception as error:  # noqa: BLE001 -- a full disk, a folder that is gone: launches go on
            self._complain(error)
        if (ended := ENDED.get()) is not None:
            ended.append((kind, line.outcome))

    def count_refusal(self, reason: str) -> None:
        """Count a request that has to do with no launch at all."""
        try:
            self._no_launch.labels(reason).inc()
        except Exception as error:  # noqa: BLE001 -- the same
            self._complain(error)

    def count_response(self, status: str, seconds: float) -> None:
        """Count a response, such as `303 SEE OTHER`, and how long the launches waited that ended in it (`ENDED`)."""
        try:
            _series(self._answers, f"{status[:1]}xx").inc()
            for kind, outcome in ENDED.get() or ():
                _series(self._seconds, kind, outcome).observe(seconds)
        except Exception as error:  # noqa: BLE001 -- the same
            self._complain(error)

    def count_call(self, host: str, result: str, seconds: float) -> None:
        """Count a call to another system, known by host and port."""
        try:
            self._calls.labels("ottolearn" if host == self._ottolearn else "lms", result).observe(seconds)
        except Exception as error:  # noqa: BLE001 -- the same
            self._complain(error)

    def show_connections(self, in_use: int) -> None:
        """So many connections to the database are in use in this process."""
        try:
            self._in_use.set(in_use)
        except Exception as error:  # noqa: BLE001 -- the same
            self._complain(error)

    def text(self) -> bytes:
        """All counts in Prometheus's text format; what is left of them where the shared files are gone."""
        try:
            if SHARED not in os.environ:
                return generate_latest(self._registry)
            everybody = CollectorRegistry()
            MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
            return generate_latest(everybody)
        except Exception:
            log.exception("the counts of launches cannot be read")
            return b""

    def _complain(self, error: Exception) -> None:
        """Log, now and then, that something could not be counted: it costs nobody anything else."""
        now = time.monotonic()
        if now >= self._complained_at + LOG_EVERY:
            self._complained_at = now
            log.warning("something cannot be counted: %s: %s", type(error).__name__, error)

    def _known(self, line: LaunchLine) -> str:
        name = line.connection
        if name in self._expected:
            return name
        if line.reason == DATABASE_AWAY:  # to ask it once more would keep the learner waiting a second time
            return UNKNOWN
        try:
            return name if name in self._registered else UNKNOWN
        except Exception:  # noqa: BLE001 -- to ask takes the database, which may be what has failed
            return UNKNOWN


@lru_cache(maxsize=4096)
def _series(metric: Any, *labels: str) -> Any:
    """The series of a metric with these labels, which prometheus_client would look for under a lock."""
    return metric.labels(*labels)


def _kinds(connection: Connection[Any]) -> Iterator[Kind]:
    """The kinds of launches that a connection can take."""
    adapter, settings = connection.adapter, connection.settings
    if adapter.read_claims and getattr(settings, "lti13", None):
        yield Kind.LTI13
    if adapter.read_form and getattr(settings, "lti11", None):
        yield Kind.LTI11
    if adapter.read_page:
        yield from (Kind.SCORM12, Kind.SCORM2004)
    if adapter.read_aicc:
        yield Kind.AICC
    if adapter.read_cmi5:
        yield Kind.CMI5
