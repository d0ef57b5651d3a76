from __future__ import annotations

import pytest

from bridge.sync.pace import FORGET, Pace


class Server:
    """So many calls a window of so many seconds; counts what it refused."""

    def __init__(self, limit: int, window: float) -> None:
        self.limit, self.window = limit, window
        self.count, self.number, self.refusals = 0, -1, [0] * 1000

    def call(self, now: float) -> float | None:
        """Retry-After, or None where the call is taken."""
        number = int(now // self.window)
        if number != self.number:
            self.number, self.count = number, 0
        if self.count >= self.limit:
            self.refusals[number] += 1
            return (number + 1) * self.window - now
        self.count += 1
        return None


def drive(pace: Pace, server: Server, until: float, latency: float = 0.05, late: float = 0.0) -> int:
    """Keep workers busy against the server in simulated time; how many calls were taken.

    `late`: seconds by which a machine with other work to do comes to it late, each time.
    """
    now, taken, under_way = 0.0, 0, []
    while now < until:
        pause = pace.wait(len(under_way), now)
        if pause == 0:
            pace.sent(now)
            under_way.append((now + latency, server.call(now)))
            continue
        soonest = min((ends for ends, _ in under_way), default=float("inf"))
        now = late + min(soonest, now + pause if pause is not None else float("inf"))
        for ends, retry_after in [call for call in under_way if call[0] <= now]:
            under_way.remove((ends, retry_after))
            if retry_after is None:
                taken += 1
                pace.accepted(now)
            else:
                pace.refused(now, max(0.0, retry_after - latency))
    return taken


def test_after_two_windows_the_limit_is_kept_and_four_fifths_of_it_used() -> None:
    server = Server(limit=100, window=10.0)
    taken = drive(Pace(8, lambda: 0.5), server, until=200.0)
    assert sum(server.refusals[3:]) == 0
    assert taken >= 0.8 * 100 * 20


@pytest.mark.parametrize("late", [0.03, 0.1])
def test_a_machine_with_other_work_to_do_uses_the_limit_too_and_keeps_it(late: float) -> None:
    server = Server(limit=300, window=10.0)
    taken = drive(Pace(8, lambda: 0.5), server, until=200.0, late=late)
    assert sum(server.refusals[3:]) == 0
    assert taken >= 0.8 * 300 * 20


def test_nothing_goes_out_before_the_time_that_was_asked_for() -> None:
    pace = Pace(8, lambda: 0.5)
    pace.refused(100.0, 30.0)
    assert (pace.wait(0, 100.0), pace.wait(0, 129.0), pace.wait(0, 130.0)) == (30.0, 1.0, 0.0)


def test_refusals_halve_what_goes_out_at_once_and_answers_win_it_back() -> None:
    pace = Pace(8, lambda: 0.5)
    pace.refused(0.0, 1.0)
    assert (pace.wait(3, 2.0), pace.wait(4, 2.0)) == (0.0, None)
    for _ in range(40):
        pace.accepted(3.0)
    assert (pace.wait(7, 4.0), pace.wait(8, 4.0)) == (0.0, None)


def test_several_refusals_of_one_moment_count_once() -> None:
    pace = Pace(8, lambda: 0.5)
    for _ in range(6):
        pace.refused(0.0, 5.0)
    assert pace.wait(3, 6.0) == 0.0


def test_waits_grow_and_are_spread_where_nobody_says_how_long() -> None:
    early, late = Pace(8, lambda: 0.0), Pace(8, lambda: 1.0)
    assert [early.backoff(n) for n in (0, 1, 2, 9)] == [0.5, 1.0, 2.0, 30.0]
    assert [late.backoff(n) for n in (0, 1, 2, 9)] == [1.0, 2.0, 4.0, 60.0]


def test_a_learned_rate_is_forgotten_in_time() -> None:
    pace = Pace(1, lambda: 0.5)
    pace.refused(0.0, 10.0)
    pace.accepted(15.0)
    pace.refused(16.0, 4.0)
    pace.sent(20.0)
    assert (pace.wait(0, 21.0) or 0) > 0
    pace.accepted(20.0 + FORGET + 1)
    pace.sent(400.0)
    assert pace.wait(0, 400.0) == 0.0
