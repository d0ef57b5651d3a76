"""`ottobridge sync spreadsheet` and `sync oneroster` on real files, against the sandbox OttoLearn over real HTTP."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bridge.cli import cli
from bridge.errors import ConfigError
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve

PEOPLE = [
    {"id": number, "active": True, "attribute": {"firstName": "A", "lastName": "B", "username": f"u{number}", **more}}
    for number, more in enumerate(
        [
            {"emailAddress": "zoe@example.edu"},
            {"emailAddress": "li@example.edu"},
            {"emailAddress": "held@example.edu", "employeeId": "by hand"},
        ],
        start=1,
    )
]
SHEET = (
    "E-Mail;Personalnummer\nzoe@example.edu;00123\nli@example.edu;00124\nheld@example.edu;00125\nwho@example.edu;5\n"
)
USERS = "sourcedId,status,givenName,familyName,username,identifier\n1,,Zoë,O’Brien,zoe,00123\n2,,Li,Wang,li,00124\n"
MANIFEST = "propertyName,value\noneroster.version,1.2\nfile.users,bulk\n"


class Site:
    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        secret = "a secret of thirty-two bytes or more"
        sign_in = {"method": "signed_link", "url": f"{url}/learn", "secret": secret}
        self.tree: dict[str, Any] = {
            "bridge": {
                "public_url": "https://bridge.example.edu",
                "secret_key": secret,
                "database_url": f"sqlite:///{folder / 'bridge.db'}",
                "trusted_networks": ["127.0.0.0/8"],
            },
            "ottolearn": {
                "api_url": url,
                "organization_id": 1,
                "username": "api",
                "password": "api",
                "username_attributes": ["employeeId", "username"],
                "learner_url": f"{url}/learn",
                "sign_in": sign_in,
            },
            "connections": {"any-lms": {"adapter": "scorm", "student_id": "learner_id"}},
        }
        self.connect()

    def connect(self, **connections: Any) -> None:
        self.tree["connections"].update(connections)
        self.config.write_text(yaml.safe_dump(self.tree), "utf-8")

    def file(self, text: str, name: str = "people.csv") -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def run(self, *arguments: object) -> tuple[int, Any, str]:
        result = CliRunner().invoke(cli, ["--config", str(self.config), *map(str, arguments)])
        code = 2 if isinstance(result.exception, ConfigError) else result.exit_code
        return code, json.loads(result.stdout) if result.stdout.startswith("{") else result.stdout, result.stderr


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve(create_sandbox(PEOPLE, username_attributes=("employeeId", "username"))) as served:
        site = Site(tmp_path, served.url)
        sheet = {"adapter": "spreadsheet", "file": str(tmp_path / "people.csv"), "student_id": "employee_number"}
        site.connect(**{"hr-sheet": sheet})
        yield site


def test_a_sheet_links_those_it_can_and_gives_the_others_back_to_be_corrected(site: Site) -> None:
    site.file(SHEET)
    copy = site.folder / "corrected.csv"
    code, said, told = site.run("sync", "spreadsheet", "hr-sheet", "--corrected-copy", copy, "--json")
    assert (code, said["updated"], said["conflicts"], said["skipped"]) == (0, 2, 1, 1)
    assert "people: email: column A ('E-Mail', recognised)" in told
    assert "2 to correct" in told
    rows = list(csv.reader(copy.read_text("utf-8-sig").splitlines()))
    assert [row[2][:24] for row in rows[1:]] == ["", "", "people!B4: other value (", "people!B5: no match (no "]
    assert "OttoLearn user 3 has 'by hand' as employeeId" in rows[3][2]
    code, said, _ = site.run("learners", "find", "00123", "--json")
    assert (said["user_id"], said["attribute"]) == (1, "employeeId")


def test_a_plan_says_which_column_is_what_and_which_row_it_speaks_of_and_writes_nothing(site: Site) -> None:
    site.file(SHEET)
    code, out, told = site.run("sync", "spreadsheet", "hr-sheet", "--plan")
    assert (code, "people!B5" in out, "employee_number: column B" in told) == (0, True, True)
    assert "employeeId: '' -> '00123'" in out
    assert site.run("learners", "find", "00123", "--json")[1]["outcome"] == "no_match"


@pytest.mark.parametrize("then", ["E-Mail;Personalnummer\nli@example.edu;666\n", None])
def test_a_file_swapped_between_plan_and_apply_is_not_applied(site: Site, then: str | None) -> None:
    sheet, plan = site.file(SHEET), site.folder / "plan.jsonl"
    site.run("sync", "spreadsheet", "hr-sheet", "--plan", "--plan-file", plan)
    sheet.unlink() if then is None else site.file(then)
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--apply", plan, "--json")
    assert (code, said["reason"]) == (6, "stale")
    assert site.run("learners", "find", "00123", "--json")[1]["outcome"] == "no_match"
    site.file(SHEET)
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--apply", plan, "--json")
    assert (code, said["updated"]) == (0, 2)


def test_another_file_can_be_named_for_one_run_with_or_without_a_connection(site: Site) -> None:
    other = site.file(SHEET.replace("00123", "00777"), "other.csv")
    assert site.run("sync", "spreadsheet", "--file", other, "--json")[1]["updated"] == 2
    assert site.run("learners", "find", "00777", "--json")[1]["user_id"] == 1
    del site.tree["connections"]["hr-sheet"]
    site.connect()
    plain = site.file("Student ID,Email\n00888,nobody@example.edu\n", "plain.csv")
    code, said, _ = site.run("sync", "spreadsheet", "--file", plain, "--json")
    assert (code, said["connection"], said["skipped"]) == (0, "spreadsheet", 1)
    code, _, told = site.run("sync", "spreadsheet")
    assert (code, "give --file" in told) == (2, True)


def test_a_sheet_that_cannot_be_read_is_told_and_leaves_no_copy(site: Site) -> None:
    site.file("E-Mail;E-Mail\nx;y\n")
    copy = site.folder / "corrected.csv"
    code, said, told = site.run("sync", "spreadsheet", "hr-sheet", "--corrected-copy", copy, "--json")
    assert (code, said["reason"], copy.exists()) == (3, "roster_incomplete", False)
    assert "the same header as people!A1" in told


def test_a_oneroster_zip_is_a_roster(site: Site) -> None:
    bundle = site.folder / "oneroster.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("manifest.csv", MANIFEST)
        archive.writestr("users.csv", USERS)
    api = {"url": "https://sis.example.edu/v1p2", "token_url": "https://sis.example.edu/t"}
    client = {"client_id": "c", "client_secret": "a secret of the client"}
    roster = {"attributes": {"username": "username", "employeeId": "identifier"}}
    site.connect(
        district={"adapter": "oneroster", "student_id": "identifier", "api": {**api, **client}, "roster": roster}
    )
    code, said, _ = site.run("sync", "oneroster", "district", "--file", bundle, "--json")
    assert (code, said["created"]) == (0, 2)
    assert site.run("learners", "find", "00124", "--json")[1]["attribute"] == "employeeId"
