"""`ottobridge sync canvas` and `sync moodle`, whole: a fake LMS, the sandbox OttoLearn, real HTTP between them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from adapters.moodle import listing
from bridge.cli import cli
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.rostered import around
from tests.fakes.canvas import BAD_TOKEN, Crowd, FakeCanvas
from tests.fakes.moodle import FakeMoodle, crowd, failure
from tests.fakes.serving import FakeServer, Reply


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


Breaking = Callable[[FakeServer], Reply]


def _token_ends(server: FakeServer) -> Reply:
    return BAD_TOKEN if isinstance(server, FakeCanvas) else failure("invalidtoken")


def _page_of_html(server: FakeServer) -> Reply:
    del server
    return Reply(200, b"<!doctype html><title>Log in to the site</title>", {"Content-Type": "text/html", "Link": "<x>"})


@pytest.mark.parametrize("broken", [_token_ends, _page_of_html])
@pytest.mark.parametrize("lms", ["canvas", "moodle"])
def test_a_list_that_breaks_off_in_the_middle_takes_nobody_away(
    tmp_path: Path, ottolearn_url: str, lms: str, broken: Breaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SLICE", 10)
    rights = {"list", "sis", "logins", "email"}
    fake = FakeCanvas(people=Crowd(30), cap=10, rights=rights) if lms == "canvas" else FakeMoodle(people=crowd(30))
    with fake as server:
        api = {"url": server.url, "token": server.token}
        attributes = {"username": "sis_user_id" if lms == "canvas" else "idnumber"}
        roster = {"attributes": attributes, "on_leave": "deactivate"}
        config = _configure(tmp_path, ottolearn_url, {"adapter": lms, "api": api, "roster": roster})
        before = _run(config, "sync", lms, "campus")
        server.fail_next(broken(server), times=9, where="page=bookmark" if lms == "canvas" else "values%5B9%5D=20")
        ended = _run(config, "sync", lms, "campus")
    assert (before["exit"], before["created"] > 20) == (0, True)
    assert (ended["exit"], ended["deactivated"], ended["updated"]) == (3, 0, 0), ended
    assert ended["notices"], ended
