"""What is remembered of one LMS is never believed of another, and not for ever."""

from __future__ import annotations

from sqlalchemy import Engine

from bridge.store.memory import memory_of
from tests.fakes.contexts import Clock


def test_a_connection_remembers_for_itself_alone_and_for_its_time(engine: Engine) -> None:
    clock = Clock()
    campus, other = (memory_of(engine, name, lambda: clock.now) for name in ("campus", "other"))
    assert campus.look("endpoint") == ""
    campus.keep("endpoint", "anybody", 60.0)
    campus.keep("endpoint", "them alone", 60.0)
    assert campus.look("endpoint") == "anybody", "what is known stays"
    assert other.look("endpoint") == ""
    assert campus.look("another endpoint") == ""
    clock.now += 61.0
    assert campus.look("endpoint") == ""
