"""What Prometheus is told. With several workers, `ottobridge serve` lets them share their counts through files."""

from __future__ import annotations

import os
from collections.abc import Container

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus_client shares counts between processes."""


class Metrics:
    """Counts of one bridge."""

    def __init__(self, connections: Container[str]) -> None:
        self._connections = connections
        self._registry = CollectorRegistry()
        self._launches = Counter(
            "ottobridge_launches",
            "Launches by connection, kind and outcome.",
            ["connection", "kind", "outcome"],
            registry=self._registry,
        )

    def count_launch(self, connection: str, kind: str, outcome: str) -> None:
        """Count one launch. A connection that nobody configured is `unknown`: strangers must not make new series."""
        known = connection if connection in self._connections else "unknown"
        self._launches.labels(known, kind, outcome).inc()

    def text(self) -> bytes:
        """All counts in Prometheus's text format."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
        return generate_latest(everybody)
