"""A running bridge, two workers, behind PgBouncer in transaction mode."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.launching import MATCHED, Crowd
from tests.faults.standing import standing, wait_for

LAUNCHES = 120


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_behind_pgbouncer_every_launch_gets_in(tmp_path: Path, pooled_url: str) -> None:
    with standing(tmp_path, pooled_url) as world:
        world.start()
        crowd = Crowd(world)
        wait_for(crowd.ready, "the bridge is ready")
        before = crowd.warm()
        with ThreadPoolExecutor(8) as learners:
            list(learners.map(lambda _: crowd.launch(), range(LAUNCHES)))
        assert [ended.what for ended in crowd.ended[before:]] == [MATCHED] * LAUNCHES
