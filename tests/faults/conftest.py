"""A standing bridge on SQLite for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.launching import Crowd
from tests.faults.standing import Standing, standing, wait_for


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Standing]:
    with standing(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}") as found:
        yield found


@pytest.fixture
def crowd(world: Standing) -> Crowd:
    """People in front of a bridge that runs and knows OttoLearn's users."""
    world.start()
    crowd = Crowd(world)
    wait_for(lambda: len(world.workers()) == 2, "both workers")
    wait_for(crowd.ready, "the bridge is ready")
    return crowd
