"""What hangs on other connections is decided by what they say in that moment, not when the plan was made."""

from __future__ import annotations

import threading

import pytest

from bridge.store import people as ledger
from bridge.store import sync_people
from bridge.store.people import Origin, Person
from bridge.store.sync_people import Membership
from bridge.sync import journal
from bridge.sync.journal import JournalContext
from bridge.sync.stale import PlanStale
from bridge.sync.target import configured_rules, target_of
from tests.bridge.sync.world import USERNAMES


def is_active(world, username: str) -> bool:
    return world.ottolearn.by_username(username).active


@pytest.fixture
def two(either_world, people, make_lms):
    """`world.c` and `world.h`, the rosters of two connections; whoever leaves one is deactivated at once.

    Both have been synced; p3 was on the first alone, and is on the second by now.
    """
    world = either_world
    world.c, world.h = make_lms(people(4)), make_lms(people(3))
    world.run("c", world.c)
    world.run("h", world.h)
    world.h.members = people(4)
    return world


def journal_context_of(world, name: str, lms) -> JournalContext:
    connection = world.sync(name, lms)._target.connection
    target = target_of(connection, USERNAMES, "api", world.engine)
    return JournalContext(world.engine, target.source, target.ledger, configured_rules(target), world.now)


# Leaving both.
def test_who_leaves_two_rosters_while_both_plans_are_open_is_reported_and_deactivated(two, people) -> None:
    two.run("h", two.h)
    two.c.members = two.h.members = people(3)
    plans = {name: two.plan(name, lms).run for name, lms in (("c", two.c), ("h", two.h))}
    assert two.apply(plans["c"], "c", two.c).reasons == {"on_another_roster": 1}
    assert two.apply(plans["h"], "h", two.h).reasons == {"left_by_all": 1}
    assert two.run("h", two.h).deactivated == 1
    assert not is_active(two, "p3")
    assert two.run("c", two.c).status == two.run("h", two.h).status == "done"


def test_of_two_connections_that_let_go_in_the_same_moment_one_keeps_the_person(two, people) -> None:
    two.run("h", two.h)
    two.c.members = two.h.members = people(3)
    plans = {name: two.plan(name, lms).run for name, lms in (("c", two.c), ("h", two.h))}
    memories = {name: journal_context_of(two, name, lms) for name, lms in (("c", two.c), ("h", two.h))}
    with two.engine.begin() as connection:
        sync_people.lock_snapshots(connection)
        other = threading.Thread(target=journal.apply_without_writes, args=(memories["h"], plans["h"]))
        other.start()
        other.join(0.3)  # it waits for this transaction; if it has not come so far, it sees what this one wrote
        sync_people.set_membership(connection, memories["c"].source, ["p3"], Membership.LET_GO)
    other.join()
    [item] = two.items(plans["h"], "let_go")
    assert item.reason == "left_by_all"


# Moving.
def test_a_plan_made_before_somebody_moved_to_another_roster_does_not_deactivate_them(two, people) -> None:
    two.c.members = people(3)
    plan = two.plan("c", two.c).run
    two.run("h", two.h)
    with pytest.raises(PlanStale):
        two.apply(plan, "c", two.c)
    assert is_active(two, "p3")


def test_who_moves_while_the_old_roster_is_being_written_is_not_deactivated(two, people, make_member) -> None:
    two.change(writes_at_once=1)  # four creations, then two who move, then one who leaves: two at a time
    two.c.members = people(6)
    two.run("c", two.c)
    two.h.members = people(5)
    two.c.members = [*people(3), *[make_member(f"new{n}") for n in range(4)]]
    moves = iter([lambda: two.run("h", two.h)])
    two.ottolearn.fail = lambda deed, attributes: next(moves, lambda: None)() and None
    outcome = two.run("c", two.c)
    assert (outcome.created, outcome.deactivated, outcome.reasons) == (4, 1, {"on_another_roster": 2})
    assert [is_active(two, f"p{n}") for n in (3, 4, 5)] == [True, True, False]


def test_who_moves_while_the_deactivation_is_out_gets_their_access_back_at_the_next_run(two, people) -> None:
    two.c.members = people(3)
    moves = iter([lambda: two.run("h", two.h)])
    two.ottolearn.fail = lambda deed, attributes: next(moves, lambda: None)() and None
    assert two.run("c", two.c).deactivated == 1
    assert two.run("h", two.h).reactivated == 1
    assert is_active(two, "p3")
    assert two.run("h", two.h).unchanged == 4


