"""Workers as they stand in production, in processes of their own: whatever is killed, everybody is there once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from bridge.store import sync_runs
from bridge.store.database import Engine
from bridge.store.engine import migrate, open_database
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.rostered import around
from tests.conftest import ROOT
from tests.fakes.rest_list import Absorb, absorb_person
from tests.faults.standing import PATIENCE, Hanging, wait_for
from tests.fixtures_database import create_database

pytestmark = pytest.mark.postgresql

SCHOOLS = 3
PEOPLE = 12
SYNCED = 1200.0
"""Seconds for every roster: a run that failed is due again after 300, and only a test that fails waits so long."""


class Site:
    """Schools with a roster each, an OttoLearn that can be made to hang, and machines that run a worker."""

    def __init__(self, folder: Path, database: str, stack: ExitStack) -> None:
        self.folder = folder
        self.engine: Engine = open_database(database)
        migrate(self.engine)
        stack.callback(self.engine.dispose)
        self.sandbox = Hanging(create_sandbox())
        self.ottolearn = stack.enter_context(serve(self.sandbox)).url
        self.tree = around(folder, self.ottolearn, {})
        self.tree["bridge"] |= {"database_url": database, "workers": "true"}
        self.machines: list[subprocess.Popen[bytes]] = []
        stack.callback(self.end)
        for number in range(SCHOOLS):
            self.add(number, stack)

    def add(self, number: int, stack: ExitStack) -> None:
        """One more school, whose people no other has."""
        people = [absorb_person(one) for one in _numbers(number)]
        lms = stack.enter_context(Absorb(people=people, cap=10))
        self.tree["connections"][f"school-{number}"] = {
            "adapter": "rest-list",
            "student_id": "externalId",
            **lms.settings,
            "list": {"paging": {"size": "10"}},
            "roster": {"attributes": {"firstName": "first_name", "lastName": "last_name"}, "writes_at_once": "1"},
        }
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.tree), "utf-8")

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "bridge", "--config", str(self.folder / "config.yaml"), "worker", *options]
        with (self.folder / f"log-{len(self.machines)}").open("wb") as log:
            machine = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        self.machines.append(machine)
        return machine

    def kill(self, machine: subprocess.Popen[bytes]) -> None:
        """As if somebody pulled the plug: all of its processes at once."""
        with suppress(ProcessLookupError):
            os.killpg(machine.pid, signal.SIGKILL)
        machine.wait()

    def end(self) -> None:
        for machine in self.machines:
            self.kill(machine)

    def log(self, number: int = 0) -> str:
        return (self.folder / f"log-{number}").read_text("utf-8")

    def users(self) -> Counter[str]:
        """How many users of OttoLearn have each username."""
        login = {"organizationId": 1, "username": "api", "password": "api"}
        session = requests.post(f"{self.ottolearn}/authenticate/login", json=login, timeout=90).json()["sessionToken"]
        answer = requests.get(f"{self.ottolearn}/v1/rest/user", headers={"Authorization": session}, timeout=90)
        return Counter(user["attribute"]["username"] for user in answer.json())

    def under_way(self) -> int:
        runs = sync_runs.newest(self.engine, 50)
        return sum(run.status in sync_runs.UNDER_WAY for run in runs)

    def done(self) -> set[str]:
        return {run.connection for run in sync_runs.newest(self.engine, 50) if run.status == "done"}


@pytest.fixture
def site(tmp_path: Path, postgresql_server: str) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path, create_database(postgresql_server), stack)


def everybody() -> Counter[str]:
    return Counter(f"E{one:05}" for number in range(SCHOOLS) for one in _numbers(number))


def _numbers(school: int) -> range:
    return range(school * 1000 + 1, school * 1000 + PEOPLE + 1)


def test_a_machine_that_dies_in_the_middle_loses_nobody_and_doubles_nobody(site: Site) -> None:
    with site.sandbox.hanging():
        first = site.start("--at-once", "2")
        wait_for(lambda: site.under_way() >= 2, "two rosters are under way")
        site.kill(first)
    site.start("--at-once", "2")
    wait_for(lambda: len(site.done()) == SCHOOLS, "every roster was read to its end", patience=SYNCED)
    assert site.users() == everybody()
    assert "its worker has died" in site.log(1)


def test_a_worker_told_to_end_leaves_what_the_next_one_resumes(site: Site) -> None:
    machine = site.start("--at-once", "1")
    with site.sandbox.hanging():
        wait_for(site.under_way, "a roster is under way")
        machine.send_signal(signal.SIGTERM)
    assert machine.wait(PATIENCE) == 0
    assert site.under_way() == 0
    site.start("--at-once", "4")
    wait_for(lambda: len(site.done()) == SCHOOLS, "every roster was read to its end", patience=SYNCED)
    assert site.users() == everybody()


def test_a_process_that_is_killed_is_started_again(site: Site) -> None:
    machine = site.start("--at-once", "1", "--queues", "sync")
    (before,) = wait_for(lambda: _jobs(machine), "the process for rosters is there")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: _jobs(machine) not in ([], [before]), "another one is there")


def test_ctrl_c_at_a_terminal_shows_no_traceback_of_processes_that_start(site: Site) -> None:
    machine = site.start("--at-once", "3")
    wait_for(lambda: len(_jobs(machine)) == 4, "the processes start")
    os.killpg(machine.pid, signal.SIGINT)  # as a terminal does
    assert machine.wait(PATIENCE) == 0
    assert "Traceback" not in site.log()


def test_a_wrong_file_at_the_restart_of_a_process_is_told_in_words(site: Site) -> None:
    machine = site.start("--at-once", "1", "--queues", "sync")
    (before,) = wait_for(lambda: _jobs(machine), "the process for rosters is there")
    good = (site.folder / "config.yaml").read_text("utf-8")
    (site.folder / "config.yaml").write_text("bridge: [", "utf-8")
    with suppress(ProcessLookupError):  # it has come to the file by itself
        os.kill(before, signal.SIGKILL)
    wait_for(lambda: "ended with 2" in site.log(), "it does not start")
    assert "Traceback" not in site.log()
    (site.folder / "config.yaml").write_text(good, "utf-8")
    wait_for(site.done, "it works again", patience=SYNCED)


def _jobs(machine: subprocess.Popen[bytes]) -> list[int]:
    found = Path(f"/proc/{machine.pid}/task/{machine.pid}/children").read_text().split()
    return [int(pid) for pid in found if b"spawn_main" in _command(int(pid))]


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_a_new_school_is_known_after_hup_and_a_wrong_file_changes_nothing(site: Site) -> None:
    machine = site.start("--at-once", "2")
    wait_for(lambda: len(site.done()) == SCHOOLS, "every roster was read to its end", patience=SYNCED)
    good = (site.folder / "config.yaml").read_text("utf-8")
    (site.folder / "config.yaml").write_text("bridge: [", "utf-8")
    machine.send_signal(signal.SIGHUP)
    wait_for(lambda: "stays as it was" in site.log(), "the mistake is in the log")
    (site.folder / "config.yaml").write_text(good, "utf-8")
    with ExitStack() as stack:
        site.add(SCHOOLS, stack)
        machine.send_signal(signal.SIGHUP)
        wait_for(lambda: len(site.done()) == SCHOOLS + 1, "the new school is there", patience=SYNCED)


@pytest.mark.parametrize(
    ("bridge", "said"),
    [({"workers": "false"}, "bridge.workers is not set"), ({"database_url": "sqlite:///x"}, "needs")],
)
def test_what_it_needs_is_said_at_its_start(site: Site, bridge: dict[str, Any], said: str) -> None:
    site.tree["bridge"] |= bridge
    (site.folder / "config.yaml").write_text(yaml.safe_dump(site.tree), "utf-8")
    assert site.start().wait(PATIENCE) == 2
    assert said in site.log()
