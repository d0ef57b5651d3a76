"""Asking again: long enough for a restart, never faster than asked, never for ever."""

from __future__ import annotations

import pytest

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.net.retry import ATTEMPTS, LONGEST_ASKED, LONGEST_WAIT, with_retries
from tests.fakes.contexts import Clock


class Flaky:
    """Fails as long as it has errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_a_passing_fault_does_not_end_a_run() -> None:
    clock = Clock()
    faults = [RemoteUnavailable("x") for _ in range(ATTEMPTS - 1)]
    assert with_retries(Flaky(*faults), clock.context()) == "answer"
    assert clock.slept == [2, 4, 8, 16, 32, LONGEST_WAIT]


def test_a_fault_that_stays_is_raised() -> None:
    with pytest.raises(RemoteUnavailable):
        with_retries(Flaky(*[RemoteUnavailable("x") for _ in range(ATTEMPTS)]), Clock().context())


def test_a_refusal_is_not_asked_again() -> None:
    clock = Clock()
    with pytest.raises(RemoteRefused):
        with_retries(Flaky(RemoteRefused("no")), clock.context())
    assert clock.slept == []


@pytest.mark.parametrize("asked", [0.0, 1.0, LONGEST_ASKED])
def test_what_the_other_side_asks_for_is_waited(asked: float) -> None:
    clock = Clock()
    with_retries(Flaky(RemoteUnavailable("x", retry_after=asked)), clock.context())
    assert clock.slept == [asked]


def test_a_wait_of_hours_is_left_to_the_next_run() -> None:
    clock = Clock()
    with pytest.raises(RemoteUnavailable):
        with_retries(Flaky(RemoteUnavailable("x", retry_after=LONGEST_ASKED + 1)), clock.context())
    assert clock.slept == []


def test_clients_that_started_together_fall_out_of_step() -> None:
    clock = Clock(now=1000.5)
    with_retries(Flaky(RemoteUnavailable("x")), clock.context())
    assert clock.slept == [2 * 1.125]
