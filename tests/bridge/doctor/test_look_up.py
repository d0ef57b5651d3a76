"""Whether a look-up works is found out with somebody of the roster, before a learner needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.contracts import RECORD, Adapter, Connection, RosterMember, Student
from bridge.doctor.look_up import try_look_up
from bridge.errors import ConfigError, RemoteRefused
from tests.fakes.contexts import Clock

ANA = RosterMember(Student("A1", "Ana", "García"), {RECORD: "3"})


def tried(answer: Callable[..., Sequence[RosterMember]], roster: list[RosterMember] | None = None) -> Any:
    clock = Clock()
    adapter: Adapter[Any] = Adapter(name="t", title="T", settings=SimpleNamespace, look_up=answer)
    connection = Connection("campus", adapter, SimpleNamespace(student_id="x"))
    return try_look_up(connection, clock.context(), [ANA] if roster is None else roster)


def refusing(error: Exception) -> Callable[..., Sequence[RosterMember]]:
    def ask(*_: object) -> Sequence[RosterMember]:
        raise error

    return ask


def slowly(_: object, context: Any, __: str) -> Sequence[RosterMember]:
    context.sleep(3.0)
    return [ANA]


@pytest.mark.parametrize(
    ("answer", "state", "told"),
    [
        (lambda *_: [ANA], "ok", "found"),
        (lambda *_: [], "failed", "0 people"),
        (lambda *_: [ANA, ANA], "failed", "2 people"),
        (lambda *_: [ANA._replace(fields={RECORD: "4"})], "failed", "another record"),
        (refusing(RemoteRefused("the token lacks a right")), "failed", "lacks a right"),
        (refusing(ConfigError(["no api"])), "failed", "no api"),
        (slowly, "look", "3.0 s"),
    ],
)
def test_what_a_learner_would_meet_is_told_before(answer: Any, state: str, told: str) -> None:
    found = tried(answer)
    assert (found.state, told in found.detail) == (state, True)
    assert "A1" not in found.detail
    assert "Ana" not in found.detail


def test_a_roster_without_ids_has_nobody_to_try_it_with() -> None:
    nameless = ANA._replace(student=Student("", "Ana", ""))
    assert tried(lambda *_: [ANA], [nameless, ANA._replace(active=False)]).state == "look"
