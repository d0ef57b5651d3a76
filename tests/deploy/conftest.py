"""A bridge that runs as deploy/ tells it to, and the programs from Debian that stand around it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.faults.launching import Crowd
from tests.faults.standing import Standing, standing, wait_for

DEPLOY = ROOT / "deploy"
PUBLIC = "https://bridge.example.edu"


def program(name: str, package: str) -> str:
    """The path of a program that is no part of Python; a test that needs it is skipped without it."""
    found = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        pytest.skip(f"{name} is missing; to enable: apt-get install {package}")
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """`ottobridge serve`, known to the world by a name of its own."""
    folder: Path = tmp_path_factory.mktemp("served")
    with standing(folder, f"sqlite:///{folder / 'bridge.db'}", "--request-timeout", "600") as world:
        world.configure(public_url=PUBLIC)
        tree = yaml.safe_load(world.config.read_text("utf-8"))
        tree["connections"]["campus"]["roster"] = {"every": "24h"}
        world.config.write_text(yaml.safe_dump(tree), "utf-8")
        world.start()
        wait_for(Crowd(world).ready, "the bridge is ready")
        yield world
