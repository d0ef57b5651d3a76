"""Syncs asked for on pages: one at a time for each connection, each carried out once, none lost for ever."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from bridge.store import sync_requests
from bridge.store.sync_requests import Act, Stage, SyncRequest


def ask(engine: Engine, connection: str = "campus", by: str = "Ann", act: Act = Act.SYNC) -> SyncRequest | None:
    return sync_requests.add(engine, connection, act, None, asked_by=by, now=10.0)


def test_a_second_administrator_asks_for_nothing_twice(engine: Engine) -> None:
    first = ask(engine)
    assert first is not None
    assert ask(engine, by="Bo", act=Act.PLAN) is None
    assert sync_requests.open_of(engine, "campus") == first
    assert ask(engine, "other") is not None


def test_several_who_ask_at_the_same_moment_get_one_request(engine: Engine, in_threads) -> None:
    assert sum(made is not None for made in in_threads(6, lambda number: ask(engine, by=str(number)))) == 1


def test_a_request_is_carried_out_by_one_process(engine: Engine, in_threads) -> None:
    ask(engine)
    claims = in_threads(6, lambda _: sync_requests.claim(engine, 11.0))
    assert [claimed.state for claimed in claims if claimed] == [Stage.RUNNING]
    assert sync_requests.claim(engine, 12.0) is None


def test_the_one_that_waited_longest_is_first(engine: Engine) -> None:
    for name in ("b", "a"):
        ask(engine, name)
    claimed = [sync_requests.claim(engine, 11.0) for _ in range(2)]
    assert [request.connection for request in claimed if request] == ["b", "a"]


def test_what_came_of_it_stays_and_the_next_may_be_asked_for(engine: Engine) -> None:
    ask(engine)
    claimed = sync_requests.claim(engine, 11.0)
    assert claimed is not None
    sync_requests.end(engine, claimed.id, Stage.DONE, result=7, detail="x" * 5_000, now=12.0)
    ended = sync_requests.newest_of(engine, "campus")
    assert ended is not None
    assert (ended.state, ended.result, ended.ended_at, len(ended.detail)) == (Stage.DONE, 7, 12.0, 2_000)
    assert sync_requests.open_of(engine, "campus") is None
    assert ask(engine, by="Bo") is not None


def test_a_process_that_died_does_not_block_the_connection_for_ever(engine: Engine) -> None:
    ask(engine)
    claimed = sync_requests.claim(engine, 11.0)
    assert claimed is not None
    sync_requests.heartbeat(engine, claimed.id, 50.0)
    assert sync_requests.abandon(engine, lease=10.0, why="died", now=60.0) == 0
    assert sync_requests.abandon(engine, lease=10.0, why="died", now=60.1) == 1
    ended = sync_requests.newest_of(engine, "campus")
    assert ended is not None
    assert (ended.state, ended.detail) == (Stage.FAILED, "died")
    sync_requests.end(engine, claimed.id, Stage.DONE, result=7, detail="", now=61.0)  # it was only slow
    assert sync_requests.newest_of(engine, "campus") == ended


def test_nothing_that_waits_is_given_up(engine: Engine) -> None:
    ask(engine)
    assert sync_requests.abandon(engine, lease=1.0, why="died", now=1e12) == 0


def test_a_clock_that_is_set_back_keeps_no_dead_process_alive(engine: Engine) -> None:
    ask(engine)
    assert sync_requests.claim(engine, 1_000_000.0) is not None
    assert not sync_requests.is_any(engine, now=999_990.0, lease=10.0)
    assert sync_requests.is_any(engine, now=500.0, lease=10.0)
    assert sync_requests.abandon(engine, lease=10.0, why="died", now=500.0) == 1


@pytest.mark.parametrize("name", ["", "x" * 400])
def test_whoever_asks_with_a_long_name_may_ask(engine: Engine, name: str) -> None:
    assert ask(engine, by=name) is not None
