"""Connections of the file and of the database: the file wins, and a broken row opens nothing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from adapters import ADAPTERS
from adapters.moodle import ADAPTER as MOODLE
from bridge.config.connections import Connections
from bridge.contracts import Connection
from bridge.store.connections import StoredConnection, add, deployments, remove
from bridge.store.engine import open_database

LTI13 = {
    "issuer": "https://lms.example.edu",
    "client_id": "client-1",
    "learn_deployments": True,
    "auth_url": "https://lms.example.edu/auth",
    "jwks_url": "https://lms.example.edu/jwks",
}
SETTINGS = {"student_id": "username", "lti13": LTI13}


@pytest.fixture
def engine(migrated_sqlite: Path, tmp_path: Path) -> Any:
    file = tmp_path / "bridge.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    engine = open_database(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
def connections(engine: Engine) -> Connections:
    configured = Connection("campus", MOODLE, MOODLE.settings.model_validate({}))
    return Connections({"campus": configured}, ADAPTERS, engine)


def test_a_registered_connection_is_as_it_was_registered(connections: Connections) -> None:
    assert connections.register("new-lms", MOODLE, SETTINGS, 1.0)
    found = connections.find("new-lms")
    assert found is not None
    assert found.adapter is MOODLE
    assert found.settings == MOODLE.settings.model_validate(SETTINGS)
    assert "new-lms" in connections


def test_a_name_of_the_configuration_cannot_be_registered(connections: Connections, engine: Engine) -> None:
    assert not connections.register("campus", MOODLE, SETTINGS, 1.0)
    assert Connections({}, ADAPTERS, engine).find("campus") is None


def test_a_name_is_registered_once(connections: Connections) -> None:
    assert connections.register("new-lms", MOODLE, SETTINGS, 1.0)
    assert not connections.register("new-lms", MOODLE, SETTINGS | {"student_id": "email"}, 2.0)


def test_a_connection_that_was_registered_anew_is_never_served_as_it_was(
    connections: Connections, engine: Engine
) -> None:
    assert connections.register("new-lms", MOODLE, SETTINGS, 1.0)
    first = connections.find("new-lms")
    assert connections.find("new-lms") is first
    assert remove(engine, "new-lms")
    assert connections.find("new-lms") is None
    assert connections.register("new-lms", MOODLE, SETTINGS | {"student_id": "email"}, 2.0)
    again = connections.find("new-lms")
    assert again is not None
    assert again.settings.student_id == "email"


def test_settings_that_do_not_hold_are_not_kept(connections: Connections) -> None:
    with pytest.raises(ValueError, match="student_id"):
        connections.register("new-lms", MOODLE, SETTINGS | {"student_id": "shoe size"}, 1.0)
    assert "new-lms" not in connections


@pytest.mark.parametrize("name", ["", "New", "a b", "x" * 65, "a\0b", "../campus", 7, None])
def test_what_is_no_name_is_not_looked_for(connections: Connections, engine: Engine, name: Any) -> None:
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    assert name not in connections
    assert asked == []


def test_a_row_that_does_not_hold_any_more_opens_nothing(
    connections: Connections, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    add(engine, StoredConnection("old", "moodle", '{"student_id": "gone"}', 1.0))
    add(engine, StoredConnection("older", "no-such-adapter", "{}", 1.0))
    with caplog.at_level(logging.ERROR):
        assert connections.find("old") is None
        assert connections.find("older") is None
    assert list(connections.registered()) == []
    assert "the registered connection old" in caplog.text
    assert "no-such-adapter" in caplog.text


def test_a_new_deployment_is_taken_only_where_the_connection_says_so(connections: Connections, engine: Engine) -> None:
    known = {name: value for name, value in LTI13.items() if name != "learn_deployments"} | {"deployment_ids": ["7"]}
    for name, lti13 in (("learns", LTI13), ("knows", known)):
        connections.register(name, MOODLE, {"lti13": lti13}, 1.0)
    found = {name: connections.find(name) for name in ("learns", "knows")}
    assert all(found.values())
    assert connections.takes_deployment(found["learns"], "8", 2.0)  # type: ignore[arg-type]
    assert not connections.takes_deployment(found["knows"], "8", 2.0)  # type: ignore[arg-type]
    assert deployments(engine, "learns") == ["8"]
    assert deployments(engine, "knows") == []
