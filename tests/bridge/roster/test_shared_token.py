"""A token that all processes share: asked for once, never another client's, and renewed where somebody ended it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from bridge.contracts import ReaderContext
from bridge.roster.shared_token import StoredToken, read_stored, token_of
from bridge.roster.tokens import TokenSession
from tests.fakes.contexts import Clock, InMemoryState
from tests.fakes.serving import FakeServer, Reply, Request


def fetching() -> Callable[[], tuple[str, float]]:
    numbers = count(1)
    return lambda: (f"token-{next(numbers)}", 3600.0)


def context_with(state: Any, clock: Clock) -> ReaderContext:
    return replace(clock.context(), state=state)


def test_the_next_reading_uses_the_token_of_the_last_until_its_end() -> None:
    clock, fetch = Clock(), fetching()
    context = context_with(InMemoryState(), clock)
    assert [token_of(context, "us", fetch).get() for _ in range(3)] == ["token-1"] * 3
    clock.now += 3600
    assert token_of(context, "us", fetch).get() == "token-2"


def test_the_token_of_another_client_or_address_is_not_sent() -> None:
    context, fetch = context_with(InMemoryState(), Clock()), fetching()
    assert token_of(context, "us https://old.test", fetch).get() == "token-1"
    assert token_of(context, "us https://new.test", fetch).get() == "token-2"


def test_a_reading_where_nothing_is_kept_asks_for_its_own() -> None:
    context, fetch = context_with(None, Clock()), fetching()
    assert [token_of(context, "us", fetch).get() for _ in range(2)] == ["token-1", "token-2"]


def test_a_stored_token_that_somebody_ended_is_renewed_once_and_a_new_one_is_not() -> None:
    good = {"Bearer token-2"}
    asked: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(request.headers["authorization"])
        return Reply(200 if asked[-1] in good else 401, b"{}")

    context, fetch = context_with(InMemoryState(), Clock()), fetching()
    token_of(context, "us", fetch).get()
    with FakeServer(answer) as server:
        assert TokenSession(token_of(context, "us", fetch), context).get(server.url).status == 200
        assert asked == ["Bearer token-1", "Bearer token-2"]
        good.clear()
        assert TokenSession(token_of(context, "us", fetch), context).get(server.url).status == 401
        assert asked[2:] == ["Bearer token-2", "Bearer token-3"]


def test_what_another_version_wrote_is_no_token() -> None:
    for text in ("", "no json", "[]", '{"access": "t"}', '{"until": 1, "more": 2}'):
        assert read_stored(text).client == ""
    token = StoredToken("us", "a", 1.0, "r", 2.0)
    assert read_stored(token.to_text()) == token
