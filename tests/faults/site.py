"""Two processes that serve, machines that work, and schools whose rosters are synced, over one PostgreSQL."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import yaml
from sqlalchemy import select, text

from bridge.store import sync_runs
from bridge.store.database import Engine
from bridge.store.engine import autocommit, migrate, open_database
from bridge.store.sync_schema import sync_person
from sandbox.ottolearn import create_sandbox, generated
from sandbox.postgresql import free_port
from sandbox.serving import serve
from tests.conftest import ROOT
from tests.fakes.rest_list import Absorb, absorb_person
from tests.faults.launching import Crowd
from tests.faults.standing import (
    LEARNERS,
    LINK_SECRET,
    Hanging,
    Standing,
    children,
    key_set,
    lives,
    stand_still,
    wait_for,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE = 1200.0
"""Seconds; a run that failed is due again after 300, and only a test that fails waits so long."""


class Counting:
    """An OttoLearn that takes its time for each call, and counts."""

    def __init__(self, app: WSGIApplication, seconds: float) -> None:
        self._app = app
        self._seconds = seconds
        self.calls = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.calls += 1
        threading.Event().wait(self._seconds)
        return self._app(environ, start_response)


class Machine:
    """One `ottobridge worker` with its processes."""

    def __init__(self, config: Path, log: Path) -> None:
        self._command = [sys.executable, "-m", "bridge", "--config", str(config), "worker", "--at-once", "2"]
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)

    def processes(self) -> list[int]:
        """Those that do jobs."""
        with suppress(OSError):
            return children(self.process.pid) if self.process is not None else []
        return []

    def kill(self) -> None:
        """As if somebody pulled the plug: all of its processes at once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Site:
    """All of it."""

    def __init__(
        self, folder: Path, database: str, stack: ExitStack, *, schools: int, people: int, call: float
    ) -> None:
        """`people` of each school; `call`: seconds that OttoLearn takes for each."""
        self.folder, self.database = folder, database
        self.engine: Engine = open_database(database)
        migrate(self.engine)
        stack.callback(self.engine.dispose)
        sandbox = create_sandbox(generated(LEARNERS, ("username", "employeeId")), link_secret=LINK_SECRET)
        self.calls = Counting(sandbox, call)
        self.ottolearn = stack.enter_context(serve(self.calls)).url
        self.campus = stack.enter_context(serve(Hanging(key_set))).url
        self.names = [f"school-{number}" for number in range(schools)]
        self.people = Counter(f"E{one:05}" for number in range(schools) for one in _numbers(number, people))
        rosters = {
            name: _school([absorb_person(one) for one in _numbers(number, people)], stack)
            for number, name in enumerate(self.names)
        }
        self.webs = [self._web(number, rosters, stack) for number in range(2)]
        self.crowds = [Crowd(web) for web in self.webs]
        self.machines = [Machine(self.webs[0].config, folder / f"worker-{number}") for number in range(2)]
        stack.callback(self.end)

    def _web(self, number: int, rosters: dict[str, Any], stack: ExitStack) -> Standing:
        folder = self.folder / f"web-{number}"
        folder.mkdir()
        addresses = {"ottolearn": self.ottolearn, "campus": self.campus}
        hanging = Hanging(key_set)
        web = Standing(folder, free_port(), self.database, hanging, hanging, addresses)
        web.configure(workers="true")
        tree = yaml.safe_load(web.config.read_text("utf-8"))
        tree["connections"] |= rosters
        web.config.write_text(yaml.safe_dump(tree), "utf-8")
        return web

    def start(self) -> None:
        """Start everything, and wait until people can get in."""
        for web in self.webs:
            web.start()
        for machine in self.machines:
            machine.start()
        for crowd in self.crowds:
            wait_for(crowd.ready, "the bridge is ready", PATIENCE)

    def end(self) -> None:
        for machine in self.machines:
            machine.kill()
        for web in self.webs:
            web.stop()

    def kill_some(self, chance: random.Random) -> str:
        """Kill one thing with -9, and start again what nobody else would; which it was."""
        what = chance.choice(["web process", "web", "job process", "machine"])
        if what == "web process":
            _kill(chance, chance.choice(self.webs).workers())
        elif what == "job process":
            _kill(chance, chance.choice(self.machines).processes())
        elif what == "web":
            web = chance.choice(self.webs)
            kill_web(web)
            web.start()
        else:
            machine = chance.choice(self.machines)
            machine.kill()
            machine.start()
        return what

    def done(self) -> set[str]:
        """The schools whose roster was read, and written, to its end."""
        return {run.connection for run in sync_runs.newest(self.engine, 1000) if run.status == "done"}

    def under_way(self) -> list[str]:
        """Runs and jobs that have not ended."""
        runs = [run.connection for run in sync_runs.newest(self.engine, 1000) if run.status in sync_runs.UNDER_WAY]
        with autocommit(self.engine) as connection:
            jobs = connection.execute(text("SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'doing'"))
            return [*runs, *(str(name) for name in jobs.scalars())]

    def users(self) -> dict[str, list[int]]:
        """Who is in OttoLearn with a username of a school, by it: the ids of all who have it."""
        login = {"organizationId": 1, "username": "api", "password": "api"}
        session = requests.post(f"{self.ottolearn}/authenticate/login", json=login, timeout=90).json()["sessionToken"]
        answer = requests.get(f"{self.ottolearn}/v1/rest/user", headers={"Authorization": session}, timeout=90)
        found: dict[str, list[int]] = {}
        for user in answer.json():
            if user["id"] > LEARNERS:
                found.setdefault(user["attribute"]["username"], []).append(user["id"])
        return found

    def ledger(self) -> list[int]:
        """The OttoLearn users whom the bridge has noted as brought by a roster."""
        with autocommit(self.engine) as connection:
            return sorted(connection.execute(select(sync_person.c.user_id)).scalars())

    def check_people(self) -> None:
        """Nobody is lost, nobody is there twice, and the bridge knows each by the id that OttoLearn gave."""
        users = self.users()
        assert Counter({name: len(ids) for name, ids in users.items()}) == self.people
        assert self.ledger() == sorted(one for ids in users.values() for one in ids)


def kill_web(web: Standing) -> None:
    """The master and its workers at once, as where a machine dies."""
    assert web.process is not None
    stand_still(web.process.pid)  # it starts no worker between
    pids = (web.process.pid, *web.workers())
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    web.process.wait()
    wait_for(lambda: not any(lives(pid) for pid in pids), "they have ended")


def _kill(chance: random.Random, pids: Sequence[int]) -> None:
    if pids:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)


def _school(people: list[dict[str, Any]], stack: ExitStack) -> dict[str, Any]:
    lms = stack.enter_context(Absorb(people=people, cap=10))
    return {
        "adapter": "rest-list",
        "student_id": "externalId",
        **lms.settings,
        "list": {"paging": {"size": "10"}},
        "roster": {
            "attributes": {"firstName": "first_name", "lastName": "last_name"},
            "writes_at_once": "2",
            "every": "1m",
        },
    }


def _numbers(school: int, people: int) -> range:
    return range(school * 10_000 + 1, school * 10_000 + people + 1)
