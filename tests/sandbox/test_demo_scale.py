"""`make demo-scale`, whole: PostgreSQL, nginx, two that serve and two that work."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from bridge.store import sync_runs
from bridge.store.engine import open_database
from bridge.store.sync_runs import Run
from sandbox import demo_scale
from sandbox.demo_scale import PEOPLE, SCHOOLS, ScaleDemo, main
from sandbox.postgresql import find_programs
from tests.conftest import ROOT
from tests.deploy.conftest import program
from tests.faults.standing import PATIENCE, wait_for

PLACES = re.compile(r"The bridge: (\S+)/readyz  \(logs: (\S+)\)  Ctrl-C")


@pytest.fixture
def command() -> Iterator[subprocess.Popen[str]]:
    """What `make demo-scale` starts."""
    program("nginx", "nginx-light")
    if find_programs() is None:
        pytest.skip("PostgreSQL's server programs are missing; to enable: apt-get install postgresql")
    assert "-m sandbox.demo_scale" in (ROOT / "Makefile").read_text("utf-8")
    words, wide = [sys.executable, "-m", "sandbox.demo_scale"], {**os.environ, "COLUMNS": "500"}
    with subprocess.Popen(words, cwd=ROOT, env=wide, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.send_signal(signal.SIGINT)  # nothing if it has ended
        process.wait(PATIENCE)


@pytest.mark.postgresql
def test_the_schools_are_synced_across_the_workers_and_nginx_reaches_both_that_serve(
    command: subprocess.Popen[str],
) -> None:
    running = _running(command)
    wait_for(running.are_synced, "every school is in OttoLearn", patience=1800)
    assert _created(running) == dict.fromkeys(SCHOOLS, PEOPLE)
    # A worker's log has the line a little later than the database has the run.
    wait_for(lambda: _synced(running).total() == len(SCHOOLS), "the logs tell of every school")
    assert len(_synced(running)) == 2
    assert requests.get(f"{running.url}/readyz", timeout=90).ok
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=PATIENCE)
    assert command.returncode == 0, said
    assert all(school in said for school in SCHOOLS)
    assert not running.folder.exists()


def _running(command: subprocess.Popen[str]) -> ScaleDemo:
    """What it says of itself."""
    assert command.stderr is not None
    said = []
    for line in iter(command.stderr.readline, ""):
        said.append(line)
        if places := PLACES.search(line):
            url, folder = places.groups()
            config = yaml.safe_load(Path(folder, "config.yaml").read_text("utf-8"))
            return ScaleDemo(url, config["bridge"]["database_url"], Path(folder))
    raise AssertionError("".join(said))


def _created(running: ScaleDemo) -> Counter[str]:
    """How many people of each school were made, by all runs: one that broke off leaves the rest to the next."""
    engine, created = open_database(running.database_url), Counter[str]()
    for run in sync_runs.newest(engine, 100):
        created[run.connection] += run.summary.get("created", 0)
    engine.dispose()
    return created


def _synced(running: ScaleDemo) -> Counter[str]:
    """How many schools each worker's log tells of."""
    logs = {log.name: log.read_text("utf-8") for log in running.folder.glob("worker-*.log")}
    return Counter({name: log.count(": sync: done") for name, log in logs.items() if ": sync: done" in log})


class _Played:
    """One whose schools are synced, or never will be."""

    def __init__(self, synced: bool) -> None:
        self._synced = synced

    def runs(self) -> Mapping[str, Run]:
        return {}

    def are_synced(self) -> bool:
        return self._synced


def _starting(synced: bool) -> Callable[[], object]:
    @contextmanager
    def start() -> Iterator[_Played]:
        yield _Played(synced)

    return start


@pytest.mark.parametrize(("synced", "exit_code"), [(True, 0), (False, 1)])
def test_a_check_ends_by_itself_and_says_whether_all_are_synced(
    synced: bool, exit_code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["demo_scale", "--check"])
    monkeypatch.setattr(demo_scale, "run_demo_scale", _starting(synced))
    monkeypatch.setattr(demo_scale, "PATIENCE", 0.0)
    assert main() == exit_code
    said = capsys.readouterr().err
    assert all(school in said for school in SCHOOLS)
