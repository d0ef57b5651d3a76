"""The queue on a real PostgreSQL: nothing waits twice or runs beside itself, and nothing is lost with a worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from procrastinate.jobs import Status
from psycopg_pool import PoolTimeout
from sqlalchemy import Engine, text

from bridge.jobs.job import Job, Kind, Queue
from bridge.jobs.queue import JobQueue, QueueAway
from bridge.jobs.schedule import Schedule
from bridge.jobs.worker import FORGET_EVERY, Foreman, Role, roles
from bridge.store import gauges
from bridge.store.engine import autocommit, open_database
from tests.bridge.jobs.made import in_a_loop, made

pytestmark = pytest.mark.postgresql


def within(url: str, body: Callable[[JobQueue], Coroutine[Any, Any, Any]], run: Any = None) -> Any:
    """What `body` gives, with the queue open."""

    async def go() -> Any:
        queue = JobQueue(url, run)
        async with queue.app.open_async():
            return await asyncio.wait_for(body(queue), 180)

    return in_a_loop(go)


def asked(url: str, statement: str) -> list[Any]:
    engine = open_database(url)
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        rows = [row[0] for row in found] if found.returns_rows else []
    engine.dispose()
    return rows


async def work(queue: JobQueue, until: Callable[[], bool], at_once: int = 2, queues: tuple[Queue, ...] = tuple(Queue)):
    """Take jobs until `until` is true."""
    working = asyncio.ensure_future(queue.work(list(queues), at_once, listen=True))
    while not until():
        assert not working.done(), await working
        await asyncio.sleep(0.02)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


def test_what_waits_already_is_not_queued_again(queue_url: str) -> None:
    async def body(queue: JobQueue) -> list[bool]:
        other = made(connection="elsewhere")
        return [await queue.defer(made()), await queue.defer(made()), await queue.defer(other)]

    assert within(queue_url, body) == [True, False, True]


def test_one_connection_runs_once_at_a_time_and_others_beside_it(queue_url: str) -> None:
    under_way: set[str] = set()
    began: list[str] = []
    ended: list[str] = []
    twice: list[str] = []
    together = threading.Barrier(2)

    def run(kind: str, connection: str) -> None:
        if connection in under_way:
            twice.append(connection)
        under_way.add(connection)
        began.append(connection)
        if len(began) < 3:
            together.wait(90)  # the two connections do run at the same time
        under_way.discard(connection)
        ended.append(f"{kind} {connection}")

    async def body(queue: JobQueue) -> None:
        await queue.defer(made(connection="a"))
        await queue.defer(made(connection="b"))

        def again() -> bool:
            return len(ended) == 3

        async def once_more() -> None:
            while not began:
                await asyncio.sleep(0.01)
            while not await queue.defer(made(connection="a")):  # the first one may still wait
                await asyncio.sleep(0.01)

        more = asyncio.ensure_future(once_more())
        await work(queue, again)
        await more

    within(queue_url, body, run)
    assert sorted(ended) == ["sync a", "sync a", "sync b"]
    assert twice == []
    assert asked(queue_url, "SELECT count(*) FROM procrastinate_jobs") == [0]


def test_a_job_that_fails_is_kept_and_holds_nothing_up(queue_url: str) -> None:
    ran: list[str] = []

    def run(kind: str, connection: str) -> None:
        ran.append(connection)
        if len(ran) == 1:
            raise RuntimeError("broken")

    async def body(queue: JobQueue) -> None:
        await queue.defer(made())
        await work(queue, lambda: len(ran) == 1)
        await queue.defer(made())
        await work(queue, lambda: len(ran) == 2)

    within(queue_url, body, run)
    assert asked(queue_url, "SELECT status::text FROM procrastinate_jobs") == ["failed"]


class TestAWorkerThatDied:
    """Its row stays for a while without a sign of life, and its job stays under way."""

    @pytest.fixture
    def lost(self, queue_url: str) -> str:
        async def body(queue: JobQueue) -> None:
            await queue.defer(made())
            worker = await queue.app.job_manager.register_worker()
            job = await queue.app.job_manager.fetch_job(queues=None, worker_id=worker)
            assert job is not None
            assert job.status == Status.DOING.value

        within(queue_url, body)
        asked(queue_url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
        return queue_url

    def test_its_job_is_given_to_another_one(self, lost: str) -> None:
        ran: list[str] = []

        async def body(queue: JobQueue) -> list[str]:
            swept = await queue.sweep()
            await work(queue, lambda: bool(ran))
            return swept

        assert within(lost, body, lambda kind, connection: ran.append(f"{kind} {connection}")) == ["sync campus"]
        assert ran == ["sync campus"]

    def test_where_the_same_job_waits_already_that_one_is_enough(self, lost: str) -> None:
        ran: list[str] = []

        async def body(queue: JobQueue) -> None:
            assert await queue.defer(made())
            await queue.sweep()
            await work(queue, lambda: bool(ran))

        within(lost, body, lambda kind, connection: ran.append(connection))
        assert ran == ["campus"]
        assert asked(lost, "SELECT count(*) FROM procrastinate_jobs") == [0]

    def test_a_worker_that_gives_signs_of_life_keeps_its_job(self, lost: str) -> None:
        asked(lost, "UPDATE procrastinate_workers SET last_heartbeat = now()")
        assert within(lost, lambda queue: queue.sweep()) == []


class TestForeman:
    def rounds(self, url: str, jobs: list[Job], times: list[float]) -> None:
        clock = iter(times)

        async def body(queue: JobQueue) -> None:
            now = 0.0

            def time() -> float:
                return now

            foreman = Foreman(queue, Schedule(lambda: jobs, time), time)
            for now in clock:  # noqa: B007 -- `time` reads it
                await foreman.round()

        within(url, body)

    def test_what_is_due_is_queued_and_what_is_not_is_left(self, queue_url: str) -> None:
        def broken() -> bool:
            raise RuntimeError("the database is away")

        jobs = [
            made(Kind.PURGE, ""),
            made(connection="due"),
            made(connection="later", is_due=lambda: False),
            made(connection="broken", is_due=broken),
        ]
        self.rounds(queue_url, jobs, [0.0, 100.0, 101.0])
        found = asked(queue_url, "SELECT queueing_lock || ' in ' || queue_name FROM procrastinate_jobs ORDER BY 1")
        assert found == ["purge in upkeep", "sync due in sync"]

    def test_what_failed_long_ago_is_forgotten(self, queue_url: str) -> None:
        async def body(queue: JobQueue) -> None:
            await queue.defer(made())
            job = await queue.app.job_manager.fetch_job(queues=None, worker_id=None)
            assert job is not None
            await queue.app.job_manager.finish_job(job, Status.FAILED, delete_job=False)

        within(queue_url, body)
        self.rounds(queue_url, [], [0.0])
        assert asked(queue_url, "SELECT count(*) FROM procrastinate_jobs") == [1]
        asked(queue_url, "UPDATE procrastinate_events SET at = now() - interval '31 days'")
        self.rounds(queue_url, [], [0.0, FORGET_EVERY])
        assert asked(queue_url, "SELECT count(*) FROM procrastinate_jobs") == [0]

    def test_a_queue_that_is_away_ends_nothing(self, queue_url: str, caplog: pytest.LogCaptureFixture) -> None:
        async def body(queue: JobQueue) -> None:
            foreman = Foreman(queue, Schedule(list, lambda: 0.0))
            asked(queue_url, "ALTER TABLE procrastinate_workers RENAME TO elsewhere")
            try:
                await foreman.round()
            finally:
                asked(queue_url, "ALTER TABLE elsewhere RENAME TO procrastinate_workers")
            await foreman.round()

        within(queue_url, body)
        assert [record.message for record in caplog.records if "queue" in record.message] == [
            "the queue cannot be used: the database lacks what this version needs (42P01); it is tried again"
        ]


def test_nothing_is_prepared_that_another_session_of_a_pooler_does_not_know(queue_url: str) -> None:
    async def body(queue: JobQueue) -> list[Any]:
        for _ in range(10):  # the driver prepares what it is given often
            await queue.sweep()
        return list(await queue.app.connector.execute_query_all_async("SELECT name FROM pg_prepared_statements"))

    assert within(queue_url, body) == []


def test_a_database_that_is_away_when_the_queue_is_opened_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = JobQueue("postgresql+psycopg://nobody@127.0.0.1:1/none")

    async def waits_in_vain() -> None:
        raise PoolTimeout("pool initialization incomplete after 30.0 sec")

    async def body() -> None:
        async with queue.opened():
            pytest.fail("it was not opened")

    monkeypatch.setattr(queue.app, "open_async", waits_in_vain)
    with pytest.raises(QueueAway):
        in_a_loop(body)


def test_a_long_roster_never_holds_up_what_is_short() -> None:
    found = roles(tuple(Queue), 3)
    assert found.count(Role((Queue.SYNC,), 1)) == 3
    assert [role for role in found if Queue.SYNC not in role.queues] == [Role((Queue.DIRECTORY, Queue.UPKEEP), 2)]
    assert roles((Queue.SYNC,), 1) == [Role((Queue.SYNC,), 1)]
    assert roles((Queue.UPKEEP,), 4) == [Role((Queue.UPKEEP,), 2)]


def test_what_waits_and_who_works_is_told_to_whoever_watches(queue_url: str) -> None:
    async def body(queue: JobQueue) -> None:
        await queue.defer(made(connection="a"))
        await queue.defer(made(connection="b"))
        await queue.app.job_manager.register_worker()
        gone = await queue.app.job_manager.register_worker()
        asked(queue_url, f"UPDATE procrastinate_workers SET last_heartbeat = '2000-01-01' WHERE id = {gone}")

    within(queue_url, body)
    asked(queue_url, "UPDATE procrastinate_events SET at = to_timestamp(1000) WHERE job_id = 1")
    engine = open_database(queue_url)
    with autocommit(engine) as connection:
        found = gauges.of_queue(connection)
    engine.dispose()
    assert found == gauges.QueueGauges({"sync": 2}, {"sync": 1000.0}, 1)


def test_without_a_queue_nothing_is_told(engine: Engine) -> None:
    with autocommit(engine) as connection:
        assert gauges.of_queue(connection) == gauges.QueueGauges({}, {}, 0)
