"""kill -9 at any moment, then the same command: nobody twice, nobody forgotten, nothing asked twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.ottolearn import Faults, create_sandbox
from sandbox.serving import serve
from tests.bridge.sync.crashing import Crashing
from tests.fakes.noticing import Noticing

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_process_that_dies_at_any_statement_leaves_nothing_that_the_next_run_does_not_mend(
    world, people, make_member, backwards
) -> None:
    world.lms.members = people(6)
    world.run()
    expected = {"p0": True, "p1": True, "p2": True, "new1": True, "new2": True, "p3": True, "p4": False, "p5": False}
    world.lms.members = [
        *people(3)[:2],
        make_member("p2", first="Renamed"),
        make_member("p3", first="First3"),
        make_member("new1"),
        make_member("new2"),
    ]
    crashing = Crashing(world.engine)
    steps, survived = 1, False
    while not survived:
        survived = crashing.survives(steps, world.run)
        steps += 9 if backwards else 7
    assert {user.attributes["username"]: user.active for user in world.ottolearn.users.values()} == expected
    assert sum(deed == "create" for deed, _ in world.ottolearn.writes) == 6 + 2
    assert world.ottolearn.by_username("p2").attributes["firstName"] == "Renamed"
    outcome = world.run()
    assert (outcome.unchanged, outcome.created, outcome.updated) == (6, 0, 0)


def test_a_saved_plan_whose_application_died_goes_on_where_it_was(world, people) -> None:
    world.lms.members = people(30)
    planned = world.plan()
    crashing = Crashing(world.engine)
    steps, survived = 20, False
    while not survived:
        survived = crashing.survives(steps, lambda: world.apply(planned.run))
        steps += 12
    assert len(world.ottolearn.users) == 30
    assert len(world.ottolearn.writes) == 30


def test_runs_that_died_say_so(world, people) -> None:
    from bridge.store import sync_runs

    world.lms.members = people(30)
    assert not Crashing(world.engine).survives(60, world.run)
    world.run()
    assert [run.reason for run in sync_runs.newest(world.engine, 5)] == ["", "crashed"]


@pytest.mark.parametrize("after", [1, 9, 30])
def test_kill_9_of_a_real_process_against_the_real_sandbox(tmp_path: Path, after: int) -> None:
    faults = Faults(latency=0.03)
    with serve(create_sandbox(faults=faults)) as served:
        command = [sys.executable, "-m", "tests.bridge.sync.crashing", str(tmp_path), served.url, "40"]
        faults.asked = Noticing("POST create_user", after, lambda: process.kill())  # noqa: PLW0108 -- it is not there yet
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.wait(600) == -signal.SIGKILL
        faults.latency = 0.0
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=600)
        outcome = json.loads(done.stdout)
    assert (outcome["status"], outcome["quarantined"], outcome["users"]) == ("done", 0, 40)
    # Whatever was under way when the process died may be asked for once more; nothing else.
    assert faults.asked["POST create_user"] <= 40 + 2 * 8
