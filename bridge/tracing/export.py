"""Begins to keep traces where the configuration names a collector; without one, nothing of OpenTelemetry is loaded."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_network

from bridge.config.configuration import Bridge
from bridge.config.egress import egress_client
from bridge.errors import ConfigError
from bridge.tracing import traces

ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


NEEDED = ("opentelemetry.sdk.trace.export", "opentelemetry.exporter.otlp.proto.common")


def require(bridge: Bridge) -> None:
    """Raise ConfigError where `bridge.traces` asks for traces and the extra is missing."""
    if bridge.traces is not None and not all(_is_there(module) for module in NEEDED):
        raise ConfigError(["bridge.traces needs more than is installed: pip install 'ottobridge[otel]'"])


def start(bridge: Bridge) -> None:
    """Keep traces in this process, if `bridge.traces` says so. Raises ConfigError where the extra is missing."""
    require(bridge)
    if bridge.traces is None:
        return
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 -- an extra

    from bridge.tracing.otel import Collector, OpenTelemetry  # noqa: PLC0415

    # The operator names this one address, wherever it is; what others make us call stays within its limits.
    outbound = egress_client(bridge.model_copy(update={"trusted_networks": ANYWHERE}))
    traces.use(OpenTelemetry(BatchSpanProcessor(Collector(bridge.traces, outbound))))


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False
