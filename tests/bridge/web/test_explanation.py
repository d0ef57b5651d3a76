"""What an administrator is told who has the reference of a launch."""

from __future__ import annotations

import pytest

from bridge.contracts import Learner
from bridge.doctor.explanation import Explanation, Finds, explain, find_launch
from bridge.learners.linking import link
from bridge.store.launches import LINK, Reached
from tests.bridge.web.conftest import LEARNERS, Bridge

SIS = "https://purl.imsglobal.org/spec/lti/claim/lis"


def explained(bridge: Bridge, typed: str | None = None) -> Explanation:
    line = find_launch(bridge.engine, typed or bridge.record()[0].reference)
    assert line is not None
    return explain(bridge.engine, bridge.services.directory, bridge.services.connections.find, line)


def launch_as(bridge: Bridge, student_id: str) -> None:
    bridge.launch13(**{SIS: {"person_sourcedid": student_id}})


def test_a_launch_that_got_in_names_its_user_and_the_attribute(bridge: Bridge) -> None:
    bridge.launch13()
    found = explained(bridge)
    assert found.reached == Reached(1, "username")
    assert found.learner == LEARNERS[0]
    assert found.finds == Finds((1,), "username")
    assert found.advice is None
    assert all(held for _, held in found.checks)


def test_a_launch_by_a_link_says_so(bridge: Bridge) -> None:
    link(bridge.engine, "campus", "nobody", 1, ["username"], now=1.0)
    launch_as(bridge, "nobody")
    assert explained(bridge).reached == Reached(1, LINK)


def test_who_was_linked_since_is_shown_as_found_now(bridge: Bridge) -> None:
    launch_as(bridge, "nobody")
    found = explained(bridge)
    assert (found.reached, found.finds) == (None, Finds((), ""))
    assert found.advice is not None
    link(bridge.engine, "campus", "nobody", 1, ["username"], now=1.0)
    assert explained(bridge).finds == Finds((1,), LINK)


@pytest.mark.parametrize(
    ("student_id", "finds"), [("twice", Finds((2, 3), "")), ("gone", Finds((4,), "username", active=False))]
)
def test_several_users_and_an_inactive_one_are_told_from_nobody(bridge: Bridge, student_id: str, finds: Finds) -> None:
    launch_as(bridge, student_id)
    assert explained(bridge).finds == finds


def test_a_link_with_a_user_who_is_gone_finds_nobody(bridge: Bridge) -> None:
    link(bridge.engine, "campus", "nobody", 1, ["username"], now=1.0)
    bridge.learners = [Learner(9, True, {"username": "x"})]
    bridge.services.directory.refresh(accept_fewer=True)
    launch_as(bridge, "nobody")
    assert explained(bridge).finds == Finds((), "")


def test_a_request_that_names_nobody_looks_nobody_up(bridge: Bridge) -> None:
    bridge.client.post("/lti/campus/launch", data={"id_token": "a.b.c", "state": "x"})
    assert explained(bridge).finds is None


def test_a_reference_heard_over_the_telephone_finds_the_launch(bridge: Bridge) -> None:
    bridge.launch13()
    reference = bridge.record()[0].reference
    assert explained(bridge, f" {reference.replace('-', ' ').lower()} ").line.reference == reference
    assert find_launch(bridge.engine, "") is None
    assert find_launch(bridge.engine, "2222-2222") is None
