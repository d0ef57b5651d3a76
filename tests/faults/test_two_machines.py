"""Two `ottobridge serve` on one PostgreSQL, as two machines behind a proxy: what begins at one goes on at the other."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest
import requests

from bridge.admin.accounts import Accounts
from bridge.admin.roles import Role
from bridge.store.engine import migrate, open_database
from bridge.store.rates import Limits
from tests.fakes.lti_platform import CLIENT, FORM, ISSUER, claims, query_of, sign, token
from tests.faults.launching import Crowd
from tests.faults.standing import CONSUMER, PATIENCE, SECRET, Standing, standing, wait_for
from tests.fixtures_database import create_database

pytestmark = pytest.mark.postgresql
PUBLIC = "https://bridge.example.edu"
LAUNCH = "/lti/campus/launch"
PASSWORD = "a password that nobody else has"


@pytest.fixture(scope="module")
def machines(postgresql_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Standing, Standing]]:
    database = create_database(postgresql_server)
    _make_administrator(database)
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(standing(tmp_path_factory.mktemp(name), database, "--workers", "1"))
            for name in ("first", "second")
        )
        for world in (first, second):
            world.configure(public_url=PUBLIC)
            world.start()
        for world in (first, second):
            wait_for(Crowd(world).ready, "the bridge is ready", 2 * PATIENCE)
        yield first, second


def _make_administrator(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    assert Accounts(engine, Limits(engine, time.time), time.time).create("ada", Role.OWNER, PASSWORD)
    engine.dispose()


def ask(
    world: Standing, method: str, path: str, cookies: Mapping[str, str] | None = None, **fields: str
) -> requests.Response:
    """As the proxy asks for a browser with these cookies."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
    headers |= {"Host": "bridge.example.edu"}
    return requests.request(
        method, f"{world.url}{path}", data=fields, headers=headers, allow_redirects=False, timeout=2 * PATIENCE
    )


def test_a_login_at_one_is_a_launch_at_the_other_and_at_none_a_second_time(machines: tuple[Standing, Standing]) -> None:
    first, second = machines
    asked = {"iss": ISSUER, "login_hint": "u", "target_link_uri": f"{PUBLIC}{LAUNCH}", "client_id": CLIENT}
    login = ask(first, "POST", "/lti/campus/login", **asked)
    went = query_of(login.headers["Location"])
    changes = {"lis": {"person_sourcedid": "E0000002"}, "target_link_uri": f"{PUBLIC}{LAUNCH}"}
    fields = {"id_token": token(claims(went["nonce"], time.time(), **changes)), "state": went["state"]}
    cookies = login.cookies.get_dict()
    assert ask(second, "POST", LAUNCH, cookies, **fields).status_code == 303
    assert [ask(world, "POST", LAUNCH, cookies, **fields).status_code for world in machines] == [400, 400]


def test_a_nonce_that_was_used_at_one_is_used_at_the_other(machines: tuple[Standing, Standing]) -> None:
    first, second = machines
    fields = {**FORM, "lis_person_sourcedid": "E0000003", "user_id": "user-3"}
    signed = dict(
        sign(f"{PUBLIC}{LAUNCH}", fields, key=CONSUMER, secret=SECRET, timestamp=time.time(), nonce="seen once")
    )
    assert ask(first, "POST", LAUNCH, **signed).status_code == 303
    again = ask(second, "POST", LAUNCH, **signed)
    assert (again.status_code, "Location" in again.headers) == (400, False)


def test_who_signs_in_at_one_is_signed_in_at_the_other_and_signs_out_of_both(
    machines: tuple[Standing, Standing],
) -> None:
    first, second = machines
    form = ask(first, "GET", "/admin/sign-in")
    sent = {"name": "ada", "password": PASSWORD, "csrf": csrf_of(form.text)}
    entered = ask(second, "POST", "/admin/sign-in", form.cookies.get_dict(), **sent)
    assert entered.status_code == 303, entered.text
    cookies = entered.cookies.get_dict()
    page = ask(first, "GET", "/admin", cookies)
    assert (page.status_code, "ada" in page.text) == (200, True)
    assert ask(second, "POST", "/admin/sign-out", cookies, csrf=csrf_of(page.text)).status_code == 303
    assert [ask(world, "GET", "/admin", cookies).status_code for world in machines] == [303, 303]


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]
