"""A database of its own with the tables of the queue: they are of another project, and are not emptied with ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from bridge.store.engine import open_database
from bridge.store.queue_schema import prepare_queue
from tests.fixtures_database import create_database


@pytest.fixture(scope="session")
def queue_database(postgresql_server: str) -> str:
    """A database that holds the queue and nothing else."""
    url = create_database(postgresql_server, "queue")
    engine = open_database(url)
    prepare_queue(engine)
    engine.dispose()
    return url


@pytest.fixture
def queue_url(queue_database: str) -> str:
    """The queue, with nothing in it."""
    engine = open_database(queue_database)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE procrastinate_jobs, procrastinate_workers RESTART IDENTITY CASCADE"))
    engine.dispose()
    return queue_database


@pytest.fixture
def empty_database(postgresql_server: str) -> Iterator[Engine]:
    """A database without a table."""
    with_tables = create_database(postgresql_server)
    engine = open_database(with_tables)
    yield engine
    engine.dispose()
