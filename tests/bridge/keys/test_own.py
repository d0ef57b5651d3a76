"""Our own keys over time: whoever checks what we signed always finds the key."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event, select

from bridge.errors import ConfigError
from bridge.keys.own import LONGEST_CACHE, LONGEST_TOKEN, OwnKeys, TooEarly
from bridge.store import own_keys
from bridge.store.engine import autocommit
from bridge.store.own_keys import CURRENT, NEXT
from bridge.store.schema import own_key

SECRET = "0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(engine: Engine, clock: Clock) -> OwnKeys:
    return OwnKeys(engine, SECRET, "lti", clock)


def kids(keys: OwnKeys) -> list[str]:
    return [key["kid"] for key in keys.key_set()["keys"]]


def test_what_signs_is_published_with_its_successor(keys: OwnKeys) -> None:
    published = kids(keys)
    assert keys.signing().kid in published
    assert len(published) == 2


def test_every_process_signs_with_the_same_key(keys: OwnKeys, engine: Engine, clock: Clock) -> None:
    assert keys.signing().kid == OwnKeys(engine, SECRET, "lti", clock).signing().kid


def test_keys_are_made_once_and_then_read(keys: OwnKeys, engine: Engine) -> None:
    keys.signing()
    written: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *said: written.append(said[2].split()[0]))
    keys.signing()
    keys.key_set()
    assert set(written) == {"SELECT"}


def test_processes_that_start_together_agree_on_one_key(engine: Engine, clock: Clock, keys: OwnKeys) -> None:
    other = OwnKeys(engine, SECRET, "lti", clock)
    own_keys.add(engine, keys._new(CURRENT), keys._new(NEXT))  # both saw no key, and both made some
    own_keys.add(engine, other._new(CURRENT), other._new(NEXT))
    assert keys.signing().kid == other.signing().kid
    assert len(kids(keys)) == 2


def test_a_key_was_published_before_it_signs(keys: OwnKeys, clock: Clock) -> None:
    before = kids(keys)
    clock.now += LONGEST_CACHE
    assert keys.rotate() in before
    assert keys.signing().kid in before


def test_a_successor_that_caches_may_not_have_does_not_sign(keys: OwnKeys, clock: Clock) -> None:
    signing = keys.signing().kid
    clock.now += LONGEST_CACHE - 1
    with pytest.raises(TooEarly):
        keys.rotate()
    assert keys.signing().kid == signing


def test_what_a_retired_key_signed_can_be_checked_until_it_has_expired(keys: OwnKeys, clock: Clock) -> None:
    old = keys.signing().kid
    clock.now += LONGEST_CACHE
    keys.rotate()
    clock.now += LONGEST_CACHE + LONGEST_TOKEN - 1
    assert old in kids(keys)
    clock.now += 1
    assert old not in kids(keys)


def test_a_key_nobody_needs_is_forgotten(keys: OwnKeys, clock: Clock, engine: Engine) -> None:
    old = keys.signing().kid
    for _ in range(3):
        clock.now += 2 * LONGEST_CACHE
        keys.rotate()
    with autocommit(engine) as connection:
        assert old not in list(connection.execute(select(own_key.c.kid)).scalars())


def test_two_rotations_at_once_are_one(keys: OwnKeys, clock: Clock, engine: Engine) -> None:
    current, following = sorted(keys.listed(), key=lambda row: str(row.stage))
    clock.now += LONGEST_CACHE
    keys.rotate()
    late = own_keys.move_on(engine, current.kid, following.kid, keys._new(NEXT), now=clock.now, until=clock.now)
    assert not late
    assert keys.signing().kid == following.kid


def test_keys_of_another_purpose_are_others(keys: OwnKeys, engine: Engine, clock: Clock) -> None:
    oidc = OwnKeys(engine, SECRET, "oidc", clock)
    assert set(kids(keys)).isdisjoint(kids(oidc))
    keys.replace()
    assert len(kids(oidc)) == 2


def test_a_leaked_key_is_withdrawn_at_once(keys: OwnKeys) -> None:
    leaked = set(kids(keys))
    keys.replace()
    assert leaked.isdisjoint(kids(keys))
    assert keys.signing().kid in kids(keys)


def test_a_lost_secret_is_told_and_mended_by_new_keys(keys: OwnKeys, engine: Engine, clock: Clock) -> None:
    keys.signing()
    after = OwnKeys(engine, SECRET[::-1], "lti", clock)
    clock.now += LONGEST_CACHE
    for use in (after.signing, after.check, after.rotate):
        with pytest.raises(ConfigError, match="keys rotate --now --purpose lti"):
            use()
    assert after.replace() == after.signing().kid
    after.check()


def test_looking_at_the_keys_makes_none(keys: OwnKeys, engine: Engine) -> None:
    keys.check()
    with autocommit(engine) as connection:
        assert connection.execute(select(own_key)).all() == []


def test_a_key_that_signs_no_more_need_not_be_opened(keys: OwnKeys, engine: Engine, clock: Clock) -> None:
    old = keys.signing().kid
    clock.now += LONGEST_CACHE
    keys.rotate()
    with engine.begin() as connection:
        connection.execute(own_key.update().where(own_key.c.kid == old).values(encrypted_private="lost"))
    OwnKeys(engine, SECRET, "lti", clock).check()


def test_the_database_holds_no_private_key(keys: OwnKeys, engine: Engine) -> None:
    private = keys.signing().as_dict(private=True)
    with autocommit(engine) as connection:
        text = " ".join(str(value) for row in connection.execute(select(own_key)) for value in row)
    assert str(private["d"]) not in text
    assert str(private["n"]) in text
