"""Consent and one-time refresh tokens: what is pasted is checked, and no crash spends a token without a word."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.keys.connection_state import StoredState
from bridge.roster.authorization_code import SECRET as NAME
from bridge.roster.authorization_code import AuthorizationCodeClient, read_redirect
from bridge.roster.shared_token import read_stored
from bridge.store.database import Engine
from tests.fakes.brightspace import CLIENT, SECRET, Site
from tests.fakes.contexts import Clock
from tests.fakes.serving import Reply

KEY = "a secret key of thirty-two bytes or more"
REDIRECT = "https://bridge.example.edu/setup/campus/consent"
OTHER_PROCESS = """
import ipaddress, sys, time
from bridge.contracts import ReaderContext
from bridge.keys.connection_state import StoredState
from bridge.net.http import Outbound
from bridge.store.engine import open_database
from tests.bridge.roster.test_authorization_code import client_at
url, database, key = sys.argv[1:]
state = StoredState(open_database(database), key, "campus", time.time, time.sleep)
outbound = Outbound((ipaddress.ip_network("127.0.0.0/8"),))
context = ReaderContext(outbound, time.time, time.sleep, print, state=state)
print(client_at(url).token(context).get(), flush=True)
"""


def client_at(url: str) -> AuthorizationCodeClient:
    """The client that the fake knows."""
    token_url = f"{url}/core/connect/token"
    return AuthorizationCodeClient("the LMS", f"{url}/auth", token_url, CLIENT, SECRET, "users:read", "Tick the box")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site([]) as site:
        yield site


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(site: Site, clock: Clock, engine: Engine) -> ReaderContext:
    """After a consent, with the first access token at its end."""
    state = StoredState(engine, KEY, "campus", lambda: clock.now, clock.sleep)
    context = replace(clock.context(), state=state)
    client = client_at(site.url)
    code = read_redirect(site.consent(client.consent_url(REDIRECT, "s")), "s")
    with state.secret(NAME) as secret:
        secret.replace(client.trade_code(context.outbound, code, REDIRECT, lambda: 0.0).to_text())
    return context


def stored(context: ReaderContext) -> str:
    assert context.state is not None
    with context.state.secret(NAME) as secret:
        return read_stored(secret.read()).refresh


@pytest.mark.parametrize(
    "pasted", [f"{REDIRECT}?code=a%2Bb%3D&state=s", "code=a%2Bb%3D&state=s", "?state=s&code=a%2Bb%3D", " a+b= \n"]
)
def test_the_whole_address_its_query_or_the_code_alone_may_be_pasted(pasted: str) -> None:
    assert read_redirect(pasted, "s") == "a+b="


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        (f"{REDIRECT}?code=a&state=other", "the answer to another request"),
        (f"{REDIRECT}?code=a", "the answer to another request"),
        (f"{REDIRECT}?code=a&state=s&state=s", "the answer to another request"),
        (f"{REDIRECT}?code=a&code=b&state=s", "no code in it"),
        (f"{REDIRECT}?error=access_denied&error_description=No&state=s", r"refused \(access_denied: No\)"),
        (REDIRECT, "no code in it"),
        ("", "no code in it"),
        ("two words", "no code in it"),
    ],
)
def test_an_answer_to_somebody_elses_request_is_not_taken(pasted: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_redirect(pasted, "s")


def test_a_refresh_token_is_stored_before_its_access_token_is_used(site: Site, context: ReaderContext) -> None:
    token = client_at(site.url).token(context)
    assert (token.get(), stored(context)) == ("access-2", "refresh-2")
    token.forget()
    assert (token.get(), stored(context)) == ("access-3", "refresh-3")
    assert (site.refreshes, site.reused) == (2, 0)


def test_one_refresh_serves_every_process_until_its_end(site: Site, clock: Clock, context: ReaderContext) -> None:
    client = client_at(site.url)
    assert {client.token(context).get() for _ in range(3)} == {"access-2"}
    clock.now += 3600
    assert client.token(context).get() == "access-3"
    assert site.refreshes == 2


def test_processes_that_need_a_token_at_once_spend_one_refresh_token(
    site: Site, context: ReaderContext, database_url: str
) -> None:
    del context
    command = [sys.executable, "-c", OTHER_PROCESS, site.url, database_url, KEY]
    several = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {process.communicate(timeout=600)[0] for process in several} == {"access-2\n"}
    assert (site.refreshes, site.reused) == (1, 0)


def test_a_process_that_is_killed_before_the_answer_is_stored_asks_for_a_consent_in_words(
    site: Site, context: ReaderContext, database_url: str
) -> None:
    site.hangs_after_refresh.set()
    command = [sys.executable, "-c", OTHER_PROCESS, site.url, database_url, KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert site.hanging.wait(600)
        process.kill()
    site.hangs_after_refresh.clear()
    for _ in range(2):
        with pytest.raises(RemoteRefused, match="its answer was lost on the way; an administrator must consent again"):
            client_at(site.url).token(context).get()


def test_a_process_that_is_killed_before_it_asks_costs_nothing(site: Site, context: ReaderContext) -> None:
    assert context.state is not None
    with context.state.secret(NAME) as secret:
        before = read_stored(secret.read())
        secret.replace(before._replace(access="", refreshing_since=1.0).to_text())
    assert client_at(site.url).token(context).get() == "access-2"
    assert stored(context) == "refresh-2"


def test_an_answer_that_did_not_come_is_asked_for_again(site: Site, context: ReaderContext) -> None:
    site.fail_next(Reply(503, b""), where="token")
    token = client_at(site.url).token(context)
    with pytest.raises(RemoteUnavailable):
        token.get()
    assert token.get() == "access-2"


def test_a_consent_that_was_withdrawn_is_told_as_that(site: Site, context: ReaderContext) -> None:
    site.revoke()
    with pytest.raises(RemoteRefused, match="withdrawn, has expired, or was used by another program"):
        client_at(site.url).token(context).get()


def test_a_client_that_is_refused_keeps_its_refresh_token(site: Site, context: ReaderContext) -> None:
    site.fail_next(Reply(400, b'{"error": "invalid_client"}'), where="token")
    token = client_at(site.url).token(context)
    with pytest.raises(RemoteRefused, match="invalid_client"):
        token.get()
    site.revoke()
    with pytest.raises(RemoteRefused, match="withdrawn"):  # and not: lost on the way
        token.get()


def test_a_page_in_place_of_an_answer_may_have_spent_the_token(site: Site, context: ReaderContext) -> None:
    site.fail_next(Reply(200, b"<html>maintenance</html>"), where="token")
    with pytest.raises(RemoteRefused, match="a web page"):
        client_at(site.url).token(context).get()
    site.revoke()
    with pytest.raises(RemoteRefused, match="lost on the way"):
        client_at(site.url).token(context).get()


def test_a_service_without_a_new_refresh_token_keeps_the_old_one(site: Site, context: ReaderContext) -> None:
    site.gives_refresh = False
    assert client_at(site.url).token(context).get() == "access-2"
    assert stored(context) == "refresh-1"


def test_a_consent_without_refresh_tokens_is_refused_with_what_to_tick(site: Site, clock: Clock) -> None:
    site.gives_refresh = False
    client = client_at(site.url)
    code = read_redirect(site.consent(client.consent_url(REDIRECT, "s")), "s")
    with pytest.raises(RemoteRefused, match="Tick the box"):
        client.trade_code(clock.context().outbound, code, REDIRECT, lambda: 0.0)


def test_nobody_is_asked_before_a_consent(site: Site, context: ReaderContext) -> None:
    assert context.state is not None
    with context.state.secret(NAME) as secret:
        secret.replace("")
    with pytest.raises(RemoteRefused, match="nobody has consented yet"):
        client_at(site.url).token(context).get()
    assert site.refreshes == 0


def test_threads_of_one_process_spend_one_refresh_token(site: Site, context: ReaderContext) -> None:
    found: list[str] = []
    token = client_at(site.url).token(context)
    threads = [threading.Thread(target=lambda: found.append(token.get())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, site.refreshes, site.reused) == (["access-2"] * 4, 1, 0)
