"""All processes together call OttoLearn as fast as it bears, and no faster: one told to wait tells all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine

from bridge.contracts import Learner
from bridge.errors import RemoteUnavailable
from bridge.ottolearn.shared_pace import LOOK_EVERY, UNTOLD, PacedOttoLearn, SharedPace
from bridge.store import call_budgets
from tests.fakes.contexts import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000.0)


@pytest.fixture
def process(engine: Engine, clock: Clock) -> Callable[..., SharedPace]:
    return lambda per_second=0.0, account="1 api": SharedPace(
        engine, account, per_second, lambda: clock.now, clock.sleep
    )


class Api:
    """OttoLearn, which refuses as often as it is told to."""

    def __init__(self, *refusals: float | None) -> None:
        self.refusals = list(refusals)
        self.calls = 0

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool | None) -> Learner:
        self.calls += 1
        if self.refusals:
            raise RemoteUnavailable("too many", status=429, retry_after=self.refusals.pop(0))
        return Learner(user_id, active is not False, dict(attributes))


def update(api: Any, pace: SharedPace) -> Learner:
    return PacedOttoLearn(api, pace).update(7, {"username": "a"}, None)


@pytest.mark.parametrize(("said", "wait"), [(30.0, 30.0), (None, UNTOLD)])
def test_who_is_told_to_wait_tells_all_others(process: Any, clock: Clock, said: float | None, wait: float) -> None:
    one, other, elsewhere, api = process(), process(), process(account="2 api"), Api(said)
    with pytest.raises(RemoteUnavailable):
        update(api, one)
    for pace in (one, other):
        with pytest.raises(RemoteUnavailable) as told:
            update(api, pace)
        assert told.value.status == 429
        assert told.value.retry_after == pytest.approx(wait)
    assert api.calls == 1
    update(api, elsewhere)  # another account of OttoLearn is nobody's business
    clock.now += wait
    assert update(api, other).user_id == 7


def test_another_process_hears_of_it_a_second_later_at_the_latest(process: Any, clock: Clock) -> None:
    one, other, api = process(), process(), Api()
    update(api, other)
    api.refusals = [30.0]
    with pytest.raises(RemoteUnavailable):
        update(api, one)
    clock.now += LOOK_EVERY
    with pytest.raises(RemoteUnavailable):
        update(api, other)
    assert api.calls == 2


def test_a_shorter_wait_does_not_end_a_longer_one(engine: Engine) -> None:
    call_budgets.pause(engine, "x", until=90.0)
    call_budgets.pause(engine, "x", until=20.0)
    assert call_budgets.paused_until(engine, "x") == 90.0
    assert call_budgets.reserve(engine, "x", now=10.0, span=1.0) == 90.0


def test_two_processes_together_keep_to_what_is_configured(process: Any, clock: Clock) -> None:
    paces, began = [process(per_second=4.0), process(per_second=4.0)], clock.now
    for number in range(40):
        paces[number % 2].wait()
    assert clock.now - began == pytest.approx(40 / 4.0, abs=1.0)


def test_what_nobody_used_is_not_made_up_for(process: Any, clock: Clock) -> None:
    pace = process(per_second=4.0)
    pace.wait()
    clock.now += 3600
    began = clock.now
    for _ in range(8):
        pace.wait()
    assert clock.now - began >= 1.5


def test_without_a_limit_nobody_waits_and_the_database_is_asked_once_a_second(
    engine: Engine, process: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(call_budgets, "paused_until", lambda *_: asked.append(clock.now) or 0.0)
    pace = process()
    for _ in range(100):
        pace.wait()
    assert clock.now == 1_000.0
    assert len(asked) == 1


def test_many_threads_share_one_second(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        begins = pool.map(lambda _: call_budgets.reserve(engine, "x", now=100.0, span=0.5), range(8))
    assert sorted(begins) == pytest.approx([100.0 + 0.5 * number for number in range(8)])
