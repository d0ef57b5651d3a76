"""Values that are looked at without being spent, and keys that are held for a while."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from bridge.store import one_time


def test_what_is_looked_at_stays_and_ends_in_time(engine: Engine) -> None:
    one_time.keep(engine, "token", "code", {"user_id": "1"}, until=100.0)
    assert one_time.look(engine, "token", "code", now=99.0) == {"user_id": "1"}
    assert one_time.look(engine, "token", "code", now=99.0) == {"user_id": "1"}
    assert one_time.look(engine, "token", "code", now=100.0) is None
    assert one_time.look(engine, "other", "code", now=99.0) is None
    assert one_time.take(engine, "token", "code", now=99.0) == {"user_id": "1"}
    assert one_time.look(engine, "token", "code", now=99.0) is None


def test_a_claim_is_one_callers_until_it_ends_or_is_released(engine: Engine) -> None:
    assert one_time.claim(engine, "x", now=0.0, until=60.0)
    assert not one_time.claim(engine, "x", now=59.0, until=120.0)
    assert one_time.claim(engine, "y", now=59.0, until=120.0)
    assert one_time.claim(engine, "x", now=60.0, until=120.0)
    assert not one_time.claim(engine, "x", now=61.0, until=120.0)
    one_time.release(engine, "x")
    assert one_time.claim(engine, "x", now=61.0, until=120.0)


def test_of_many_at_once_one_gets_the_claim(engine: Engine, in_threads: Callable) -> None:
    for ends in (60.0, 120.0):
        won = in_threads(8, lambda _, now=ends - 60.0, until=ends: one_time.claim(engine, "x", now=now, until=until))
        assert sum(won) == 1
