"""What is asked for on a page is really done: by `ottobridge serve` on SQLite, by `ottobridge worker` on PostgreSQL."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import yaml
from playwright.sync_api import Page, expect

from bridge.admin.roles import Role
from bridge.admin.sessions import Sessions
from bridge.store import audit, sync_items, sync_runs
from bridge.store.database import Engine
from bridge.store.engine import migrate, open_database
from bridge.store.sync_items import Kind, State
from bridge.sync.record import LOOK
from sandbox.demo_config import build_campus
from sandbox.lms.app import create_lms
from sandbox.ottolearn import create_sandbox
from sandbox.postgresql import free_port
from sandbox.serving import serve
from tests.bridge.cli.rostered import around
from tests.browser.admin_site import Later
from tests.conftest import ROOT
from tests.faults.standing import wait_for
from tests.fixtures_database import create_database

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = pytest.mark.browser

PATIENCE = 300.0
SECRET = "a secret key of thirty-two bytes or more"
NAME = "canvas"
NEW = 9
"""People of the sandbox LMS whom an empty OttoLearn does not have and gets."""
CONNECTION = f"/admin/sync?connection={NAME}"


class Gate:
    """An OttoLearn that keeps those waiting who make a user."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._changed = threading.Condition()
        self._may = math.inf

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/user"):
            with self._changed:
                self._changed.wait_for(lambda: self._may > 0)
                self._may -= 1
        return self._app(environ, start_response)

    @contextmanager
    def closed(self) -> Iterator[None]:
        self._let(0)
        try:
            yield
        finally:
            self._let(math.inf)

    def pass_one(self) -> None:
        """Let one user be made."""
        self._let(1)

    def _let(self, number: float) -> None:
        with self._changed:
            self._may = number
            self._changed.notify_all()


