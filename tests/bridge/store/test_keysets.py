"""What platforms answered outlives the process that heard it."""

from __future__ import annotations

from functools import partial
from typing import cast

import msgspec
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, event, text

from bridge.errors import LaunchRejected, RemoteUnavailable
from bridge.lti.keysets import BELIEVED, FETCH_EVERY, GRACE, KEPT_BY_DEFAULT, Keeping, PlatformKeys
from bridge.net.http import HttpResponse, Outbound
from bridge.store import keysets
from bridge.store.engine import autocommit
from bridge.store.keysets import KeySetRow
from tests.fakes.lti_platform import KEY, OTHER_KEY

URL = "https://lms.test/jwks"


class Clock:
    time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


class Platform:
    """An LMS's key set; None is one that hangs."""

    def __init__(self, keys: list[RSAKey] | None) -> None:
        self.keys = keys
        self.asked = 0

    def request(self, *_: object, **__: object) -> HttpResponse:
        self.asked += 1
        if self.keys is None:
            raise RemoteUnavailable("lms.test does not answer")
        entries = [key.as_dict(private=False) for key in self.keys]
        return HttpResponse(200, {}, msgspec.json.encode({"keys": entries}), None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def process(engine: Engine, platform: Platform, clock: Clock) -> PlatformKeys:
    """The keys as a process that has just started knows them."""
    keeping = Keeping(partial(keysets.find, engine), partial(keysets.keep, engine))
    return PlatformKeys(cast("Outbound", platform), clock, lambda work: work(), keeping)


@pytest.fixture
def platform(engine: Engine, clock: Clock) -> Platform:
    """An LMS that has answered a process that is gone, and hangs now."""
    platform = Platform([KEY])
    process(engine, platform, clock).find(URL, "platform-1")
    platform.keys, platform.asked = None, 0
    return platform


@pytest.mark.parametrize("since", [60.0, KEPT_BY_DEFAULT + GRACE, BELIEVED - 1])
def test_a_restart_while_the_key_set_hangs_refuses_nobody(
    engine: Engine, platform: Platform, clock: Clock, since: float
) -> None:
    clock.time += since
    assert process(engine, platform, clock).find(URL, "platform-1").kid == "platform-1"


def test_a_restart_does_not_lengthen_the_week(engine: Engine, platform: Platform, clock: Clock) -> None:
    clock.time += BELIEVED
    with pytest.raises(RemoteUnavailable):
        process(engine, platform, clock).find(URL, "platform-1")


def test_a_clock_that_was_set_back_does_not_make_keys_last_longer(
    engine: Engine, platform: Platform, clock: Clock
) -> None:
    clock.time -= BELIEVED
    with pytest.raises(RemoteUnavailable):
        process(engine, platform, clock).find(URL, "platform-1")
    platform.keys = [KEY]
    process(engine, platform, clock).find(URL, "platform-1")
    platform.keys = None
    assert process(engine, platform, clock).find(URL, "platform-1").kid == "platform-1"


def test_a_key_that_was_withdrawn_while_the_bridge_was_down_opens_nothing(
    engine: Engine, platform: Platform, clock: Clock
) -> None:
    platform.keys = [RSAKey.import_key({**OTHER_KEY.as_dict(private=False), "kid": "platform-2"})]
    clock.time += KEPT_BY_DEFAULT + GRACE
    with pytest.raises(LaunchRejected, match="key_unknown"):
        process(engine, platform, clock).find(URL, "platform-1")


def test_what_one_process_has_fetched_no_other_fetches(engine: Engine, platform: Platform, clock: Clock) -> None:
    for _ in range(4):
        process(engine, platform, clock).find(URL, "platform-1")
    assert platform.asked == 0


def test_a_new_key_that_another_process_has_found_opens_here_too(
    engine: Engine, platform: Platform, clock: Clock
) -> None:
    here = process(engine, platform, clock)
    here.find(URL, "platform-1")
    clock.time += FETCH_EVERY
    platform.keys = [KEY, RSAKey.import_key({**OTHER_KEY.as_dict(private=False), "kid": "platform-2"})]
    process(engine, platform, clock).find(URL, "platform-2")
    platform.keys = None
    assert here.find(URL, "platform-2").kid == "platform-2"


def test_a_launch_asks_the_database_for_no_keys_that_are_in_memory(
    engine: Engine, platform: Platform, clock: Clock
) -> None:
    keys = process(engine, platform, clock)
    keys.find(URL, "platform-1")
    with _counted(engine) as statements:
        for number in range(100):
            keys.find(URL, "platform-1")
            with pytest.raises((LaunchRejected, RemoteUnavailable)):
                keys.find(URL, f"made-up-{number}")
    assert len(statements) <= 1


def test_without_its_database_a_process_goes_on_with_what_it_knows_and_fetches(engine: Engine, clock: Clock) -> None:
    with autocommit(engine) as connection:
        connection.execute(text("ALTER TABLE key_set RENAME TO away"))
    try:
        platform = Platform([KEY])
        keys = process(engine, platform, clock)
        assert [keys.find(URL, "platform-1").kid for _ in range(3)] == ["platform-1"] * 3
        assert platform.asked == 1
    finally:
        with autocommit(engine) as connection:
            connection.execute(text("ALTER TABLE away RENAME TO key_set"))


def test_keys_that_nobody_may_believe_any_more_are_forgotten(engine: Engine) -> None:
    keysets.keep(engine, URL, KeySetRow("old", 10.0, 20.0))
    keysets.keep(engine, "https://other.test/jwks", KeySetRow("new", 20.0, 30.0))
    assert keysets.forget_before(engine, 15.0) == 1
    assert keysets.find(engine, URL) is None


class _counted:  # noqa: N801 -- a block
    """The statements that an engine runs within the block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._statements: list[str] = []

    def _note(self, *arguments: object) -> None:
        self._statements.append(str(arguments[2]))

    def __enter__(self) -> list[str]:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self._statements

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)
