"""Nothing that another process must know is kept in memory: a browser may reach another machine with each request."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from bridge.admin.roles import Role
from bridge.config.configuration import Configuration
from bridge.errors import LaunchRejected
from bridge.install.registration import INVITATION_LIVES, Invitation, invite
from bridge.launch.rate_limits import LAUNCHES_OF_STUDENT
from bridge.net.http import Outbound
from bridge.scim import tokens
from bridge.store import one_time
from bridge.web.admin.services import build_admin
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge, Campus, serving
from tests.fakes.lti_platform import BRIDGE, CLIENT, ISSUER, LAUNCH_URL, claims, query_of, token
from tests.fakes.registering import TOKEN, RegisteringPlatform

PERSON = {"lis": {"person_sourcedid": "E1"}}
CODE = "an-invitation-code"


@pytest.fixture
def bridge_database(database_url: str) -> str:
    return database_url


@pytest.fixture
def other(bridge: Bridge, configuration: Configuration, loopback: Outbound) -> Iterator[Bridge]:
    """Another process of the same configuration: it has opened the database, and shares nothing else with the first."""
    with serving(configuration, loopback, "other") as found:
        yield found


def browser(process: Bridge) -> FlaskClient:
    """A browser without cookies of its own."""
    return process.client.application.test_client(use_cookies=False)


def login(process: Bridge) -> tuple[dict[str, str], str]:
    """A login: the authentication request that came of it, and the cookies that the browser got."""
    asked = {"iss": ISSUER, "login_hint": "u", "target_link_uri": LAUNCH_URL, "client_id": CLIENT}
    answer = browser(process).post("/lti/campus/login", data=asked)
    cookies = "; ".join(line.partition(";")[0] for line in answer.headers.getlist("Set-Cookie"))
    return query_of(answer.location), cookies


def launch(process: Bridge, asked: dict[str, str], cookies: str) -> Any:
    fields = {"id_token": token(claims(asked["nonce"], process.now, **PERSON)), "state": asked["state"]}
    return browser(process).post("/lti/campus/launch", data=fields, headers={"Cookie": cookies})


def test_a_login_at_one_is_a_launch_at_the_other_and_only_once(bridge: Bridge, other: Bridge) -> None:
    asked, cookies = login(bridge)
    assert launch(other, asked, cookies).status_code == 303
    assert [launch(process, asked, cookies).status_code for process in (bridge, other)] == [400, 400]
    assert [line.outcome for line in bridge.record()] == ["rejected", "rejected", "matched"]


def test_keys_of_an_lms_that_is_down_are_known_from_the_other(bridge: Bridge, other: Bridge, campus: Campus) -> None:
    assert launch(bridge, *login(bridge)).status_code == 303
    campus.down = True
    assert launch(other, *login(other)).status_code == 303


def test_tries_are_counted_over_both(bridge: Bridge, other: Bridge) -> None:
    for number in range(LAUNCHES_OF_STUDENT.most):
        process = (bridge, other)[number % 2]
        assert process.services.limits.count(LAUNCHES_OF_STUDENT, "campus", "E1") == number + 1
    for process in (bridge, other):
        with pytest.raises(LaunchRejected):
            process.services.limits.count(LAUNCHES_OF_STUDENT, "campus", "E1")


def test_a_session_of_an_administrator_holds_at_both_and_ends_at_both(bridge: Bridge, other: Bridge) -> None:
    here, there = (AdminBrowser(one.client, build_admin(one.services)) for one in (bridge, other))
    here.sign_in(Role.OWNER)
    there.client.set_cookie("__Host-ottobridge-admin", here.token, domain="bridge.example.edu")
    there.token = here.token
    assert there.get("/admin").status_code == 200
    assert there.post("/admin/sign-out").status_code == 303
    assert [browser.get("/admin").status_code for browser in (here, there)] == [303, 303]


def test_an_invitation_is_used_once_wherever_the_lms_lands(bridge: Bridge, other: Bridge) -> None:
    invite(bridge.engine, Invitation("new-lms", "moodle", "idnumber", (), bridge.now + INVITATION_LIVES), CODE)
    with RegisteringPlatform() as lms:
        sent = {"invitation": CODE, "openid_configuration": lms.configuration_url, "registration_token": TOKEN}
        address = f"{BRIDGE}/lti/register?{urlencode(sent)}"
        assert other.client.get(address).status_code == 200
        assert [process.client.get(address).status_code >= 400 for process in (bridge, other)] == [True, True]
        for process in (bridge, other):
            assert process.services.connections.find("new-lms") is not None


def test_what_may_be_used_once_is_used_once_by_all_threads_of_both(bridge: Bridge, other: Bridge) -> None:
    """As a nonce of LTI 1.1 is, and the state of a launch."""
    engines = (bridge.engine, other.engine)
    with ThreadPoolExecutor(8) as threads:
        used = threads.map(lambda at: one_time.consume(engines[at % 2], "the same", 2.0), range(32))
        assert sum(used) == 1


def test_a_scim_token_that_is_revoked_at_one_opens_nothing_at_the_other(bridge: Bridge, other: Bridge) -> None:
    secret = tokens.make(bridge.engine, "campus", bridge.now)
    known = tokens.Tokens(other.engine)
    assert known.let_in("campus", secret, bridge.now)
    (row,) = tokens.scim_tokens.every(bridge.engine, "campus")
    tokens.scim_tokens.revoke(bridge.engine, "campus", row.id, bridge.now)
    assert not known.let_in("campus", secret, bridge.now + tokens.KNOWN_FOR)
