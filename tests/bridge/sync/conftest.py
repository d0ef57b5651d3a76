"""The small world of world.py, as fixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bridge.contracts import RosterMember
from bridge.store.engine import open_database
from tests.bridge.sync.world import Lms, World, member


@pytest.fixture
def sqlite_engine(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Engine]:
    file = tmp_path / "bridge.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    engine = open_database(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
def world(sqlite_engine: Engine, tmp_path: Path) -> World:
    """A world on SQLite."""
    return World(sqlite_engine, tmp_path)


@pytest.fixture
def either_world(engine: Engine, tmp_path: Path) -> World:
    """A world, once on SQLite and once on PostgreSQL."""
    return World(engine, tmp_path)


@pytest.fixture
def make_member() -> Callable[..., RosterMember]:
    return member


@pytest.fixture
def make_lms() -> Callable[..., Lms]:
    return lambda members, **how: Lms(list(members), **how)


@pytest.fixture
def people() -> Callable[[int], Sequence[RosterMember]]:
    """So many members, p0 to pN."""
    return lambda count: [member(f"p{number}", first=f"First{number}") for number in range(count)]