@dataclass
class Standing:
    """The bridge in processes of its own, with a sandbox LMS and OttoLearn beside it."""

    url: str
    config: Path
    engine: Engine
    gate: Gate
    workers: bool
    """Whether `ottobridge worker` does what is asked for."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str) -> None:
        command = [sys.executable, "-m", "bridge", "--config", str(self.config), *words]
        with (self.config.parent / f"{words[0]}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))

    def answers(self) -> bool:
        with suppress(requests.RequestException):
            return requests.get(self.url, timeout=30).status_code == 200
        return False

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(PATIENCE)

    def open(self, page: Page, path: str) -> Page:
        """Go there, signed in as an operator."""
        token = Sessions(self.engine, SECRET, 3_600, 36_000, time.time).begin("password", "Ann", Role.OPERATOR)
        page.context.add_cookies([{"name": "ottobridge-admin", "value": token, "url": self.url}])
        page.goto(f"{self.url}{path}")
        return page


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def standing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Standing]:
    """`ottobridge serve`, and with PostgreSQL no worker yet."""
    workers = request.param == "postgresql"
    database = f"sqlite:///{tmp_path / 'bridge.db'}"
    if workers:
        database = create_database(request.getfixturevalue("postgresql_server"))
    port, gate, later = free_port(), Gate(create_sandbox()), Later()
    with ExitStack() as stack:
        url = f"http://127.0.0.1:{port}"
        ottolearn, lms = stack.enter_context(serve(gate)), stack.enter_context(serve(later))
        campus = build_campus(url, lms.url, ottolearn.url)
        later.app = create_lms(campus)
        roster = {"attributes": {"firstName": "first_name", "lastName": "last_name"}, "writes_at_once": "1"}
        api = {"url": campus.url, "token": campus.api_token}
        tree = around(
            tmp_path,
            ottolearn.url,
            {NAME: {"adapter": "canvas", "student_id": "sis_user_id", "api": api, "roster": roster}},
        )
        tree["bridge"] |= {"public_url": url, "database_url": database, "workers": str(workers).lower()}
        tree["bridge"]["scheduled_syncs"] = "false"  # the only syncs are those that are asked for
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree), "utf-8")
        engine = open_database(database)
        stack.callback(engine.dispose)
        migrate(engine)
        found = Standing(url, tmp_path / "config.yaml", engine, gate, workers)
        stack.callback(found.end)
        # One process that serves, so that this one alone does what is asked for.
        found.start("serve", "--port", str(port), "--workers", "1")
        wait_for(found.answers, "the bridge answers", patience=PATIENCE)
        yield found


def test_a_plan_and_a_sync_that_are_asked_for_on_a_page_are_done(page: Page, standing: Standing) -> None:
    page.set_default_timeout(PATIENCE * 1_000)
    standing.open(page, CONNECTION)
    page.get_by_role("button", name="Plan now").click()
    if standing.workers:  # else the process that serves may have begun with it before the page is there
        expect(page.get_by_role("heading", name="A plan is asked for")).to_be_visible()
        expect(page.get_by_text("No worker is running")).to_be_visible()
        standing.start("worker", "--at-once", "1")
    expect(page.get_by_text("planned", exact=True)).to_be_visible(timeout=PATIENCE * 1_000)
    with standing.gate.closed():
        page.get_by_role("button", name="Sync now").click()
        expect(page.get_by_text(re.compile("Writing to OttoLearn: 0 of"))).to_be_visible(timeout=PATIENCE * 1_000)
        expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=PATIENCE * 1_000)
    planned, done = reversed(sync_runs.newest(standing.engine, 9))
    assert (planned.status, done.status, planned.summary["created"]) == ("planned", "done", done.summary["created"])
    assert done.summary["created"] == NEW
    expect(page.get_by_role("button", name="Sync now")).to_be_visible(timeout=PATIENCE * 1_000)  # the request is over
    page.get_by_role("link", name=f"Run {done.id}").first.click()
    expect(page.get_by_text("Ann, a sync")).to_be_visible()
    assert [(row.who, row.act) for row in audit.newest(standing.engine, 9)] == [
        ("Ann", "ask_sync"),
        ("Ann", "ask_plan"),
    ]


def test_a_run_that_is_stopped_on_a_page_ends_and_the_next_one_goes_on(page: Page, standing: Standing) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    page.set_default_timeout(PATIENCE * 1_000)
    if standing.workers:
        standing.start("worker", "--at-once", "1")
    with standing.gate.closed():
        standing.open(page, CONNECTION)
        page.get_by_role("button", name="Sync now").click()
        expect(page.get_by_text(re.compile("Writing to OttoLearn: 0 of"))).to_be_visible(timeout=PATIENCE * 1_000)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("It was asked to stop").first).to_be_visible(timeout=PATIENCE * 1_000)
        run = sync_runs.newest(standing.engine, 1)[0].id
        for _ in range(NEW - 1):  # it looks whether it is to stop between two writes, once in so many seconds
            if not _is_under_way(standing.engine, run):
                break
            standing.gate.pass_one()
            time.sleep(1.5 * LOOK)
    expect(page.get_by_text("an administrator stopped the run")).to_be_visible(timeout=PATIENCE * 1_000)
    stopped = sync_runs.find(standing.engine, run)
    assert stopped is not None
    assert (stopped.status, stopped.reason) == ("partial", "stopped")
    page.get_by_role("link", name="All its runs").click()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=PATIENCE * 1_000)
    further = sync_runs.newest(standing.engine, 1)[0]
    assert further.id != run
    assert further.summary["created"] > 0
    assert _created(standing.engine, run, further.id) == NEW
    assert [row.act for row in audit.newest(standing.engine, 9)] == ["ask_sync", "stop_sync", "ask_sync"]


def _created(engine: Engine, *runs: int) -> int:
    """Also whom OttoLearn made after the bridge had waited long enough for its answer: the next run finds them."""
    counts = [count for run in runs for count in sync_items.counts(engine, run).items()]
    return sum(number for (kind, state, _), number in counts if (kind, state) == (Kind.CREATE, State.DONE))


def _is_under_way(engine: Engine, run: int) -> bool:
    found = sync_runs.find(engine, run)
    return found is not None and found.status in sync_runs.UNDER_WAY
