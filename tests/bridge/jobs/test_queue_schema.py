"""The tables of the queue: made once, whoever comes first, and never those of another program."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Engine, text

from bridge.errors import ConfigError
from bridge.jobs.queue import JobQueue
from bridge.store import queue_schema
from bridge.store.queue_schema import prepare_queue
from tests.bridge.jobs.made import in_a_loop, made

pytestmark = pytest.mark.postgresql


def comment(engine: Engine, said: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"COMMENT ON TABLE procrastinate_jobs IS '{said}'"))


def said_of(engine: Engine) -> str:
    with engine.connect() as connection:
        question = "SELECT obj_description('procrastinate_jobs'::regclass, 'pg_class')"
        return str(connection.execute(text(question)).scalar_one())


def takes_a_job(engine: Engine) -> bool:
    async def go() -> bool:
        queue = JobQueue(engine.url.render_as_string(hide_password=False))
        async with queue.app.open_async():
            return await queue.defer(made())

    return in_a_loop(go)


def test_many_processes_make_them_once(empty_database: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: prepare_queue(empty_database), range(4)))
    prepare_queue(empty_database)
    assert takes_a_job(empty_database)


def test_older_tables_get_the_migrations_that_they_lack(empty_database: Engine) -> None:
    known = queue_schema._migrations()
    old = next(name for name in known if name.startswith("03.01.00_50"))
    for name in known[: known.index(old) + 1]:  # as an installation of that version had made them
        with empty_database.begin() as connection:
            queue_schema._run(connection, queue_schema._sql("migrations", name))
    comment(empty_database, f"ottobridge: {old}")
    with pytest.raises(ConnectorException):  # the function that the library calls today is not there yet
        takes_a_job(empty_database)
    prepare_queue(empty_database)
    assert takes_a_job(empty_database)
    assert said_of(empty_database) == f"ottobridge: {known[-1]}"


@pytest.mark.parametrize(
    ("said", "problem"),
    [("jobs of a shop", "another program"), ("ottobridge: 99.00.00_01_new.sql", "another version.*99.00.00_01")],
)
def test_tables_of_somebody_else_are_left_as_they_are(empty_database: Engine, said: str, problem: str) -> None:
    prepare_queue(empty_database)
    comment(empty_database, said)
    with pytest.raises(ConfigError, match=problem):
        prepare_queue(empty_database)
    assert said_of(empty_database) == said


def test_a_missing_library_is_named_with_its_remedy(empty_database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_schema, "LIBRARY", "procrastinate_is_not_there")
    with pytest.raises(ConfigError, match=r"pip install 'ottobridge\[workers\]'"):
        prepare_queue(empty_database)
