"""A platform's keys: it is asked rarely, believed carefully, and missed as little as possible when it is down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple, cast

import msgspec
import pytest
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from werkzeug import Request, Response

from bridge.errors import LaunchRejected, RemoteRefused, RemoteUnavailable
from bridge.lti import keysets
from bridge.lti.keysets import (
    BELIEVED,
    FETCH_EVERY,
    GRACE,
    KEPT_AT_LEAST,
    KEPT_AT_MOST,
    KEPT_BY_DEFAULT,
    RETRY_EVERY,
    PlatformKeys,
    Work,
)
from bridge.net.http import HttpResponse, Outbound
from sandbox.serving import serve
from tests.fakes.lti_platform import KEY, OTHER_KEY

ROUTE = "/jwks"


class Platform:
    """A JWKS address whose answer a test can change, and that counts who asks."""

    def __init__(self) -> None:
        self.keys: object = {"keys": [KEY.as_dict(private=False)]}
        self.headers: dict[str, str] = {}
        self.status = 200
        self.asked = 0
        self.came = threading.Event()
        """Set with each request."""
        self.gate = threading.Event()
        self.gate.set()

    @Request.application
    def __call__(self, request: Request) -> Response:
        self.asked += 1
        self.came.set()
        self.gate.wait(60)
        body = self.keys if isinstance(self.keys, bytes) else msgspec.json.encode(self.keys)
        return Response(body, self.status, {"Content-Type": "application/json", **self.headers})


class Clock:
    time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(platform: Platform) -> Iterator[str]:
    with serve(platform) as served:
        yield served.url + ROUTE


@pytest.fixture
def keys(loopback: Outbound, clock: Clock) -> PlatformKeys:
    """Keys that are renewed at once, and not behind the launch, so that nothing hangs on a thread's luck."""
    return PlatformKeys(loopback, clock, behind=lambda work: work())


def test_a_thousand_launches_ask_the_platform_once(platform: Platform, url: str, keys: PlatformKeys) -> None:
    for _ in range(1000):
        assert keys.find(url, "platform-1").kid == "platform-1"
    assert platform.asked == 1


def test_the_parsed_key_is_kept(url: str, keys: PlatformKeys) -> None:
    assert keys.find(url, "platform-1") is keys.find(url, "platform-1")


def test_a_flood_of_unknown_key_ids_does_not_reach_the_platform(
    platform: Platform, url: str, keys: PlatformKeys, clock: Clock
) -> None:
    keys.find(url, "platform-1")
    for number in range(500):
        with pytest.raises(LaunchRejected, match="key_unknown"):
            keys.find(url, f"made-up-{number}")
    assert platform.asked == 1
    clock.time += FETCH_EVERY
    for number in range(500):
        with pytest.raises(LaunchRejected, match="key_unknown"):
            keys.find(url, f"made-up-{number}")
    assert platform.asked == 2


def test_a_new_key_of_the_platform_is_found(platform: Platform, url: str, keys: PlatformKeys, clock: Clock) -> None:
    keys.find(url, "platform-1")
    new = RSAKey.generate_key(2048, {"kid": "platform-2"}, private=True)
    platform.keys = {"keys": [new.as_dict(private=False)]}
    clock.time += FETCH_EVERY
    assert keys.find(url, "platform-2").kid == "platform-2"


