from __future__ import annotations

from collections import Counter

import pytest

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.store.sync_items import State


def test_a_creation_whose_answer_was_lost_is_looked_up_and_not_made_twice(either_world, people) -> None:
    world = either_world
    lost = iter([True, False, True, True])
    world.ottolearn.lose = lambda deed: next(lost, False)
    world.lms.members = people(6)
    outcome = world.run()
    assert (outcome.created, outcome.quarantined) == (6, 0)
    assert Counter(deed for deed, _ in world.ottolearn.writes) == {"create": 6}
    assert world.run().unchanged == 6


def test_a_creation_that_never_arrived_is_tried_again(world, people) -> None:
    failures = iter([RemoteUnavailable("no answer in time")] * 3)
    world.ottolearn.fail = lambda deed, attributes: next(failures, None)
    world.lms.members = people(3)
    assert world.run().created == 3


def test_a_username_that_somebody_took_meanwhile_is_quarantined_and_their_user_untouched(world, people) -> None:
    def take(deed, attributes) -> None:
        if attributes["username"] == "p1" and not world.ottolearn.users:
            world.ottolearn.add(77, firstName="By", lastName="Hand", username="p1")

    world.ottolearn.fail = take
    world.lms.members = [people(2)[1]]
    outcome = world.run()
    assert (outcome.created, outcome.quarantined, outcome.reasons) == (0, 1, {"refused_409": 1})
    assert world.ottolearn.users[77].attributes["firstName"] == "By"
    assert len(world.ottolearn.users) == 1


def test_too_many_requests_is_waited_out_as_long_as_asked(world, people) -> None:
    began, refused = world.time, iter([True] * 3)
    world.ottolearn.fail = lambda deed, attributes: (
        RemoteUnavailable("slow down", status=429, retry_after=30) if next(refused, False) else None
    )
    world.change(writes_at_once=1)
    world.lms.members = people(2)
    outcome = world.run()
    assert (outcome.created, outcome.quarantined) == (2, 0)
    assert world.time - began >= 3 * 30


def test_an_ottolearn_that_is_gone_ends_the_run_and_loses_nothing(world, people) -> None:
    world.lms.members = people(60)
    world.ottolearn.fail = lambda deed, attributes: (
        RemoteUnavailable("no connection") if len(world.ottolearn.users) >= 20 else None
    )
    outcome = world.run()
    assert (outcome.status, outcome.reason, outcome.exit_code) == ("failed", "unavailable", 1)
    world.ottolearn.fail = lambda deed, attributes: None
    assert outcome.created + world.run().created == 60
    assert Counter(deed for deed, _ in world.ottolearn.writes) == {"create": 60}


def test_an_api_user_who_lost_its_rights_ends_the_run_at_once(world, people) -> None:
    world.lms.members = people(60)
    asked = []

    def refuse(deed, attributes) -> RemoteRefused:
        asked.append(deed)
        return RemoteRefused("OttoLearn refuses the API user", status=403)

    world.ottolearn.fail = refuse
    outcome = world.run()
    assert (outcome.status, outcome.quarantined, len(asked) <= 2 * 8) == ("failed", 0, True)


def test_an_update_that_fails_for_a_while_is_tried_again_by_itself(world, people, make_member) -> None:
    world.lms.members = people(3)
    world.run()
    failures = iter([RemoteUnavailable("502", status=502)] * 3)
    world.ottolearn.fail = lambda deed, attributes: next(failures, None)
    world.lms.members = [make_member("p0", first="New"), *people(3)[1:]]
    assert (world.run().updated, world.ottolearn.users[1].attributes["firstName"]) == (1, "New")


def test_every_write_stands_in_the_journal_before_it_is_made(world, people) -> None:
    states = []

    def look(deed, attributes) -> None:
        items = {item.student_id: item.state for item in world.items(1, "create")}
        states.append(items[attributes["username"]])

    world.ottolearn.fail = look
    world.lms.members = people(5)
    world.run()
    assert states == [State.SENT] * 5
    assert {item.state for item in world.items(1)} == {State.DONE}


def test_passwords_are_long_and_stand_nowhere(world, people) -> None:
    world.lms.members = people(1)
    world.run()
    world.engine.dispose()
    assert b"a long password" not in b"".join(p.read_bytes() for p in world.directory_path.iterdir())


@pytest.mark.parametrize("at_once", [1, 4])
def test_never_more_calls_at_once_than_allowed(world, people, at_once) -> None:
    import threading

    lock, now, most = threading.Lock(), [0], [0]

    def count(deed, attributes, password="", active=True):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            return create(deed, attributes)
        finally:
            with lock:
                now[0] -= 1

    create = world.ottolearn.create
    world.ottolearn.create = lambda attributes, password, active=True: count(attributes, password)
    world.change(writes_at_once=at_once)
    world.lms.members = people(40)
    assert (world.run().created, most[0] <= at_once) == (40, True)
