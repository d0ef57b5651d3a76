"""`ottobridge sync` and `runs`, as processes where signals count, against the sandbox OttoLearn over real HTTP."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from click.testing import CliRunner

from bridge.cli import cli
from bridge.errors import ConfigError
from bridge.store.engine import open_database
from bridge.store.sync_lock import sync_lock
from sandbox.ottolearn import Faults, create_sandbox
from sandbox.serving import serve
from tests.fakes.noticing import Noticing
from tests.migrated import migrated_in

ROOT = Path(__file__).resolve().parents[3]


class Site:
    """A configuration, a roster in a file, and an OttoLearn to sync it into."""

    def __init__(self, folder: Path, url: str, faults: Faults) -> None:
        self.folder = folder
        self.faults = faults
        self.roster_file = folder / "roster.jsonl"
        self.config = folder / "config.yaml"
        self.tree: dict[str, Any] = {
            "bridge": {
                "public_url": "https://bridge.example.edu",
                "secret_key": "a secret key of thirty-two bytes or more",
                "database_url": migrated_in(folder),
                "trusted_networks": ["127.0.0.0/8"],
            },
            "ottolearn": {
                "api_url": url,
                "organization_id": 1,
                "username": "api",
                "password": "api",
                "username_attributes": ["username", "employeeId"],
                "learner_url": f"{url}/learn",
                "sign_in": {
                    "method": "signed_link",
                    "url": f"{url}/learn",
                    "secret": "a secret of the sign-in, thirty-two bytes or more",
                },
            },
            "connections": {},
        }
        self.connect("campus")

    def connect(self, name: str, **roster: Any) -> None:
        self.tree["connections"][name] = {
            "adapter": "tests.bridge.sync.filed:ADAPTER",
            "file": str(self.roster_file),
            "roster": {"on_leave": "deactivate", "grace": {"days": "0", "complete_reads": "1"}, **roster},
        }
        self.config.write_text(yaml.safe_dump(self.tree))

    def roster(self, *logins: str, whole: bool = True) -> None:
        lines: list[Any] = [{"login": login, "first_name": "A", "last_name": "B"} for login in logins]
        lines += ["end"] if whole else []
        self.roster_file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def users(self) -> int:
        """How many OttoLearn has."""
        url, login = self.tree["ottolearn"]["api_url"], {"organizationId": 1, "username": "api", "password": "api"}
        token = requests.post(f"{url}/authenticate/login", json=login, timeout=90).json()["sessionToken"]
        return len(requests.get(f"{url}/v1/rest/user", headers={"Authorization": token}, timeout=90).json())

    def start(self, *arguments: str, **how: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "bridge", "--config", str(self.config), *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **how}
        return subprocess.Popen(command, cwd=ROOT, **pipes)

    def run(self, *arguments: str) -> tuple[int, Any, str]:
        result = CliRunner().invoke(cli, ["--config", str(self.config), *arguments])
        out = result.stdout
        code = 2 if isinstance(result.exception, ConfigError) else result.exit_code
        return code, json.loads(out) if "--json" in arguments and out else out, result.stderr


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    faults = Faults()
    with serve(create_sandbox(faults=faults)) as served:
        yield Site(tmp_path, served.url, faults)


def test_plan_apply_hold_approve_and_the_record_of_it_all(site: Site) -> None:
    site.roster(*(f"s{n}" for n in range(20)))
    plan = site.folder / "plan.jsonl"
    plan.write_text("an older plan that everybody could read", "utf-8")
    plan.chmod(0o644)
    code, planned, _ = site.run("sync", "run", "campus", "--plan", "--plan-file", str(plan), "--json")
    assert (code, planned["status"], planned["created"], planned["plan_file"]) == (0, "planned", 20, str(plan))
    assert plan.stat().st_mode & 0o077 == 0
    code, _, error = site.run("sync", "canvas", "campus", "--json")
    assert (code, "ottobridge sync run campus" in error) == (2, True)
    code, applied, _ = site.run("sync", "run", "campus", "--json")
    assert (code, applied["status"], applied["created"], applied["quarantined"]) == (0, "done", 20, 0)

    site.roster(*(f"s{n}" for n in range(5)))
    code, out, error = site.run("sync", "run", "campus")
    assert (code, "15 held" in out, "15 deactivations planned, 5 allowed" in error) == (3, True, True)
    code, [held, *_], _ = site.run("runs", "--json")
    assert (code, held["status"], held["held"], held["created"]) == (0, "held_back", 15, 0)
    code, approved, _ = site.run("sync", "approve", str(held["run"]), "--json")
    assert (code, approved["deactivated"]) == (0, 15)
    for run, state in ((held["run"], "approved"), (approved["run"], "done")):
        code, shown, _ = site.run("runs", "show", str(run), "--json")
        assert (len(shown["people"]), shown["people"][0]["state"]) == (15, state)
    assert site.run("sync", "approve", str(held["run"]), "--json")[0] == 6
    page = (site.folder / "ottobridge-reports" / f"campus-{approved['run']}.html").read_text()
    assert '<html lang="en">' in page
    assert "<script" not in page


def test_max_changes_is_a_number_for_a_class_and_nothing_vague(site: Site) -> None:
    site.roster(*(f"s{n}" for n in range(20)))
    site.run("sync", "run", "campus")
    site.roster(*(f"s{n}" for n in range(5)), *(f"n{n}" for n in range(20)))
    asked = ("sync", "run", "campus", "--plan", "--json", "--max-changes")
    assert site.run(*asked, "15")[1]["held"] == 20 + 15
    assert site.run(*asked, "20")[1]["held"] == 15
    assert site.run(*asked, "creations=20, deactivations=15")[1]["held"] == 0
    assert site.run(*asked, "20", "--max-changes", "deactivations=15")[1]["held"] == 0
    for vague in ("people=4", "=4", "-4", "4 each", "", "5,6", "updates=1,updates=2"):
        assert site.run(*asked, vague)[0] == 2


def test_a_plan_file_is_applied_as_it_is_or_not_at_all(site: Site) -> None:
    site.roster("s1", "s2")
    plan = site.folder / "plan.jsonl"
    site.run("sync", "run", "campus", "--plan", "--plan-file", str(plan))
    changed = site.folder / "changed.jsonl"
    changed.write_text(plan.read_text().replace("s1", "s9"))
    assert site.run("sync", "run", "campus", "--apply", str(changed), "--json")[0] == 2
    assert site.run("sync", "run", "campus", "--apply", str(plan), "--full")[0] == 2
    code, applied, _ = site.run("sync", "run", "campus", "--apply", str(plan), "--json")
    assert (code, applied["created"]) == (0, 2)
    code, again, _ = site.run("sync", "run", "campus", "--apply", str(plan), "--json")
    assert (code, again["status"], again["reason"]) == (6, "failed", "stale")


def test_a_roster_cut_short_and_an_ottolearn_that_is_down_have_their_exit_codes(site: Site) -> None:
    site.roster("s1", whole=False)
    code, held, _ = site.run("sync", "run", "campus", "--json")
    assert (code, held["status"], held["reason"]) == (3, "held_back", "roster_incomplete")
    site.roster("s1")
    site.faults.fail_next = 1000
    code, failed, _ = site.run("sync", "run", "campus", "--json")
    assert (code, failed["status"]) == (1, "failed")


def test_a_record_in_quarantine_is_listed_to_be_tried_again(site: Site) -> None:
    site.roster("s1", "s2")
    site.tree["connections"]["campus"]["roster"]["templates"] = {"employeeId": "E{login}"}
    site.config.write_text(yaml.safe_dump(site.tree))
    site.run("sync", "run", "campus")
    site.connect("campus", constants={"employeeId": "the same for both"})
    code, out, _ = site.run("sync", "run", "campus", "--json", "--full")
    assert (code, out["conflicts"]) == (0, 2)


def test_all_runs_what_is_due_and_one_bad_connection_does_not_stop_the_others(site: Site) -> None:
    site.roster("s1")
    site.connect("broken", attributes={"shoeSize": "size"})
    site.connect("other", every="1h")
    code, outcomes, _ = site.run("sync", "run", "--all", "--json")
    assert (code, {o["connection"]: o["reason"] for o in outcomes}) == (
        2,
        {"campus": "", "broken": "configuration", "other": ""},
    )
    code, outcomes, _ = site.run("sync", "run", "--all", "--json")
    assert [outcome["connection"] for outcome in outcomes] == ["broken"]


def test_an_error_of_our_own_in_one_connection_does_not_stop_the_others(site: Site) -> None:
    site.roster("s1")
    site.connect("a-broken-one")
    site.tree["connections"]["a-broken-one"]["file"] = str(site.folder)  # a folder, which its adapter does not expect
    site.connect("other")
    code, outcomes, _ = site.run("sync", "run", "--all", "--json")
    assert (code, {o["connection"]: o["reason"] for o in outcomes}) == (
        1,
        {"campus": "", "a-broken-one": "internal", "other": ""},
    )


def test_a_connection_that_another_machine_syncs_is_no_failure_of_all(site: Site) -> None:
    site.roster("s1")
    engine = open_database(f"sqlite:///{site.folder / 'bridge.db'}")
    with sync_lock(engine, "campus"):
        code, outcomes, _ = site.run("sync", "run", "--all", "--json")
        assert (code, [o["reason"] for o in outcomes]) == (0, ["locked"])
        assert site.run("sync", "run", "campus", "--json")[0] == 5
    engine.dispose()
    assert site.run("sync", "run", "--all", "--json")[1][0]["created"] == 1


def test_one_plan_file_is_not_written_over_by_every_connection(site: Site) -> None:
    code, _, error = site.run("sync", "run", "--all", "--plan", "--plan-file", str(site.folder / "plan.jsonl"))
    assert (code, "--plan-file go with one CONNECTION" in error) == (2, True)


def test_a_plan_that_cannot_be_kept_says_where_else_to_put_it(site: Site) -> None:
    site.roster("s1")
    (site.folder / "ottobridge-reports").write_text("a file in the folder's place", "utf-8")
    code, _, error = site.run("sync", "run", "campus", "--plan")
    assert (code, "--plan-file FILE or --reports FOLDER" in error) == (2, True)


def test_of_two_syncs_of_one_connection_the_second_is_told_so(site: Site) -> None:
    site.roster(*(f"s{n}" for n in range(40)))

    def slow() -> None:
        site.faults.latency = 3.0  # the first one lasts for as long as the second one takes to be refused

    site.faults.asked = Noticing("POST create_user", 1, slow)
    with site.start("sync", "run", "campus") as first:
        _wait_for(lambda: site.faults.asked["POST create_user"] > 0)
        code, second, _ = site.run("sync", "run", "campus", "--json")
        assert (code, second["reason"]) == (5, "locked")
        first.kill()
    site.faults.latency = 0.0
    _wait_for(lambda: site.users() == site.faults.asked["POST create_user"])  # what it has asked for is done
    assert site.run("sync", "run", "campus", "--json")[0] == 0  # the lock died with its holder


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_after_the_writes_in_flight_and_the_next_run_goes_on(site: Site, how: signal.Signals) -> None:
    site.roster(*(f"s{n}" for n in range(60)))

    def stop() -> None:
        site.faults.latency = 1.0  # the writes in flight are answered when the signal has come
        process.send_signal(how)

    site.faults.asked = Noticing("POST create_user", 8, stop)
    with site.start("sync", "run", "campus", "--json") as process:
        out, _ = process.communicate(timeout=600)
    stopped = json.loads(out)
    assert (process.returncode, stopped["reason"]) == (130, "interrupted")
    assert stopped["created"] <= site.faults.asked["POST create_user"] < 60  # all, unless an answer was late
    site.faults.latency = 0.0
    assert site.run("sync", "run", "campus", "--json")[0] == 0
    assert site.users() == 60 == site.faults.asked["POST create_user"]


def test_a_terminal_sees_a_bar_and_a_log_sees_lines_without_colour(site: Site) -> None:
    site.roster(*(f"s{n}" for n in range(30)))
    site.faults.latency = 0.1
    ours, theirs = pty.openpty()
    with site.start("sync", "run", "campus", stderr=theirs) as process:
        os.close(theirs)
        seen = _drain(ours)
        process.communicate(timeout=600)
    assert b"campus: writing" in seen
    assert b"\x1b[" in seen
    assert b"\x1b" not in site.run("sync", "run", "campus")[2].encode()


def _drain(terminal: int) -> bytes:
    seen = b""
    try:
        while part := os.read(terminal, 65536):
            seen += part
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    return seen


def _wait_for(happened: Any) -> None:
    ends = time.monotonic() + 600
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.01)
