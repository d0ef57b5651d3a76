"""Traces on their way out, and what happens without them: nothing."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from werkzeug import Request, Response

from bridge.errors import ConfigError
from bridge.net.http import Outbound
from bridge.tracing import export, traces
from sandbox.serving import serve
from tests.conftest import ROOT
from tests.fakes.traces import kept_traces
from tests.faults.standing import wait_for

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


class Collecting:
    """A collector, or another system that is called."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.asked: list[Request] = []

    @Request.application
    def __call__(self, request: Request) -> Response:
        request.get_data(cache=True)
        self.asked.append(request)
        return Response("{}", self.status)


def test_nothing_of_opentelemetry_is_loaded_without_the_setting() -> None:
    program = (
        "import sys, bridge.wsgi, bridge.tracing.export, bridge.cli.sync_command, types;"
        "bridge.tracing.export.start(types.SimpleNamespace(traces=None));"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_a_bridge_without_the_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(ConfigError, match=r"pip install 'ottobridge\[otel\]'"):
        export.start(SimpleNamespace(traces="http://127.0.0.1:4318/v1/traces"))


def test_a_call_says_which_step_it_belongs_to() -> None:
    remote = Collecting()
    with serve(remote) as served, kept_traces() as kept:
        outbound = Outbound(LOOPBACK)
        outbound.request("GET", f"{served.url}/outside?secret=1")
        with traces.root("sync"):
            outbound.request("GET", f"{served.url}/inside?secret=1")
    outside, inside = remote.asked
    call = kept.named("call")
    assert "traceparent" not in outside.headers  # a call of nobody's trace begins none
    assert inside.headers["traceparent"].split("-")[1:3] == [
        format(call.context.trace_id, "032x"),
        format(call.context.span_id, "016x"),
    ]
    assert "secret" not in kept.told()


def test_a_collector_gets_the_spans_as_otlp() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="to enable: pip install '.[otel]'")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    from bridge.tracing.otel import Collector, OpenTelemetry

    remote = Collecting()
    with serve(remote) as served:
        traces.use(OpenTelemetry(SimpleSpanProcessor(Collector(f"{served.url}/v1/traces", Outbound(LOOPBACK)))))
        try:
            with traces.root("sync", connection="campus"):
                pass
        finally:
            traces.use(None)
    (request,) = remote.asked
    assert (request.path, request.mimetype) == ("/v1/traces", "application/x-protobuf")
    (sent,) = ExportTraceServiceRequest.FromString(request.get_data()).resource_spans
    assert sent.scope_spans[0].spans[0].name == "sync"
    assert "ottobridge" in {attribute.value.string_value for attribute in sent.resource.attributes}


@pytest.mark.parametrize("status", [400, 503])
def test_a_collector_that_takes_nothing_costs_nothing_but_a_line(status: int, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="to enable: pip install '.[otel]'")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    from bridge.tracing.otel import Collector, OpenTelemetry

    with serve(Collecting(status)) as served:
        traces.use(OpenTelemetry(SimpleSpanProcessor(Collector(served.url, Outbound(LOOPBACK)))))
        try:
            for _ in range(3):
                with traces.root("sync"):
                    pass
        finally:
            traces.use(None)
    assert caplog.text.count("the collector of bridge.traces takes nothing") == 1


def test_a_setting_is_enough_to_be_traced(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="to enable: pip install '.[otel]'")
    remote = Collecting()
    with serve(remote) as served:
        program = (
            "import bridge.tracing.export as t, bridge.tracing.traces as s;"
            "from bridge.config.configuration import Bridge;"
            "t.start(Bridge(public_url='https://b.example.edu', secret_key='x' * 32,"
            f" traces='{served.url}/v1/traces'));\n"
            "with s.root('sync'): pass"
        )
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
        wait_for(lambda: remote.asked, "what it has sent is taken")
    assert [request.path for request in remote.asked] == ["/v1/traces"]  # sent before the process ended
