"""`ottobridge sync successfactors`, whole: both services, the sandbox OttoLearn, real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bridge.cli import cli
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.rostered import around
from tests.fakes.serving import Reply
from tests.fakes.successfactors import ADMIN, CLIENT, COMPANY, NOW, PASSWORD, SECRET, SuccessFactors, student, user

PEOPLE = 60
ROSTER = {
    "on_leave": "deactivate",
    "grace": {"days": "0", "complete_reads": "1"},
    "limits": {"deactivations": {"percent": "100"}},
    "attributes": {"firstName": "first_name", "lastName": "last_name"},
}


class Site:
    """A SuccessFactors whose people were synced once by both services, and an OttoLearn that has them."""

    def __init__(self, folder: Path, lms: SuccessFactors, ottolearn: str) -> None:
        self.lms = lms
        self.config = folder / "config.yaml"
        access = {"client_id": CLIENT, "client_secret": SECRET, "user_id": ADMIN, "company_id": COMPANY}
        signing = {"sign_in": "basic", "user_id": ADMIN, "password": PASSWORD, "company_id": COMPANY}
        self.tree = around(
            folder,
            ottolearn,
            {
                "learning": {
                    "adapter": "successfactors",
                    "learning": {"url": lms.url, **access, "page_size": "20"},
                    "roster": ROSTER,
                },
                "hcm": {
                    "adapter": "successfactors",
                    "student_id": "userId",
                    "hcm": {"url": lms.url, **signing, "page_size": "20"},
                    "roster": ROSTER,
                },
            },
        )
        self.config.write_text(yaml.safe_dump(self.tree))

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(cli, ["--config", str(self.config), *arguments, "--json"])

    def sync(self, connection: str, *options: str) -> tuple[int, dict[str, Any]]:
        result = self.run("sync", "successfactors", connection, *options)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        if self.lms.now is not None:
            self.lms.now += 3_600
        return result.exit_code, json.loads(result.stdout)

    def outcome_of(self, student_id: str) -> str:
        return str(json.loads(self.run("learners", "find", student_id).stdout)["outcome"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    people = {"students": [student(n) for n in range(PEOPLE)], "users": [user(n) for n in range(PEOPLE)]}
    with SuccessFactors(cap=20, **people) as lms, serve(create_sandbox()) as served:
        lms.now = NOW
        yield Site(tmp_path, lms, served.url)


@pytest.fixture
def synced(site: Site, request: pytest.FixtureRequest) -> Site:
    code, first = site.sync(request.param)
    assert (code, first["status"], first["created"]) == (0, "done", PEOPLE)
    return site


learning = pytest.mark.parametrize("synced", ["learning"], indirect=True)
hcm = pytest.mark.parametrize("synced", ["hcm"], indirect=True)


def refused(site: Site, connection: str, *ids: str) -> str:
    """What a sync says that reads no whole roster: nobody leaves, exit 3."""
    code, outcome = site.sync(connection, "--full")
    assert (code, outcome.get("deactivated") or 0, outcome.get("updated") or 0) == (3, 0, 0), outcome
    assert [site.outcome_of(student_id) for student_id in ids] == ["matched"] * len(ids)
    return json.dumps(outcome, ensure_ascii=False)


@learning
def test_a_student_who_is_switched_off_or_gone_leaves(synced: Site) -> None:
    synced.lms.students[0]["active"] = False
    synced.lms.students.pop()
    code, outcome = synced.sync("learning")
    assert (code, outcome["kind"], outcome["deactivated"]) == (0, "whole", 2)
    assert [synced.outcome_of(f"{number:06}") for number in (0, 1, PEOPLE - 1)] == ["inactive", "matched", "inactive"]


@learning
def test_a_source_that_sees_half_of_its_students_removes_nobody(synced: Site) -> None:
    synced.lms.total, synced.lms.students = PEOPLE, synced.lms.students[:30]
    assert f"30 people came where it says {PEOPLE}" in refused(synced, "learning", "000059")


@learning
def test_a_page_that_is_repeated_removes_nobody(synced: Site) -> None:
    synced.lms.students[20:40] = synced.lms.students[:20]
    assert "came twice" in refused(synced, "learning", "000025")


@learning
def test_a_source_that_answers_html_removes_nobody(synced: Site) -> None:
    synced.lms.fail_next(Reply(200, b"<!DOCTYPE html><title>Maintenance</title>"), where="skip=20")
    assert "is a web page" in refused(synced, "learning", "000059")


@learning
@pytest.mark.parametrize("name", ["studentID", "lastName"])
def test_a_property_that_is_hidden_or_renamed_removes_nobody(synced: Site, name: str) -> None:
    for person in synced.lms.students:
        person[f"new{name}"] = person.pop(name)
    assert f"`{name}`" in refused(synced, "learning", "000003") or name == "studentID"


@learning
def test_a_token_that_ends_in_the_middle_costs_nothing(synced: Site) -> None:
    synced.lms.fail_next(Reply(401, b"{}"), where="skip=20")
    code, outcome = synced.sync("learning")
    assert (code, outcome["unchanged"]) == (0, PEOPLE)


@learning
def test_learning_is_read_whole_each_time_and_nobody_is_told_so_every_night(synced: Site) -> None:
    outcomes = [synced.sync("learning")[1] for _ in range(2)]
    assert [(outcome["kind"], outcome.get("notices", [])) for outcome in outcomes] == [("whole", []), ("whole", [])]


@hcm
def test_a_night_costs_what_has_changed(synced: Site) -> None:
    assert synced.lms.now is not None
    synced.lms.users[3] |= {"firstName": "Renamed", "lastModifiedDateTime": synced.lms.now}
    synced.lms.users[5] |= {"status": "f", "lastModifiedDateTime": synced.lms.now}
    code, outcome = synced.sync("hcm")
    assert (code, outcome["read"], outcome["updated"], outcome["deactivated"]) == (0, 2, 1, 1)
    assert [synced.outcome_of(f"u{number:05}") for number in (3, 4, 5)] == ["matched", "matched", "inactive"]


@hcm
def test_a_suite_that_shows_half_of_its_people_removes_nobody(synced: Site) -> None:
    synced.lms.total, synced.lms.users = PEOPLE, synced.lms.users[:30]
    assert f"30 people came where it says {PEOPLE}" in refused(synced, "hcm", "u00059")


@hcm
@pytest.mark.parametrize("name", ["status", "lastName", "userId"])
def test_a_property_without_a_right_removes_nobody(synced: Site, name: str) -> None:
    for person in synced.lms.users:
        del person[name]
    assert f"`{name}`" in refused(synced, "hcm", "u00003")


def test_a_look_up_in_learning_is_named_as_a_mistake(site: Site) -> None:
    for connection in site.tree["connections"].values():
        connection["on_no_match"] = "look_up"
    site.config.write_text(yaml.safe_dump(site.tree))
    found = str(CliRunner().invoke(cli, ["--config", str(site.config), "config", "check"]).exception)
    assert "connections.learning.on_no_match" in found
    assert "`look_up` needs `hcm`: Learning cannot be asked for one student" in found
    assert "connections.hcm" not in found
