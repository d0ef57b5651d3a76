"""The roster by LTI memberships learns its courses from launches, and only from those that are signed."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.lti import ADAPTER
from adapters.lti.settings import Settings
from bridge.contracts import Connection
from bridge.store import courses
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import OTHER_KEY, claims, token

SERVICE = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
MEMBERS = "https://lms.example.edu/courses/5/members"


@pytest.fixture
def lti(bridge: Bridge) -> Bridge:
    lti13 = bridge.services.connections.configured["campus"].settings.lti13
    bridge.services.connections.configured["campus"] = Connection("campus", ADAPTER, Settings(lti13=lti13))
    return bridge


def launch(bridge: Bridge, said: Any, **how: Any) -> int:
    asked = bridge.login()
    id_token = token({**claims(asked["nonce"], bridge.now), SERVICE: said}, **how)
    return int(
        bridge.client.post("/lti/campus/launch", data={"id_token": id_token, "state": asked["state"]}).status_code
    )


def test_a_launch_leaves_its_course_behind(lti: Bridge) -> None:
    for _ in range(2):
        launch(lti, {"context_memberships_url": MEMBERS})
    assert courses.learned(lti.engine, "campus") == [MEMBERS]


def test_nothing_is_learned_from_a_launch_that_nobody_signed(lti: Bridge) -> None:
    assert launch(lti, {"context_memberships_url": MEMBERS}, key=OTHER_KEY) == 401
    assert courses.learned(lti.engine, "campus") == []


def test_a_course_on_another_site_stops_no_launch_and_is_not_remembered(lti: Bridge) -> None:
    plain = launch(lti, None)
    assert launch(lti, {"context_memberships_url": "https://evil.example.com/m"}) == plain
    assert courses.learned(lti.engine, "campus") == []


def test_an_lms_with_a_roster_of_its_own_learns_no_courses(bridge: Bridge) -> None:
    launch(bridge, {"context_memberships_url": MEMBERS})
    assert courses.learned(bridge.engine, "campus") == []
