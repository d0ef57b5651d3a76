"""From a sync of the sandbox LMS that a limit holds to its approval on a page, carried out in real processes."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters import ADAPTERS
from bridge.admin.roles import Role
from bridge.config.configuration import load
from bridge.contracts import Outcome
from bridge.jobs import background
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.store import sync_requests, sync_runs
from bridge.store.engine import migrate, open_database
from bridge.store.sync_requests import Stage, SyncRequest
from bridge.store.sync_runs import Run
from bridge.sync.run import Options
from bridge.web.admin.services import build_admin
from bridge.web.app import create_app
from bridge.web.services import build_services
from bridge.wsgi import jobs_of
from sandbox.demo_config import build_campus
from sandbox.lms.app import create_lms
from sandbox.ottolearn import create_sandbox
from sandbox.people import Person
from sandbox.serving import serve
from tests.bridge.cli.rostered import around
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.conftest import ROOT
from tests.fixtures_database import create_database

EVERYBODY = range(20)
PATIENCE = 300.0


class Changing:
    """The sandbox LMS at one address, whose people change."""

    app: Any = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


class Site:
    """The LMS, OttoLearn and a bridge with its pages, by whose configuration a worker can be started too."""

    def __init__(self, folder: Path, database: str, loopback: Outbound, stack: ExitStack) -> None:
        self._folder, self._lms = folder, Changing()
        self._campus = build_campus("https://bridge.example.edu", stack.enter_context(serve(self._lms)).url, "")
        self.people(EVERYBODY)
        ottolearn = stack.enter_context(serve(create_sandbox())).url
        tree = around(folder, ottolearn, {"canvas": self._connection()})
        tree["bridge"] |= {"database_url": database, "workers": str(database.startswith("postgresql")).lower()}
        (folder / "config.yaml").write_text(yaml.safe_dump(tree), "utf-8")
        configuration = load(folder / "config.yaml", ADAPTERS, {})
        self.engine = open_database(database)
        stack.callback(self.engine.dispose)
        migrate(self.engine)
        self.api = OttoLearnApi(configuration.ottolearn, loopback)
        names = configuration.ottolearn.username_attributes
        directory = Directory(self.engine, names, self.api.read_learners, time.time)
        self.services = build_services(configuration, self.engine, loopback, directory, adapters=ADAPTERS)
        app = create_app(self.services)
        self.browser = AdminBrowser(app.test_client(), build_admin(self.services)).sign_in(Role.OPERATOR)

    def _connection(self) -> dict[str, Any]:
        return {
            "adapter": "canvas",
            "student_id": "sis_user_id",
            "api": {"url": self._campus.url, "token": self._campus.api_token},
            "roster": {
                "attributes": {"username": "sis_user_id", "firstName": "first_name", "lastName": "last_name"},
                "on_leave": "deactivate",
                "grace": {"days": "0", "complete_reads": "1"},
                "limits": {"deactivations": {"number": "3"}},
            },
        }

    def people(self, numbers: Sequence[int]) -> None:
        """Let these have a seat in the LMS, and nobody else."""
        seats = [Person(f"k{n}", n + 1, "Zoë", f"Number {n}", f"S{n:04}", Outcome.MATCHED, "") for n in numbers]
        self._lms.app = create_lms(dataclasses.replace(self._campus, people=tuple(seats)))

    def sync(self) -> Run:
        connection = self.services.connections.find("canvas")
        assert connection is not None
        outcome = self.services.syncs.of(connection, lambda _: None, lambda: False).run(Options())
        found = sync_runs.find(self.engine, outcome.run)
        assert found is not None
        return found

    def approve(self, run: Run) -> None:
        path = f"/admin/sync/plans/{run.id}"
        seen = self.browser.tree(path).xpath("//input[@name='seen']/@value")[0]
        assert self.browser.post(f"{path}/approve", seen=seen).status_code == 303

    def come_in(self) -> set[str]:
        """Who may come in."""
        return {learner.attributes["username"] for learner in self.api.read_learners() if learner.active}

    def ended(self) -> SyncRequest | None:
        found = sync_requests.newest_of(self.engine, "canvas")
        return found if found is not None and found.ended_at is not None else None

    def carry_out(self) -> SyncRequest:
        """Let the process that has it to do carry out what was asked for."""
        if self.engine.dialect.name == "sqlite":
            with background.running(jobs_of(self.services, lambda: False).jobs, every=0.05):
                self._wait(lambda: "the rounds of a process that serves")
        else:
            self._let_a_worker()
        found = self.ended()
        assert found is not None
        return found

    def _let_a_worker(self) -> None:
        command = [sys.executable, "-m", "bridge", "--config", str(self._folder / "config.yaml"), "worker"]
        with (self._folder / "log").open("wb") as log:
            worker = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            self._wait(lambda: (self._folder / "log").read_text("utf-8"))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

    def _wait(self, why: Callable[[], str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.ended() is None:
            assert time.monotonic() < deadline, why()
            time.sleep(0.05)


def names(numbers: Sequence[int]) -> set[str]:
    return {f"S{number:04}" for number in numbers}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def site(request: pytest.FixtureRequest, tmp_path: Path, loopback: Outbound) -> Iterator[Site]:
    """OttoLearn has all of the LMS's people; then ten have left, which a limit holds."""
    if request.param == "sqlite":
        database = f"sqlite:///{tmp_path / 'bridge.db'}"
    else:
        database = create_database(request.getfixturevalue("postgresql_server"))
    with ExitStack() as stack:
        found = Site(tmp_path, database, loopback, stack)
        assert found.sync().status == "done"
        assert found.come_in() == names(EVERYBODY)
        yield found


def test_what_was_held_is_done_after_it_was_approved_on_the_page(site: Site) -> None:
    site.people(EVERYBODY[:10])
    held = site.sync()
    assert (held.status, held.summary["held"], site.come_in()) == ("held_back", 10, names(EVERYBODY))
    site.approve(held)
    assert site.come_in() == names(EVERYBODY), "no request waits for an LMS"
    ended = site.carry_out()
    assert (ended.state, ended.asked_by, ended.detail) == (Stage.DONE, "the operator", "")
    assert site.come_in() == names(EVERYBODY[:10])
    page = site.browser.get(f"/admin/sync/plans/{held.id}").text
    assert "Carried out" in page
    assert "Read again and carry out" not in page
    assert f"/admin/sync/plans/{ended.result}" in page


def test_a_source_that_changed_since_loses_nobody_who_was_not_looked_at(site: Site) -> None:
    site.people(EVERYBODY[:10])
    held = site.sync()
    site.approve(held)
    site.people([*EVERYBODY[4:10], *EVERYBODY[15:]])  # four more have left, and five are back
    ended = site.carry_out()
    assert ended.state == Stage.DONE
    assert site.come_in() == names([*EVERYBODY[:10], *EVERYBODY[15:]])
    later = sync_runs.find(site.engine, ended.result or 0)
    assert later is not None
    assert (later.status, later.summary["deactivated"], later.summary["held"]) == ("held_back", 5, 4)
    assert "4 changes held" in site.browser.get(f"/admin/sync/plans/{later.id}").text
