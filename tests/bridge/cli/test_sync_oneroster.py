"""`ottobridge sync oneroster`, whole: a fake service, the sandbox OttoLearn, real HTTP, and runs that read changes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bridge.cli import cli
from sandbox.ottolearn import Faults, create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.rostered import around
from tests.fakes.noticing import Noticing
from tests.fakes.oneroster import BASE, CLIENT, SECRET, Service, user
from tests.fakes.serving import Reply

ROOT = Path(__file__).resolve().parents[3]
HOUR, DAY = 3_600.0, 86_400.0
STARTED = 1_800_000_000.0
PEOPLE = 30


class District:
    """A service of thirty people who were synced an hour ago, by its clock, and an OttoLearn that has them."""

    def __init__(self, folder: Path, service: Service, ottolearn: str, faults: Faults) -> None:
        self.service = service
        self.faults = faults
        self.config = folder / "config.yaml"
        self.tree = around(
            folder,
            ottolearn,
            {
                "district": {
                    "adapter": "oneroster",
                    "student_id": "identifier",
                    "api": {
                        "url": service.url + BASE,
                        "token_url": f"{service.url}/token",
                        "client_id": CLIENT,
                        "client_secret": SECRET,
                    },
                    "roster": {"on_leave": "deactivate", "grace": {"days": "0", "complete_reads": "1"}},
                }
            },
        )
        self.configure()

    def configure(self, **roster: Any) -> None:
        self.tree["connections"]["district"]["roster"].update(roster)
        self.config.write_text(yaml.safe_dump(self.tree))

    def run(self, *arguments: str) -> tuple[int, Any]:
        """The exit code, and the JSON document of the command."""
        result = CliRunner().invoke(cli, [*self._options(), *arguments, "--json"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, json.loads(result.stdout)

    def sync(self, *options: str) -> Any:
        """The outcome of a sync; an hour passes at the service after it."""
        _, outcome = self.run("sync", "oneroster", "district", *options)
        assert self.service.now is not None
        self.service.now += HOUR
        return outcome

    def say(self, *arguments: str) -> str:
        return CliRunner().invoke(cli, [*self._options(), *arguments]).stdout

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "bridge", *self._options(), "sync", "oneroster", "district", "--json"]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)

    def _options(self) -> list[str]:
        return ["--config", str(self.config)]

    def outcome_of(self, number: int) -> str:
        return str(self.run("learners", "find", f"S{number:05}")[1]["outcome"])


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    faults = Faults()
    people = [user(number) for number in range(PEOPLE)]
    with Service(people) as service, serve(create_sandbox(faults=faults)) as served:
        service.now = STARTED
        district = District(tmp_path, service, served.url, faults)
        first = district.sync()
        assert (first["kind"], first["status"], first["created"]) == ("whole", "done", PEOPLE)
        yield district


def test_a_night_costs_what_has_changed_and_everything_says_so(district: District) -> None:
    district.service.change(3, givenName="Renamed")
    district.service.change(PEOPLE)
    district.service.change(5, status="tobedeleted")
    outcome = district.sync()
    assert (outcome["kind"], outcome["status"], outcome["read"]) == ("in_between", "done", 3)
    assert (outcome["updated"], outcome["created"], outcome["deactivated"]) == (1, 1, 1)
    assert [district.outcome_of(number) for number in (3, 5, PEOPLE)] == ["matched", "inactive", "matched"]
    assert [run["kind"] for run in district.run("runs")[1]] == ["in_between", "whole"]
    assert district.run("runs", "show", "2")[1]["changes_since"] == "2027-01-14T08:00:00Z"
    assert "incremental run, 3 read" in district.say("sync", "oneroster", "district")
    assert "full run, 31 read" in district.say("sync", "oneroster", "district", "--full")
    assert "kind: in_between" in district.say("runs", "show", "2")


def test_who_is_absent_from_the_changes_stays_and_who_comes_back_is_reactivated(district: District) -> None:
    district.service.users = district.service.users[:20]
    district.service.total = 20
    district.service.change(3, status="tobedeleted")
    assert district.sync()["deactivated"] == 1
    district.service.change(3)
    back = district.sync()
    assert (back["kind"], back["reactivated"], back["deactivated"]) == ("in_between", 1, 0)
    assert district.outcome_of(25) == "matched"
    assert district.sync("--full", "--max-changes", "deactivations=10")["deactivated"] == 10


def test_a_service_that_stopped_giving_ids_is_held_by_an_incremental_run_as_by_a_full_one(district: District) -> None:
    district.service.users = [user(number, identifier="") for number in range(PEOPLE)]
    district.service.change(3, identifier="")
    outcome = district.sync()
    assert (outcome["status"], outcome["reason"]) == ("held_back", "roster_incomplete")
    assert district.outcome_of(3) == "matched"


def test_a_change_that_the_service_shows_late_is_found_by_the_overlap(district: District) -> None:
    district.sync()
    late = user(3, givenName="Late", dateLastModified="2027-01-15T07:59:00.000Z")  # a minute before the first reading
    district.service.users[3] = late
    outcome = district.sync()
    assert (outcome["kind"], outcome["updated"]) == ("in_between", 1)


def test_deletions_beyond_the_limit_are_held_until_somebody_approves(district: District) -> None:
    for number in range(8):
        district.service.change(number, status="tobedeleted")
    held = district.sync()
    assert (held["kind"], held["status"], held["held"], held["deactivated"]) == ("in_between", "held_back", 8, 0)
    assert district.outcome_of(0) == "matched"
    code, approved = district.run("sync", "approve", str(held["run"]))
    assert (code, approved["kind"], approved["deactivated"]) == (0, "in_between", 8)


def test_somebody_who_was_deleted_and_lost_their_roles_leaves_a_roster_of_students(district: District) -> None:
    district.configure(filters={"roles": ["student"]})
    district.sync()
    district.service.change(3, status="tobedeleted", roles=[])
    district.service.change(4, roles=[{"role": "teacher", "org": {"sourcedId": "school-1"}}])
    outcome = district.sync()
    assert (outcome["kind"], outcome["deactivated"], outcome["updated"]) == ("in_between", 1, 0)


@pytest.mark.parametrize("how", ["ottolearn", "service"])
def test_a_run_that_failed_moves_no_checkpoint_and_the_next_reads_everything(district: District, how: str) -> None:
    district.service.change(3, givenName="Renamed")
    if how == "ottolearn":
        district.faults.fail_next, district.faults.fail_status = 1_000, 403
    else:
        district.service.fail_next(Reply(302), times=99, where="offset=0")
    assert district.sync()["status"] == "failed"
    district.faults.fail_next = 0
    district.service._failures.clear()
    district.service.now += 3 * DAY
    mended = district.sync()
    assert (mended["kind"], mended["updated"]) == ("whole", 1)
    assert mended["notices"] == ["The whole roster is read: the last run failed."]
    assert district.sync()["kind"] == "in_between"


@pytest.mark.parametrize("total", [None, PEOPLE])
def test_a_service_that_ignores_the_filter_costs_time_and_nothing_else(district: District, total: int | None) -> None:
    district.service.ignores_filters, district.service.total = True, total
    outcome = district.sync()
    assert (outcome["kind"], outcome["read"], outcome["unchanged"]) == ("in_between", PEOPLE, PEOPLE)


def test_a_service_that_refuses_the_filter_is_read_whole_in_the_same_run(district: District) -> None:
    district.service.fail_next(Reply(400, b"{}"), times=99, where="filter=")
    outcome = district.sync()
    assert (outcome["kind"], outcome["status"], outcome["read"]) == ("whole", "done", PEOPLE)
    assert "what changed cannot be relied on" in outcome["notices"][0]


@pytest.mark.parametrize("said", ["", "soon", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"])
def test_a_service_that_does_not_say_what_time_it_is_is_always_read_whole(district: District, said: str) -> None:
    district.service.date = said
    kinds = [district.sync()["kind"] for _ in range(3)]
    assert kinds == ["in_between", "whole", "whole"]


def test_a_file_is_always_read_whole_and_nobody_is_told_so_every_night(district: District, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "roster.zip", "w") as file:
        file.writestr("manifest.csv", "propertyName,value\noneroster.version,1.1\nfile.users,bulk\n")
        file.writestr("users.csv", "sourcedId,identifier,givenName,familyName\n1,F1,Zoë,O’Brien\n")
    connection = district.tree["connections"]["district"]
    del connection["api"]
    connection["file"] = str(tmp_path / "roster.zip")
    district.configure(on_leave="keep")
    outcomes = [district.sync() for _ in range(2)]
    assert [(outcome["kind"], outcome.get("notices", [])) for outcome in outcomes] == [("whole", []), ("whole", [])]


@pytest.mark.parametrize("after", [1, 9])
def test_kill_9_of_an_incremental_run_leaves_nothing_that_the_next_does_not_fix(district: District, after: int) -> None:
    district.configure(limits={"creations": {"percent": "100"}})
    for number in range(PEOPLE, 2 * PEOPLE):
        district.service.change(number)
    district.faults.latency = 0.03
    district.faults.asked = Noticing("POST create_user", after, lambda: process.kill())  # noqa: PLW0108 -- it is not there yet
    with district.start() as process:
        assert process.wait(90) == -signal.SIGKILL
    district.faults.latency = 0.0
    mended = district.sync()
    assert (mended["kind"], mended["status"], mended["quarantined"]) == ("whole", "done", 0)
    killed = district.run("runs")[1][1]
    assert (killed["reason"], killed["kind"], killed["created"]) == ("crashed", "in_between", None)
    assert [district.outcome_of(number) for number in (PEOPLE, 2 * PEOPLE - 1)] == ["matched", "matched"]
    assert district.sync("--full")["unchanged"] == 2 * PEOPLE
    assert district.faults.asked["POST create_user"] <= PEOPLE + 2 * 8
