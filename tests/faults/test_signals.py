"""What an operator tells the running bridge by signals, while learners launch: not one of them notices."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.faults.launching import AT_ONCE, CUT, MATCHED, REFUSED, Crowd, Ended
from tests.faults.standing import PATIENCE, Standing, children, lives, wait_for


@pytest.fixture
def crowd(crowd: Crowd) -> Crowd:
    """People in front of a bridge that has read the LMS's keys."""
    crowd.warm()
    crowd.ended.clear()
    return crowd


def pids(world: Standing) -> set[int]:
    return set(world.workers())


def came_too_late(one: Ended) -> bool:
    """Who begins nothing for seconds, as where the machine stands still, is not waited for by a worker that ends."""
    return one.what == CUT and one.seconds > 4


def test_nobody_is_lost_when_the_configuration_is_read_anew_again_and_again(world: Standing, crowd: Crowd) -> None:
    with crowd.launching(0.05, AT_ONCE):
        for _ in range(2):
            before = pids(world)
            world.send(signal.SIGHUP)
            wait_for(lambda old=before: len(pids(world)) == 2 and not pids(world) & old, "new workers, and no old ones")
    assert {one.what for one in crowd.ended if not came_too_late(one)} == {MATCHED}
    assert crowd.launch().what == MATCHED  # after the old workers have taken away what was theirs
    assert crowd.ready()


def test_a_wrong_configuration_is_refused_and_told_and_the_old_one_goes_on(world: Standing, crowd: Crowd) -> None:
    before = pids(world)
    world.configure(public_urll="https://bridge.example.edu")
    world.send(signal.SIGHUP)
    wait_for(lambda: "public_urll" in world.log and "stays as it was" in world.log, "the mistake is told")
    assert pids(world) == before
    assert crowd.launch().what == MATCHED


def test_a_new_configuration_is_in_force_after_hup(world: Standing, crowd: Crowd) -> None:
    before = pids(world)
    world.config.write_text(world.config.read_text().replace("campus:\n", "other:\n"))
    world.send(signal.SIGHUP)
    wait_for(lambda: len(pids(world)) == 2 and not pids(world) & before, "new workers")
    assert crowd.launch().what.startswith("404")


def test_whoever_is_being_answered_is_answered_when_the_bridge_is_stopped(world: Standing, crowd: Crowd) -> None:
    with crowd.launching(0.05, AT_ONCE):
        wait_for(lambda: len(crowd.ended) > 10, "launches are under way")
        process = world.process
        assert process is not None
        stopped = time.monotonic()
        world.send(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    counts = crowd.counts()
    assert counts.pop(MATCHED) > 10
    # Those who came when nobody listened any more, or between a worker's last look at who waits and the end of that.
    assert {one.what for one in crowd.ended if one.asked < stopped and not came_too_late(one)} == {MATCHED}
    assert set(counts) <= {REFUSED, CUT}


def test_a_new_program_takes_over_in_place(world: Standing, crowd: Crowd) -> None:
    assert world.process is not None
    old, workers = world.process.pid, pids(world)
    with crowd.launching(0.05, AT_ONCE):
        world.send(signal.SIGUSR2)
        (new,) = wait_for(lambda: pids(world) - workers, "another master")
        world.also.append(new)
        wait_for(lambda: len(children(new)) == 2, "its workers")
        wait_for(lambda: world.log.count("Booting worker") >= 4, "its workers")
        world.send(signal.SIGTERM)
        world.process.wait(PATIENCE)
        taken = len(crowd.ended)
        wait_for(lambda: len(crowd.ended) > taken + 20, "launches after the old one has ended")
    assert {one.what for one in crowd.ended if not came_too_late(one)} == {MATCHED}
    assert not lives(old)
    assert crowd.ready()
    os.kill(new, signal.SIGTERM)
    wait_for(lambda: not lives(new), "the new master ends too")


def test_a_port_in_use_is_one_sentence(world: Standing, crowd: Crowd) -> None:
    again = subprocess.run(
        world.command("serve", "--port", str(world.port)), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
    assert f"port {world.port}: another program listens there" in again.stderr
