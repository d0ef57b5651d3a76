from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from bridge.store import one_time
from bridge.store.engine import autocommit, open_database


def test_a_nonce_is_accepted_once(engine: Engine) -> None:
    assert [one_time.consume(engine, "nonce:a", 100.0) for _ in range(3)] == [True, False, False]
    assert one_time.consume(engine, "nonce:b", 100.0)


def test_of_many_threads_with_one_nonce_exactly_one_gets_in(engine: Engine, in_threads) -> None:
    for number in range(20):
        wins = in_threads(8, lambda _, key=f"nonce:{number}": one_time.consume(engine, key, 100.0))
        assert sum(wins) == 1


def test_of_many_processes_with_one_nonce_exactly_one_gets_in(database_url: str, in_processes) -> None:
    assert in_processes("spend", database_url, 4, 100) == [1] * 100


def test_a_code_opens_once_and_gives_back_what_was_kept(engine: Engine) -> None:
    payload = {"student": "Zoë 李 \0 \ud800", "url": ""}
    one_time.keep(engine, "launch", "code", payload, until=100.0)
    assert one_time.take(engine, "launch", "code", now=99.9) == payload
    assert one_time.take(engine, "launch", "code", now=99.9) is None


def test_an_unknown_code_opens_nothing(engine: Engine) -> None:
    one_time.keep(engine, "launch", "code", {}, until=100.0)
    assert one_time.take(engine, "launch", "other", now=0.0) is None


def test_an_expired_code_opens_nothing_and_is_gone(engine: Engine) -> None:
    one_time.keep(engine, "launch", "code", {}, until=100.0)
    assert one_time.take(engine, "launch", "code", now=100.0) is None
    assert one_time.take(engine, "launch", "code", now=0.0) is None


def test_of_many_threads_with_one_code_exactly_one_gets_in(engine: Engine, in_threads) -> None:
    for number in range(20):
        code = f"code {number}"
        one_time.keep(engine, "state", code, {"n": "1"}, until=100.0)
        taken = in_threads(8, lambda _, code=code: one_time.take(engine, "state", code, now=0.0))
        assert sum(found is not None for found in taken) == 1


def test_of_many_processes_with_one_code_exactly_one_gets_in(engine: Engine, database_url: str, in_processes) -> None:
    for number in range(100):
        one_time.keep(engine, "state", f"code {number}", {}, until=100.0)
    assert in_processes("take", database_url, 4, 100) == [1] * 100


def test_a_code_of_one_purpose_does_not_open_another(engine: Engine) -> None:
    one_time.keep(engine, "state", "x", {"of": "state"}, until=100.0)
    one_time.keep(engine, "launch", "x", {"of": "launch"}, until=100.0)
    one_time.keep(engine, "launc", "hx", {"of": "neither"}, until=100.0)
    assert one_time.take(engine, "launch", "x", now=0.0) == {"of": "launch"}
    assert one_time.take(engine, "state", "x", now=0.0) == {"of": "state"}


def test_a_kept_code_is_never_overwritten(engine: Engine) -> None:
    one_time.keep(engine, "state", "x", {"of": "first"}, until=100.0)
    with pytest.raises(IntegrityError):
        one_time.keep(engine, "state", "x", {"of": "second"}, until=100.0)
    assert one_time.take(engine, "state", "x", now=0.0) == {"of": "first"}


@pytest.mark.parametrize("key", ["", "x" * 2_000_000, "\0", "\ud800", "ключ"])
def test_a_strange_key_is_a_key_like_any_other(engine: Engine, key: str) -> None:
    assert [one_time.consume(engine, key, 1.0) for _ in range(2)] == [True, False]
    one_time.keep(engine, "state", key, {}, until=1.0)
    assert one_time.take(engine, "state", key, now=0.0) == {}


def test_a_copy_of_the_database_opens_nothing(engine: Engine) -> None:
    one_time.consume(engine, "secret-key", 1.0)
    one_time.keep(engine, "secret-purpose", "secret-code", {}, until=1.0)
    with autocommit(engine) as connection:
        rows = [tuple(connection.execute(text(f"SELECT * FROM {table}")).one()) for table in ("spent", "kept")]
    assert b"secret" not in repr([bytes(row[0]) for row in rows]).encode()
    assert all(len(bytes(row[0])) == 32 for row in rows)
    assert "secret" not in repr(rows)


def test_purging_forgets_what_has_expired_and_nothing_else(engine: Engine) -> None:
    for until in (10.0, 20.0):
        one_time.consume(engine, f"key {until}", until)
        one_time.keep(engine, "state", f"code {until}", {}, until=until)
    assert one_time.purge(engine, now=10.0) == 2
    assert not one_time.consume(engine, "key 20.0", 20.0)
    assert one_time.take(engine, "state", "code 20.0", now=10.0) == {}


def test_what_was_spent_stays_spent_after_a_restart(database_url: str) -> None:
    answers = []
    for _ in range(2):
        engine = open_database(database_url)
        answers.append(one_time.consume(engine, "nonce", 100.0))
        engine.dispose()
    assert answers == [True, False]


def test_what_is_bound_first_stays_bound(engine: Engine) -> None:
    assert one_time.bind(engine, "session", "s1", "A1", until=100.0) == "A1"
    assert one_time.bind(engine, "session", "s1", "A2", until=200.0) == "A1"
    assert one_time.bind(engine, "other", "s1", "A2", until=200.0) == "A2"
    assert one_time.purge(engine, now=100.0) == 1
    assert one_time.bind(engine, "session", "s1", "A2", until=200.0) == "A2"


def test_of_many_threads_that_bind_one_wins(engine: Engine, in_threads) -> None:
    assert len(set(in_threads(8, lambda n: one_time.bind(engine, "session", "s1", f"A{n}", until=100.0)))) == 1