def test_a_plan_to_take_over_somebody_whom_their_old_roster_has_deactivated_since_is_refused(two, people) -> None:
    plan = two.plan("h", two.h).run
    two.c.members = people(3)
    assert two.run("c", two.c).deactivated == 1
    with pytest.raises(PlanStale):
        two.apply(plan, "h", two.h)
    assert two.run("h", two.h).reactivated == 1


def test_who_was_deactivated_between_the_plan_and_the_taking_over_gets_their_access_back(two, people) -> None:
    plan = two.plan("h", two.h).run
    two.c.members = people(3)
    two.run("c", two.c)
    journal.apply_without_writes(journal_context_of(two, "h", two.h), plan)
    assert two.run("h", two.h).reactivated == 1
    assert two.run("h", two.h).unchanged == 4


def test_somebody_who_was_deactivated_by_a_roster_and_activated_by_hand_is_looked_at_twice_and_no_more(two) -> None:
    two.c.members = two.c.members[:3]
    two.run("c", two.c)
    two.ottolearn.edit("p3", active=True)
    two.run("h", two.h)
    two.run("h", two.h)
    assert two.items(two.run("h", two.h).run) == []


# Usernames that were changed by hand.
@pytest.mark.parametrize("planned", [True, False])
def test_an_account_that_carries_an_id_of_another_roster_by_now_is_not_deactivated(
    two, people, make_member, planned
) -> None:
    two.h.members = [*people(3), make_member("q1")]
    two.run("h", two.h)
    two.c.members = people(3)
    plan = two.plan("c", two.c).run if planned else 0
    two.ottolearn.edit("q1", username="q1-before")
    two.ottolearn.edit("p3", username="q1")
    outcome = two.apply(plan, "c", two.c) if planned else two.run("c", two.c)
    assert (outcome.deactivated, outcome.reasons) == (0, {"renamed_in_ottolearn": 1})
    assert is_active(two, "q1")
    two.ottolearn.edit("q1", username="p3")
    assert two.run("c", two.c).deactivated == 1


def test_an_account_by_whose_new_id_somebody_launches_elsewhere_is_not_deactivated(two, people) -> None:
    now = (two.time,) * 3
    person = Person("web", "lti13", "sub-1", "L1", two.ottolearn.by_username("p3").user_id, Origin.LAUNCH, *now)
    ledger.bind(two.engine, person, None)
    two.ottolearn.edit("p3", username="L1")
    two.c.members = people(3)
    assert two.run("c", two.c).reasons == {"renamed_in_ottolearn": 1}


def test_a_corrected_username_does_not_keep_the_account_of_somebody_who_left_open(two, people) -> None:
    two.ottolearn.edit("p3", username="p3-corrected")
    two.c.members = people(3)
    assert two.run("c", two.c).deactivated == 1
    assert not is_active(two, "p3-corrected")


def test_an_account_that_still_has_one_id_of_the_person_is_deactivated(two, people, make_member) -> None:
    two.change(attributes={"username": "login", "employeeId": "number"})
    two.c.members = [*people(3), make_member("s1", number="0042")]
    two.run("c", two.c)
    two.h.members = [*people(3), make_member("q1")]
    two.run("h", two.h)
    user_id = two.ottolearn.by_username("s1").user_id
    two.ottolearn.edit(two.ottolearn.by_username("q1").user_id, username="q1-before")
    two.ottolearn.edit(user_id, username="q1")
    two.c.members = people(3)
    assert two.run("c", two.c).deactivated == 1
    assert not two.ottolearn.users[user_id].active


def test_an_id_that_left_the_other_roster_long_ago_spares_nobody(two, people, make_member) -> None:
    two.h.members = [*people(3), make_member("q1")]
    two.run("h", two.h)
    two.h.members = people(3)
    assert two.run("h", two.h).deactivated == 1
    two.ottolearn.edit("q1", username="q1-before")
    two.ottolearn.edit("p3", username="q1")
    two.c.members = people(3)
    assert two.run("c", two.c).deactivated == 1
