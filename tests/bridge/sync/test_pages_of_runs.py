"""The record of runs and the people of a run a page at a time: nobody shown twice, nobody left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from bridge.contracts import RosterMember
from bridge.store import sync_items, sync_runs
from bridge.store.sync_items import Kind, State
from tests.bridge.sync.world import World, member

People = Callable[[int], Sequence[RosterMember]]


def numbers(world: World, run: int, size: int, **asked: object) -> list[int]:
    found: list[int] = []
    while page := sync_items.page(world.engine, run, size, after=found[-1] if found else -1, **asked):  # type: ignore[arg-type]
        assert len(page) <= size
        found.extend(item.number for item in page)
    return found


def test_every_page_of_a_plan_goes_on_after_the_last(either_world: World, people: People) -> None:
    world = either_world
    world.lms.members = list(people(7))
    run = world.plan().run
    everybody = [item.number for item in world.items(run)]
    assert numbers(world, run, 2) == numbers(world, run, 100) == everybody
    assert len(everybody) == 7


def test_a_plan_is_narrowed_to_what_is_asked_for(either_world: World) -> None:
    world = either_world
    world.lms.members = [member("a1"), member("A2"), member("ab"), member("b1")]
    world.run()
    world.lms.members = [member("a1", first="Other"), member("A2"), member("c1")]
    run = world.plan().run
    kinds = {kind: len(numbers(world, run, 1, kinds=[kind])) for kind in Kind}
    assert {kind: number for kind, number in kinds.items() if number} == {
        Kind.UPDATE: 1,
        Kind.CREATE: 1,
        Kind.DEACTIVATE: 2,
    }
    assert len(numbers(world, run, 1, states=[State.PLANNED])) == 4
    assert numbers(world, run, 1, states=[State.HELD]) == []
    assert len(numbers(world, run, 1, key="a")) == 2
    assert len(numbers(world, run, 1, key="ab")) == 1
    assert len(numbers(world, run, 1, key="%")) == len(numbers(world, run, 1, key="_")) == 0
    assert len(numbers(world, run, 1, key="a", kinds=[Kind.UPDATE])) == 1


def test_every_page_of_the_record_goes_on_after_the_last(either_world: World, people: People) -> None:
    world = either_world
    world.lms.members = list(people(1))
    for name in ("campus", "other", "campus"):
        world.run(name)
    world.engine.dispose()
    found = [sync_runs.page(world.engine, 1, before=before) for before in (None, 3, 2, 1)]
    assert [[run.id for run in page] for page in found] == [[3], [2], [1], []]
    assert [run.id for run in sync_runs.page(world.engine, 9, connection="campus")] == [3, 1]


@pytest.mark.parametrize(("look_ups", "ids"), [(False, [1]), (True, [2, 1])])
def test_runs_for_one_launch_do_not_crowd_out_the_others(world: World, look_ups: bool, ids: list[int]) -> None:
    world.run()
    sync_runs.begin(world.engine, 1, now=1.0, full=False, settings="", look_up=True)
    assert [run.id for run in sync_runs.page(world.engine, 9, look_ups=look_ups)] == ids
