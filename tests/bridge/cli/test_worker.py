"""The first process of a worker outlives what its jobs' processes do not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.cli import worker
from bridge.cli.invocation import Invocation
from bridge.jobs.queue import QueueAway
from tests.bridge.jobs.made import in_a_loop


def test_a_database_that_is_away_for_long_while_the_file_is_read_anew_ends_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[str] = []

    async def foreman(_invocation: object, _processes: object, stopped: asyncio.Event, *rest: object) -> None:
        tries.append(str(rest[-1]))
        if len(tries) == 1:
            raise QueueAway
        stopped.set()

    monkeypatch.setattr(worker, "_foreman", foreman)

    async def body() -> None:
        processes = worker.Processes(lambda _: pytest.fail("none is wanted"), [])
        events = asyncio.Event(), asyncio.Event()
        await worker._until_stopped(Invocation(tmp_path / "config.yaml"), processes, *events, [])

    in_a_loop(body)
    assert len(tries) == 2
    assert "the database does not answer" in caplog.text
