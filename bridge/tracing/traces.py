"""Traces: which steps a launch or a sync took, and for how long. Nothing happens here until somebody asks for them.

The words are those of OpenTelemetry: a trace is a tree of spans. Spans name connections, steps and outcomes; never a
person, an ID or an address with a query.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Attributes = Mapping[str, str | int]


class Tracer(Protocol):
    """Whoever keeps traces (`bridge.otel`)."""

    def root(self, name: str, traceparent: str, attributes: Attributes) -> AbstractContextManager[None]:
        """A span that begins a trace, or goes on with that of `traceparent` (W3C Trace Context) where there is one."""

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[None]:
        """A span within the one at hand; nothing where there is none."""

    def rename(self, name: str) -> None:
        """Call the span at hand otherwise."""

    def note(self, attributes: Attributes) -> None:
        """Say more of the span at hand."""

    def headers(self) -> Mapping[str, str]:
        """What tells another system which span its call belongs to."""


tracer: Tracer | None = None
"""Whoever keeps traces; None where nobody asks for them, so that a launch need not call anything to know."""
_NOTHING: AbstractContextManager[None] = nullcontext()


def use(keeper: Tracer | None) -> None:
    """Keep traces from now on, in this process; with None no more."""
    global tracer  # noqa: PLW0603 -- as logs, traces are one for a process, and every room may add to them
    tracer = keeper


def root(name: str, traceparent: str = "", **attributes: str | int) -> AbstractContextManager[None]:
    """The block is a trace."""
    return _NOTHING if tracer is None else tracer.root(name, traceparent, attributes)


def span(name: str, **attributes: str | int) -> AbstractContextManager[None]:
    """The block is a step of the trace at hand."""
    return _NOTHING if tracer is None else tracer.span(name, attributes)


def rename(name: str) -> None:
    """The step at hand is known by now to be this."""
    if tracer is not None:
        tracer.rename(name)


def note(attributes: Attributes) -> None:
    """Say more of the step at hand."""
    if tracer is not None:
        tracer.note(attributes)


def headers() -> Mapping[str, str]:
    """What a call to another system takes along."""
    return {} if tracer is None else tracer.headers()
