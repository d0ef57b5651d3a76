"""Traces by OpenTelemetry's SDK, sent as OTLP by the bridge's own way out. Needs the extra `otel`."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bridge import __version__
from bridge.errors import OttoBridgeError
from bridge.net.http import Outbound
from bridge.tracing.traces import Attributes

log = logging.getLogger(__name__)

TIMEOUT, DEADLINE = (2.0, 2.0), 3.0
LOG_EVERY = 60.0
"""Seconds between two complaints that the collector takes nothing."""
_W3C = TraceContextTextMapPropagator()


class OpenTelemetry:
    """Keeps traces (`bridge.traces.Tracer`). What is sampled, OTEL_TRACES_SAMPLER says, as everywhere."""

    def __init__(self, processor: SpanProcessor) -> None:
        resource = Resource.create({"service.name": "ottobridge", "service.version": __version__})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("ottobridge", __version__)

    @contextmanager
    def root(self, name: str, traceparent: str, attributes: Attributes) -> Iterator[None]:
        context = _W3C.extract({"traceparent": traceparent}, Context())
        with self._span(name, attributes, context, SpanKind.SERVER):
            yield

    @contextmanager
    def span(self, name: str, attributes: Attributes) -> Iterator[None]:
        if not trace.get_current_span().get_span_context().is_valid:
            yield
            return
        with self._span(name, attributes, None, SpanKind.INTERNAL):
            yield

    def rename(self, name: str) -> None:
        trace.get_current_span().update_name(name)

    def note(self, attributes: Attributes) -> None:
        trace.get_current_span().set_attributes(attributes)

    def headers(self) -> Mapping[str, str]:
        carried: dict[str, str] = {}
        _W3C.inject(carried)
        return {"traceparent": carried["traceparent"]} if "traceparent" in carried else {}

    @contextmanager
    def _span(self, name: str, attributes: Attributes, context: Context | None, kind: SpanKind) -> Iterator[None]:
        """A span; of an error only its type is recorded, since its message may name a person."""
        opening = self._tracer.start_as_current_span(
            name, context, kind, attributes, record_exception=False, set_status_on_exception=False
        )
        with opening as span:
            try:
                yield
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise


class Collector:
    """A `SpanExporter` that posts to an OTLP collector (OTLP/HTTP, binary)."""

    def __init__(self, url: str, outbound: Outbound) -> None:
        self._url = url
        self._outbound = outbound
        self._complained_at = float("-inf")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        body = encode_spans(spans).SerializeToString()
        headers = {"Content-Type": "application/x-protobuf"}
        try:
            answer = self._outbound.request(
                "POST", self._url, headers=headers, data=body, timeout=TIMEOUT, deadline=DEADLINE
            )
        except OttoBridgeError as error:
            return self._complain(str(error))
        return SpanExportResult.SUCCESS if answer.status < 300 else self._complain(f"it answered {answer.status}")

    def shutdown(self) -> None:
        """Nothing is open."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held back."""
        del timeout_millis
        return True

    def _complain(self, why: str) -> SpanExportResult:
        now = time.monotonic()
        if now >= self._complained_at + LOG_EVERY:
            self._complained_at = now
            log.warning("the collector of bridge.traces takes nothing: %s", why)
        return SpanExportResult.FAILURE