def test_many_launches_at_once_make_one_fetch(
    platform: Platform, url: str, keys: PlatformKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keysets, "PATIENCE", 60.0)  # not the machine's haste is looked at here
    platform.gate.clear()
    found: list[RSAKey] = []
    threads = [threading.Thread(target=lambda: found.append(keys.find(url, "platform-1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    platform.gate.set()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert platform.asked == 1


@pytest.mark.parametrize(
    ("cache_control", "kept"),
    [
        ("max-age=600", 600.0),
        ("public, max-age=7200, must-revalidate", 7200.0),
        ("max-age=0", KEPT_AT_LEAST),
        ("no-store", 3600.0),
        ("max-age=99999999", KEPT_AT_MOST),
        ("max-age=١٢", 3600.0),
        ("", 3600.0),
    ],
)
def test_keys_are_kept_as_long_as_the_platform_says_within_bounds(
    platform: Platform, url: str, keys: PlatformKeys, clock: Clock, cache_control: str, kept: float
) -> None:
    platform.headers = {"Cache-Control": cache_control.encode().decode("latin-1")}
    keys.find(url, "platform-1")
    clock.time += kept - 1
    keys.find(url, "platform-1")
    assert platform.asked == 1
    clock.time += 1
    keys.find(url, "platform-1")
    assert platform.asked == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (404, b"{}"),
        (302, b""),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"keys": {}}'),
        (200, b'{"keys": []}'),
    ],
)
def test_a_platform_that_is_down_keeps_its_old_keys(
    platform: Platform, url: str, keys: PlatformKeys, clock: Clock, status: int, body: bytes
) -> None:
    old = keys.find(url, "platform-1")
    platform.status, platform.keys = status, body
    clock.time += KEPT_AT_MOST
    assert keys.find(url, "platform-1") is old


def test_a_known_key_does_not_wait_for_its_platform(
    platform: Platform, url: str, loopback: Outbound, clock: Clock
) -> None:
    behind: list[Work] = []
    keys = PlatformKeys(loopback, clock, behind.append)
    old = keys.find(url, "platform-1")
    clock.time += KEPT_BY_DEFAULT
    assert [keys.find(url, "platform-1") for _ in range(3)] == [old] * 3
    assert (platform.asked, len(behind)) == (1, 1)
    behind[0]()
    assert platform.asked == 2
    assert keys.find(url, "platform-1") is not old
    assert len(behind) == 1


def test_a_key_is_renewed_behind_the_launch(platform: Platform, url: str, loopback: Outbound, clock: Clock) -> None:
    keys = PlatformKeys(loopback, clock)
    old = keys.find(url, "platform-1")
    clock.time += KEPT_BY_DEFAULT + GRACE - 1
    platform.gate.clear()  # a launch that waited for the answer would be refused when its time is over
    assert keys.find(url, "platform-1") is old
    platform.gate.set()
    for thread in threading.enumerate():
        if thread.name == "platform-keys":
            thread.join()
    assert keys.find(url, "platform-1") is not old


def test_while_a_strangers_key_is_looked_for_known_keys_open_and_others_hear_of_it(
    platform: Platform, url: str, keys: PlatformKeys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keysets, "PATIENCE", 0.01)
    keys.find(url, "platform-1")
    clock.time += FETCH_EVERY
    platform.gate.clear()
    platform.came.clear()
    ended: list[str] = []

    def stranger() -> None:
        with pytest.raises(LaunchRejected, match="key_unknown"):
            keys.find(url, "made-up")
        ended.append("made-up")

    thread = threading.Thread(target=stranger)
    thread.start()
    platform.came.wait(60)
    assert keys.find(url, "platform-1").kid == "platform-1"
    with pytest.raises(RemoteUnavailable, match="being fetched"):
        keys.find(url, "another")
    assert ended == []
    platform.gate.set()
    thread.join()
    assert ended == ["made-up"]


def test_a_key_that_a_silent_platform_may_have_withdrawn_opens_for_a_week_and_no_longer(
    platform: Platform, url: str, keys: PlatformKeys, clock: Clock
) -> None:
    keys.find(url, "platform-1")
    platform.status = 503
    clock.time += BELIEVED - 1
    assert keys.find(url, "platform-1").kid == "platform-1"
    clock.time += FETCH_EVERY
    with pytest.raises(RemoteUnavailable):
        keys.find(url, "platform-1")
    platform.status = 200
    clock.time += FETCH_EVERY
    assert keys.find(url, "platform-1").kid == "platform-1"


def test_a_key_that_the_platform_has_withdrawn_opens_nothing_after_the_grace(
    platform: Platform, url: str, loopback: Outbound, clock: Clock
) -> None:
    keys = PlatformKeys(loopback, clock, behind=lambda _work: None)
    keys.find(url, "platform-1")
    platform.keys = {"keys": [{**OTHER_KEY.as_dict(private=False), "kid": "platform-2"}]}
    clock.time += KEPT_BY_DEFAULT + GRACE
    for _ in range(2):
        with pytest.raises(LaunchRejected, match="key_unknown"):
            keys.find(url, "platform-1")
    assert keys.find(url, "platform-2").kid == "platform-2"
    assert platform.asked == 2


def test_a_withdrawn_key_opens_nothing_as_soon_as_the_platform_is_up_again(
    platform: Platform, url: str, keys: PlatformKeys, clock: Clock
) -> None:
    keys.find(url, "platform-1")
    platform.keys = {"keys": [{**OTHER_KEY.as_dict(private=False), "kid": "platform-2"}]}
    platform.status = 503
    clock.time += KEPT_AT_MOST
    for _ in range(5):
        assert keys.find(url, "platform-1").kid == "platform-1"
    assert platform.asked == 2
    platform.status = 200
    clock.time += FETCH_EVERY
    with pytest.raises(LaunchRejected, match="key_unknown"):
        keys.find(url, "platform-1")


class Waiting(NamedTuple):
    """A launch that is on its way to a platform that hangs."""

    thread: threading.Thread
    found: list[RSAKey]

    def end(self, platform: Platform) -> None:
        platform.gate.set()
        self.thread.join()


def waiting(platform: Platform, url: str, keys: PlatformKeys) -> Waiting:
    platform.gate.clear()
    platform.came.clear()
    found: list[RSAKey] = []
    thread = threading.Thread(target=lambda: found.append(keys.find(url, "platform-1")))
    thread.start()
    assert platform.came.wait(60)
    return Waiting(thread, found)


def test_while_a_platform_hangs_its_old_key_opens_for_those_who_would_wait_too_long(
    platform: Platform, url: str, keys: PlatformKeys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keysets, "PATIENCE", 0.01)
    old = keys.find(url, "platform-1")
    clock.time += KEPT_BY_DEFAULT + GRACE
    first = waiting(platform, url, keys)
    assert keys.find(url, "platform-1") is old
    assert first.found == []
    first.end(platform)
    assert first.found[0] is not old
    assert keys.find(url, "platform-1") is first.found[0]


def test_who_waits_for_a_platform_that_never_answered_waits_only_a_moment(
    platform: Platform, url: str, keys: PlatformKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keysets, "PATIENCE", 0.01)
    first = waiting(platform, url, keys)
    with pytest.raises(RemoteUnavailable, match="being fetched"):
        keys.find(url, "platform-1")
    assert first.found == []
    first.end(platform)
    assert len(first.found) == 1


@pytest.mark.parametrize(("known", "pause"), [(False, RETRY_EVERY), (True, FETCH_EVERY)])
def test_launches_that_queued_for_a_platform_that_hung_do_not_each_ask_it_again(
    platform: Platform, url: str, loopback: Outbound, clock: Clock, known: bool, pause: float
) -> None:
    """The pause begins with the end of a fetch, which may take longer than the pause."""

    class Hanging:
        def request(self, *args: Any, **kwargs: Any) -> HttpResponse:
            clock.time += pause
            return loopback.request(*args, **kwargs)

    keys = PlatformKeys(cast("Outbound", Hanging()), clock)
    if known:
        keys.find(url, "platform-1")
        clock.time += KEPT_AT_MOST + GRACE
    before, platform.status = platform.asked, 503
    for _ in range(5):
        with nullcontext() if known else pytest.raises(RemoteUnavailable):
            keys.find(url, "platform-1")
    assert platform.asked == before + 1


def test_a_platform_that_never_answered_is_tried_again_soon_but_not_at_each_launch(
    platform: Platform, url: str, keys: PlatformKeys, clock: Clock
) -> None:
    platform.status = 503
    for _ in range(5):
        with pytest.raises(RemoteUnavailable):
            keys.find(url, "platform-1")
    assert platform.asked == 1
    platform.status = 200
    clock.time += RETRY_EVERY
    assert keys.find(url, "platform-1").kid == "platform-1"


def test_a_weak_key_opens_nothing(platform: Platform, url: str, keys: PlatformKeys) -> None:
    number = urlsafe_b64decode(KEY.as_dict(private=False)["n"].encode())[:127] + b"\x01"
    weak = {"kty": "RSA", "kid": "weak", "e": "AQAB", "n": urlsafe_b64encode(number).decode()}  # 1024 bits
    platform.keys = {"keys": [weak]}
    with pytest.raises(LaunchRejected, match="key_too_weak"):
        keys.find(url, "weak")


def test_keys_of_other_kinds_and_broken_ones_do_not_hide_the_good_one(
    platform: Platform, url: str, keys: PlatformKeys
) -> None:
    good = KEY.as_dict(private=False)
    broken = [None, {}, {"kty": "EC", "kid": "e"}, {**good, "n": "!"}, {**good, "kid": 1}, {"kty": "RSA", "kid": "x"}]
    platform.keys = {"keys": [*broken, good]}
    assert keys.find(url, "platform-1").kid == "platform-1"


def test_an_endless_key_set_is_not_read(platform: Platform, url: str, keys: PlatformKeys) -> None:
    platform.keys = b'{"keys": [' + b" " * 300_000 + b"]}"
    with pytest.raises(RemoteRefused):
        keys.find(url, "platform-1")


def test_two_platforms_with_one_key_id_do_not_share_keys(loopback: Outbound, clock: Clock) -> None:
    one, two = Platform(), Platform()
    two.keys = {"keys": [OTHER_KEY.as_dict(private=False)]}
    keys = PlatformKeys(loopback, clock)
    with serve(one) as first, serve(two) as second:
        found = [keys.find(served.url + ROUTE, "platform-1") for served in (first, second)]
    assert found[0].as_dict(private=False)["n"] != found[1].as_dict(private=False)["n"]
