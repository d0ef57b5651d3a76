"""All syncs together call a host of an LMS as fast as it bears, and no faster: one told to wait tells the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from bridge.errors import RemoteUnavailable
from bridge.net.http import Outbound
from bridge.ottolearn.lms_pace import PacedOutbound, paced
from bridge.ottolearn.shared_pace import LOOK_EVERY
from tests.fakes.contexts import Clock
from tests.fakes.serving import FakeServer, Reply


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000.0)


@pytest.fixture
def sync(engine: Engine, clock: Clock, loopback: Outbound) -> Callable[..., PacedOutbound]:
    """The client of one sync, in a process of its own."""
    return lambda per_second=0.0: paced(loopback, engine, per_second, lambda: clock.now, clock.sleep)


@pytest.fixture
def lms() -> Iterator[FakeServer]:
    with FakeServer(lambda _: Reply()) as server:
        yield server


def test_who_is_told_to_wait_tells_the_syncs_of_all_connections_of_the_host(
    sync: Callable[..., PacedOutbound], clock: Clock, lms: FakeServer
) -> None:
    answer = lms.answer
    with FakeServer(lambda _: Reply()) as elsewhere:
        one, other = sync(), sync()
        lms.answer = lambda _: Reply(429, headers={"Retry-After": "30"})
        for client in (one, other):
            with pytest.raises(RemoteUnavailable) as told:
                client.request("GET", f"{lms.url}/people")
            assert (told.value.status, told.value.retry_after) == (429, 30.0)
        assert len(lms.seen) == 1
        assert other.request("GET", elsewhere.url).status == 200
        lms.answer = answer
        clock.now += 30.0
        assert [client.request("GET", lms.url).status for client in (one, other)] == [200, 200]


def test_what_a_reader_fails_at_by_itself_stops_nobody(
    sync: Callable[..., PacedOutbound], clock: Clock, lms: FakeServer
) -> None:
    with pytest.raises(RemoteUnavailable), sync().stream("GET", lms.url):
        raise RemoteUnavailable("of another system", status=429)
    clock.now += LOOK_EVERY
    assert sync().request("GET", lms.url).status == 200


def test_two_connections_of_one_host_share_its_pace_fairly(
    sync: Callable[..., PacedOutbound], clock: Clock, lms: FakeServer
) -> None:
    one, other, began = sync(10.0), sync(10.0), clock.now
    for _ in range(50):
        for client in (one, other):
            client.request("GET", lms.url)
    assert 100 / 10.0 - 1.0 <= clock.now - began <= 100 / 10.0 + 1.0


def test_a_client_that_ends_early_keeps_its_turn(
    sync: Callable[..., PacedOutbound], clock: Clock, lms: FakeServer
) -> None:
    client, began = sync(1.0).ending_at(float("inf")), clock.now
    for _ in range(3):
        client.request("GET", lms.url)
    assert clock.now - began == pytest.approx(2.0)
