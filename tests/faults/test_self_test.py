"""The launch that the bridge sends itself: it notices what nobody else would before the first learner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bridge.store.engine import open_database
from tests.faults.accounts import recorded
from tests.faults.launching import Crowd
from tests.faults.standing import PATIENCE, Standing, limit_files, standing, wait_for


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Standing]:
    with standing(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}", "--self-test", "1") as found:
        yield found


def said_by(world: Standing) -> list[dict[str, object]]:
    return [line for line in world.lines() if line["logger"] == "bridge.cli.self_test"]


def test_a_bridge_that_launches_at_itself_says_so_and_leaves_nothing_behind(world: Standing, crowd: Crowd) -> None:
    before = len(said_by(world))  # one that came before OttoLearn's list was read was refused
    wait_for(lambda: len(said_by(world)) > before + 3, "some tests")
    assert {line["outcome"] for line in said_by(world)[before + 1 :]} == {"matched"}
    wait_for(lambda: requests.get(f"{world.url}/readyz", timeout=PATIENCE).json()["self_test"] is True, "it is well")
    metrics = requests.get(f"{world.url}/metrics", timeout=PATIENCE).text
    assert "ottobridge_self_test_last_good_timestamp_seconds 0.0" not in metrics
    assert "ottobridge_self_test_last_good_timestamp_seconds" in metrics
    assert "_self-test" not in metrics
    assert not recorded(world)
    engine = open_database(world.database_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM unmatched").scalar_one() == 0
    engine.dispose()


def test_a_bridge_that_cannot_take_its_own_launch_is_not_ready(world: Standing, crowd: Crowd) -> None:
    wait_for(lambda: said_by(world) and said_by(world)[-1]["outcome"] == "matched", "a test that ends well")
    limit_files(world, 1)
    wait_for(lambda: said_by(world)[-1]["outcome"] == "failed", "a test that fails")
    failed = next(line for line in reversed(said_by(world)) if line["outcome"] == "failed")
    assert failed["status"] == 503
    assert failed["reference"]
    wait_for(lambda: requests.get(f"{world.url}/readyz", timeout=PATIENCE).json()["self_test"] is False, "it is told")
    limit_files(world)
    wait_for(crowd.ready, "it is well again")
