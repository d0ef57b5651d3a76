"""What is counted while workers come and go, and who may read it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.postgresql import free_port
from tests.faults.launching import MATCHED, Crowd
from tests.faults.postgresql import cluster
from tests.faults.standing import PATIENCE, Standing, children, standing, wait_for


@pytest.fixture
def metrics_port() -> int:
    return free_port()


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the processes keep their counts."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    return folder


@pytest.fixture
def world(tmp_path: Path, metrics_port: int, shared: Path) -> Iterator[Standing]:
    database = f"sqlite:///{tmp_path / 'bridge.db'}"
    with standing(tmp_path, database, "--metrics-port", str(metrics_port)) as found:
        yield found


def ask(port: int, path: str, **headers: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=PATIENCE, allow_redirects=False)


def matched(port: int) -> float:
    text = ask(port, "/metrics").text
    return sum(float(n) for n in re.findall(r'^ottobridge_launches_total\{.*outcome="matched"\} (\S+)$', text, re.M))


def test_whoever_reaches_the_launches_does_not_reach_the_metrics(
    world: Standing, crowd: Crowd, metrics_port: int
) -> None:
    assert ask(metrics_port, "/metrics").status_code == 200
    assert ask(world.port, "/metrics").status_code == 404
    assert ask(world.port, "/metrics", Host=f"127.0.0.1:{metrics_port}").status_code == 404
    assert ask(metrics_port, "/healthz").status_code == 404
    assert ask(world.port, "/healthz").status_code == 200


def test_no_count_goes_back_and_no_file_is_left_behind_when_workers_die(
    world: Standing, crowd: Crowd, metrics_port: int, shared: Path
) -> None:
    crowd.warm()
    first = matched(metrics_port)
    for _ in range(8):
        assert crowd.launch().what == MATCHED
    assert matched(metrics_port) == first + 8
    for turn in range(3):
        before = world.workers()
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda old=before: len(world.workers()) == 2 and old[0] not in world.workers(), "another worker")
        wait_for(crowd.ready, "it is ready")
        assert crowd.launch().what == MATCHED
        assert matched(metrics_port) == first + 9 + turn
    assert {file.name for file in shared.rglob("counter_*.db")} == {"counter_0.db", "counter_1.db"}


def test_a_new_configuration_leaves_nobody_in_use(world: Standing, crowd: Crowd, metrics_port: int) -> None:
    before = set(world.workers())
    world.send(signal.SIGHUP)
    wait_for(lambda: len(world.workers()) == 2 and not before & set(world.workers()), "new workers, and no old ones")
    wait_for(crowd.ready, "they are ready")
    idle = re.compile(r"^ottobridge_database_connections_in_use 0\.0$", re.M)
    wait_for(lambda: idle.search(ask(metrics_port, "/metrics").text), "what the old ones had in use is given back")


def test_a_new_program_takes_over_both_ports(world: Standing, crowd: Crowd, metrics_port: int) -> None:
    assert world.process is not None
    crowd.warm()
    before = set(world.workers())
    world.send(signal.SIGUSR2)
    (new,) = wait_for(lambda: set(world.workers()) - before, "another master")
    world.also.append(new)
    wait_for(lambda: len(children(new)) == 2, "its workers")
    wait_for(lambda: world.log.count("Booting worker") >= 4, "its workers")
    world.send(signal.SIGTERM)
    world.process.wait(PATIENCE)
    assert crowd.launch().what == MATCHED
    assert matched(metrics_port) == 1  # counts of its own
    assert ask(world.port, "/metrics").status_code == 404


@pytest.mark.postgresql
@pytest.mark.parametrize("fault", ["stopped", "frozen"])
def test_metrics_are_served_while_the_database_is_away(tmp_path: Path, shared: Path, fault: str) -> None:
    with cluster() as server, standing(tmp_path, server.url) as world:
        world.start()
        crowd = Crowd(world)
        wait_for(crowd.ready, "the bridge is ready")
        crowd.warm()
        wait_for(lambda: "ottobridge_database_up 1.0" in ask(world.port, "/metrics").text, "the database answers")
        with server.frozen() if fault == "frozen" else server.stopped():
            text = ask(world.port, "/metrics").text  # else it would wait until the database is back
            assert "ottobridge_database_up 0.0" in text
            assert 'ottobridge_launches_total{connection="campus"' in text
            assert "ottobridge_directory_age_seconds" not in text
        wait_for(lambda: "ottobridge_database_up 1.0" in ask(world.port, "/metrics").text, "it is back")


def test_one_port_for_both_is_a_mistake(world: Standing, metrics_port: int) -> None:
    command = world.command("serve", "--port", "8000", "--metrics-port", "8000")
    told = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert told.returncode == 2
    assert "--metrics-port must differ" in told.stderr
