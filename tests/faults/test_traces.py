"""Traces of a bridge of several processes reach the collector, even those of its last moments."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from werkzeug import Request, Response

from sandbox.serving import serve
from tests.faults.launching import MATCHED, Crowd
from tests.faults.standing import PATIENCE, standing, wait_for


def test_the_last_launch_before_the_end_is_traced(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="to enable: pip install '.[otel]'")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    names: list[str] = []

    @Request.application
    def collector(request: Request) -> Response:
        for sent in ExportTraceServiceRequest.FromString(request.get_data()).resource_spans:
            names.extend(span.name for scope in sent.scope_spans for span in scope.spans)
        return Response(b"")

    with serve(collector) as served, standing(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}") as world:
        world.configure(traces=f"{served.url}/v1/traces")
        world.start()
        crowd = Crowd(world)
        wait_for(crowd.ready, "the bridge is ready")
        crowd.warm()
        assert world.process is not None
        world.send(signal.SIGTERM)
        assert world.process.wait(PATIENCE) == 0
        # What was sent before the bridge ended may still be waiting here.
        expected = (len(crowd.ended), crowd.counts()[MATCHED])
        counts = lambda: (names.count("POST /lti/<connection>/launch"), names.count("sign-in"))  # noqa: E731
        wait_for(lambda: counts() == expected, "every launch is traced")


def test_a_missing_extra_is_told_once_and_not_by_each_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / "without"
    (hidden / "opentelemetry").mkdir(parents=True)
    (hidden / "opentelemetry/__init__.py").write_text("")  # found before the real one, and empty
    monkeypatch.setenv("PYTHONPATH", str(hidden))
    with standing(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}") as world:
        world.configure(traces="http://127.0.0.1:4318/v1/traces")
        world.start()
        assert world.process is not None
        assert world.process.wait(PATIENCE) == 2
        assert world.log.count("pip install 'ottobridge[otel]'") == 1
        assert "Traceback" not in world.log
