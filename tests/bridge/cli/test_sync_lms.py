"""`ottobridge sync canvas` and `sync moodle`, whole: a fake LMS, the sandbox OttoLearn, real HTTP between them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bridge.cli import cli
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.rostered import around
from tests.fakes.canvas import Crowd, FakeCanvas
from tests.fakes.moodle import FakeMoodle, crowd


@pytest.fixture
def ottolearn_url() -> Iterator[str]:
    with serve(create_sandbox()) as served:
        yield served.url


def _configure(folder: Path, ottolearn_url: str, connection: dict[str, Any]) -> Path:
    tree = around(folder, ottolearn_url, {"campus": connection})
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def _run(config: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["--config", str(config), *arguments, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found = yaml.safe_load(result.stdout)
    return {**found, "exit": result.exit_code}


def test_a_canvas_account_arrives_in_ottolearn_and_its_people_can_launch(tmp_path: Path, ottolearn_url: str) -> None:
    with FakeCanvas(people=Crowd(30)) as canvas:
        connection = {
            "adapter": "canvas",
            "api": {"url": canvas.url, "token": canvas.token, "account": "1"},
            "roster": {"attributes": {"username": "sis_user_id", "emailAddress": "email"}},
        }
        config = _configure(tmp_path, ottolearn_url, connection)
        first, second = _run(config, "sync", "canvas", "campus"), _run(config, "sync", "run", "campus")
    assert (first["exit"], first["status"], first["created"], first["quarantined"]) == (0, "done", 30, 0)
    assert (second["exit"], second["unchanged"], second["created"]) == (0, 30, 0)
    assert _run(config, "learners", "find", "S00000007")["outcome"] == "matched"


def test_a_moodle_site_arrives_in_ottolearn_and_one_without_rights_is_held_back(
    tmp_path: Path, ottolearn_url: str
) -> None:
    with FakeMoodle(people=crowd(30)) as moodle:
        connection = {
            "adapter": "moodle",
            "api": {"url": moodle.url, "token": moodle.token},
            "roster": {"attributes": {"username": "idnumber", "employeeId": "username"}, "on_leave": "deactivate"},
        }
        config = _configure(tmp_path, ottolearn_url, connection)
        first = _run(config, "sync", "moodle", "campus")
        moodle.rights = frozenset()
        blind = _run(config, "sync", "moodle", "campus")
    assert (first["exit"], first["status"], first["quarantined"], first["created"] > 0) == (0, "done", 0, True)
    assert blind["exit"] in {1, 3}
    assert (blind["deactivated"], blind["created"]) == (0, 0)
