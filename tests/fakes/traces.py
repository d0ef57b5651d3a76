"""Traces that are kept in memory, for tests to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.tracing import traces


@dataclass
class Kept:
    """The spans that have ended."""

    exporter: Any

    def spans(self) -> list[Any]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> Any:
        (found,) = [span for span in self.spans() if span.name == name]
        return found

    def tree(self) -> set[tuple[str, str]]:
        """The name of each span with that of its parent; empty for a root."""
        names = {span.context.span_id: span.name for span in self.spans()}
        return {(span.name, names.get(span.parent.span_id, "") if span.parent else "") for span in self.spans()}

    def told(self) -> str:
        """All that a collector would be told."""
        return "".join(span.to_json() for span in self.spans())


@contextmanager
def kept_traces() -> Iterator[Kept]:
    """Keep traces within the block; skips the test without the extra `otel`."""
    pytest.importorskip("opentelemetry.sdk", reason="to enable: pip install '.[otel]'")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from bridge.tracing.otel import OpenTelemetry

    exporter = InMemorySpanExporter()
    traces.use(OpenTelemetry(SimpleSpanProcessor(exporter)))
    try:
        yield Kept(exporter)
    finally:
        traces.use(None)
