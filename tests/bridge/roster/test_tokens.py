"""Access tokens: kept while they are good, renewed once when they are refused, and never told to anybody."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.roster.tokens import (
    RENEWALS,
    AccessToken,
    TokenRequest,
    TokenSession,
    client_credentials,
    fetch_token,
    password_grant,
)
from tests.fakes.contexts import Clock
from tests.fakes.serving import FakeServer, Reply, Request


class Service(FakeServer):
    """Gives tokens t1, t2, … and takes the last one alone."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.given = 0
        self.good = True

    def _answer(self, request: Request) -> Reply:
        if request.path == "/token":
            self.given += 1
            return Reply(200, json.dumps({"access_token": f"t{self.given}", "expires_in": 3600}).encode())
        known = self.good and request.headers.get("authorization") == f"Bearer t{self.given}"
        return Reply(200 if known else 401, b"{}")


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service


def session(service: Service, clock: Clock) -> TokenSession:
    context = clock.context()
    request = client_credentials(f"{service.url}/token", "client", "secret")
    return TokenSession(AccessToken(lambda: fetch_token(request, context.outbound), context.now), context)


def test_a_token_is_asked_for_once_while_it_is_good(service: Service) -> None:
    clock = Clock()
    calls = session(service, clock)
    assert [calls.get(service.url).status for _ in range(3)] == [200, 200, 200]
    assert service.given == 1
    clock.now += 3600 - 59
    calls.get(service.url)
    assert service.given == 2


def test_a_token_that_is_refused_in_the_middle_is_renewed_once(service: Service) -> None:
    calls = session(service, Clock())
    calls.get(service.url)
    service.given += 1  # somebody else signed in
    assert calls.get(service.url).status == 200
    service.good = False
    before = service.given
    assert calls.get(service.url).status == 401
    assert service.given == before + 1


def test_a_token_that_never_was_good_is_not_renewed(service: Service) -> None:
    service.good = False
    assert session(service, Clock()).get(service.url).status == 401
    assert service.given == 1


def test_two_that_take_each_others_token_away_do_not_go_on_for_ever(service: Service) -> None:
    calls = session(service, Clock())
    calls.get(service.url)
    for _ in range(RENEWALS):
        service.given += 1
        calls.get(service.url)
    service.given += 1
    with pytest.raises(RemoteRefused, match="somebody else signs in as the same client"):
        calls.get(service.url)


def test_an_interruption_is_waited_for_unless_nobody_may_wait(service: Service) -> None:
    clock = Clock()
    calls = session(service, clock)
    service.fail_next(Reply(503), times=2, where="/?")
    service.fail_next(Reply(503), times=2, where="/token")
    assert calls.get(service.url).status == 200
    assert clock.slept
    service.fail_next(Reply(503), times=1, where="/?")
    at_once = TokenSession(AccessToken(lambda: ("t1", 60.0), lambda: 0.0), clock.context(), wait=False)
    with pytest.raises(RemoteUnavailable):
        at_once.get(service.url)


@pytest.mark.parametrize("auth", ["basic", "body"])
def test_the_client_stands_in_one_place_alone(service: Service, auth: str) -> None:
    outbound = Clock().context().outbound
    request = client_credentials(f"{service.url}/token", "me & co", "s:é", scope="read", client_auth=auth)  # type: ignore[arg-type]
    fetch_token(request, outbound)
    sent = service.seen[-1]
    form = dict(sent.parameters())
    assert (form["grant_type"], form["scope"]) == ("client_credentials", "read")
    if auth == "basic":
        pair = base64.b64encode(b"me%20%26%20co:s%3A%C3%A9").decode()
        assert (sent.headers["authorization"], form.get("client_secret")) == (f"Basic {pair}", None)
    else:
        assert (sent.headers.get("authorization"), form["client_id"], form["client_secret"]) == (None, "me & co", "s:é")


def test_a_password_or_json_is_sent_as_the_endpoint_wants_it(service: Service) -> None:
    outbound = Clock().context().outbound
    fetch_token(password_grant(f"{service.url}/token", "c", "s", "ann", "pw"), outbound)
    assert dict(service.seen[-1].parameters()) == {
        "grant_type": "password",
        "username": "ann",
        "password": "pw",
        "client_id": "c",
        "client_secret": "s",
    }
    fetch_token(TokenRequest(f"{service.url}/token", {"scope": {"userId": "a"}}, ("c", "s"), as_json=True), outbound)
    assert json.loads(service.seen[-1].body) == {"scope": {"userId": "a"}}


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("invalid_client", "`client_auth: body`"),
        ("invalid_scope", "asked for the scope read: give the client that right, or set `scope`"),
    ],
)
def test_a_refusal_says_what_to_change_and_no_secret(service: Service, said: str, hint: str) -> None:
    service.fail_next(Reply(400, json.dumps({"error": said}).encode()))
    request = client_credentials(f"{service.url}/token", "client", "hidden-secret", scope="read")
    with pytest.raises(RemoteRefused, match=hint) as refused:
        fetch_token(request, Clock().context().outbound)
    assert "hidden-secret" not in f"{refused.value}{request!r}"
