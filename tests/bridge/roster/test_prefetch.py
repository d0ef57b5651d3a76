"""Reading ahead, in a thread that nobody has to wait for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bridge.roster.prefetch import prefetch


class Stop(Exception):
    pass


def test_what_reading_raises_reaches_whoever_uses_the_pages() -> None:
    def pages() -> Iterator[int]:
        yield 1
        raise Stop

    seen = []
    with pytest.raises(Stop), prefetch(pages(), depth=8) as ahead:
        seen.extend(ahead)
    assert seen == [1]


def test_reading_ahead_stops_when_nobody_wants_the_rest() -> None:
    closed = threading.Event()

    def pages() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    with prefetch(pages(), depth=2) as ahead:
        assert next(ahead) == 0
    assert closed.wait(60)


def test_a_source_that_hangs_does_not_keep_ctrl_c_from_working() -> None:
    release = threading.Event()

    def hang() -> Iterator[int]:
        release.wait(60)
        yield 1

    def poll() -> None:
        release.set()
        raise Stop

    with pytest.raises(Stop), prefetch(hang(), poll, depth=2) as ahead:
        next(ahead)
