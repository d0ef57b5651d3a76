"""Secrets of a connection: encrypted at rest, held by one process at a time, and let go by whoever dies."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import select

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.keys.connection_state import StoredState
from bridge.store.engine import open_database
from bridge.store.schema import kept

KEY = "a secret key of thirty-two bytes or more"
HOLDER = """
import sys, time
from bridge.keys.connection_state import StoredState
from bridge.store.engine import open_database
from bridge.store.schema import kept
state = StoredState(open_database(sys.argv[1]), sys.argv[2], "campus", time.time, time.sleep)
with state.secret("refresh token") as secret:
    secret.replace("second")
    print("holds", flush=True)
    time.sleep(600)
"""


def state_at(database: str, key: str = KEY, connection: str = "campus") -> StoredState:
    engine = open_database(database)
    return StoredState(engine, key, connection, lambda: 1_800_000_000.0, lambda _: None)


def test_a_copy_of_the_database_opens_no_secret(database_url: str) -> None:
    state = state_at(database_url)
    with state.secret("refresh token") as secret:
        assert secret.read() == ""
        secret.replace("first-refresh-token")
    with state.engine.connect() as session:
        (payload,) = session.execute(select(kept.c.payload)).scalars()
    assert "first-refresh-token" not in payload
    other_key = state_at(database_url, "another secret key of thirty-two bytes")
    with (
        other_key.secret("refresh token") as secret,
        pytest.raises(RemoteRefused, match="does not decrypt the refresh token"),
    ):
        secret.read()


def test_no_connection_reads_the_secret_of_another(database_url: str) -> None:
    with state_at(database_url).secret("refresh token") as secret:
        secret.replace("first")
    with state_at(database_url, connection="other").secret("refresh token") as secret:
        assert secret.read() == ""


def test_two_processes_never_hold_one_secret_and_a_killed_one_lets_it_go_with_what_it_wrote(database_url: str) -> None:
    state = state_at(database_url)
    command = [sys.executable, "-c", HOLDER, database_url, KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"holds\n"
        with (
            pytest.raises(RemoteUnavailable, match="another process holds the refresh token"),
            state.secret("refresh token"),
        ):
            pytest.fail("two hold it")
        other.kill()
        other.wait()
    with state.secret("refresh token") as secret:
        assert secret.read() == "second"


def test_calls_are_counted_for_each_connection_by_the_day(database_url: str) -> None:
    state, other = state_at(database_url), state_at(database_url, connection="other")
    assert [state.count("calls", 86_400.0) for _ in range(3)] == [1, 2, 3]
    assert (state.counted("calls", 86_400.0), other.counted("calls", 86_400.0)) == (3, 0)
