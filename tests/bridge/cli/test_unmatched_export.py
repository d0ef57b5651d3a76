"""Launches as a roster: who was unknown goes out as a spreadsheet, is completed by hand, and is known the next time."""

from __future__ import annotations

import csv
import ipaddress
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from click.testing import CliRunner
from flask.testing import FlaskClient

from adapters import ADAPTERS
from bridge.cli import cli
from bridge.config import load
from bridge.http import Outbound
from bridge.learners.directory import Directory
from bridge.ottolearn.api import OttoLearnApi
from bridge.store.engine import migrate, open_database
from bridge.web.app import create_app
from bridge.web.house import furnish
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.fakes.lti_platform import BRIDGE, FORM, LAUNCH_URL, NOW, sign

SECRET = "a secret of thirty-two bytes or more"
PEOPLE = [
    {
        "id": 1,
        "active": True,
        "attribute": {"firstName": "Z", "lastName": "O", "username": "z", "emailAddress": "z@x.y"},
    },
    {
        "id": 2,
        "active": True,
        "attribute": {"firstName": "L", "lastName": "W", "username": "l", "emailAddress": "l@x.y"},
    },
]


class Site:
    """A bridge over real HTTP to a sandbox OttoLearn, a browser in front of it, and its command line."""

    def __init__(self, folder: Path, config: Path, client: FlaskClient) -> None:
        self.folder = folder
        self._config = config
        self._client = client
        self._launches = 0

    def connect(self, sheet: dict[str, str]) -> None:
        """Give the command line a connection whose people come from a sheet."""
        tree = yaml.safe_load(self._config.read_text("utf-8"))
        tree["connections"]["hr-sheet"] = sheet
        self._config.write_text(yaml.safe_dump(tree), "utf-8")

    def launch(self, student_id: str) -> int:
        self._launches += 1
        fields = {**FORM, "lis_person_sourcedid": student_id, "user_id": f"u-{student_id}"}
        signed = sign(LAUNCH_URL, fields, nonce=f"nonce-{self._launches}")
        return self._client.post("/lti/campus/launch", data=dict(signed)).status_code

    def run(self, *arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["--config", str(self._config), *map(str, arguments)])
        return result.exit_code, result.output


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve(create_sandbox(PEOPLE, username_attributes=("employeeId", "username"))) as served:
        tree: dict[str, Any] = {
            "bridge": {
                "public_url": BRIDGE,
                "secret_key": SECRET,
                "database_url": f"sqlite:///{tmp_path / 'b.db'}",
                "trusted_networks": ["127.0.0.0/8"],
            },
            "ottolearn": {
                "api_url": served.url,
                "organization_id": 1,
                "username": "api",
                "password": "api",
                "username_attributes": ["employeeId", "username"],
                "learner_url": f"{served.url}/learn",
                "sign_in": {"method": "signed_link", "url": f"{served.url}/learn", "secret": SECRET},
            },
            "connections": {
                "campus": {
                    "adapter": "lti",
                    "lti11": {"consumer_key": "campus-key", "shared_secret": "s3cret & more/é"},
                }
            },
        }
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(tree), "utf-8")
        configuration = load(path, ADAPTERS, {})
        engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(engine)
        outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")])
        read = OttoLearnApi(configuration.ottolearn, outbound).read_learners
        directory = Directory(engine, configuration.ottolearn.username_attributes, read, time.time, every=0.0)
        house = furnish(configuration, engine, outbound, directory, adapters=ADAPTERS, now=lambda: NOW)
        yield Site(tmp_path, path, create_app(house).test_client())
        engine.dispose()


@pytest.mark.parametrize("student_id", ["00123", "=cmd|' /C calc'!A0", "+49 1", "@zoë", "-7"])
@pytest.mark.parametrize("name", ["people.csv", "people.xlsx"])
def test_who_was_unknown_is_completed_by_hand_and_known_at_the_next_launch(
    site: Site, student_id: str, name: str
) -> None:
    assert site.launch(student_id) == 404
    file = site.folder / name
    file.touch(mode=0o644)
    code, told = site.run("unmatched", "export", "-o", file)
    assert (code, told.startswith("1 people")) == (0, True)
    assert file.stat().st_mode & 0o077 == 0
    complete(file, "z@x.y")
    assert site.run("sync", "spreadsheet", "--file", file)[0] == 0
    assert site.launch(student_id) == 303
    assert site.run("unmatched", "export", "-o", file)[1].startswith("0 people")


def test_the_list_is_read_as_what_it_is_by_a_connection_made_for_another_sheet(site: Site) -> None:
    site.connect({"adapter": "spreadsheet", "file": "hr.csv", "student_id": "employee_number"})
    site.launch("00123")
    file = site.folder / "people.xlsx"
    site.run("unmatched", "export", "-o", file)
    complete(file, "z@x.y")
    code, told = site.run("sync", "spreadsheet", "--file", file)
    assert (code, "employee_number: column A ('Student ID', our own list)" in told) == (0, True)
    assert site.launch("00123") == 303


def test_the_list_is_never_taken_for_everybody_there_is(site: Site) -> None:
    site.connect({"adapter": "spreadsheet", "file": "hr.csv", "mode": "roster"})
    site.launch("00123")
    file = site.folder / "people.xlsx"
    site.run("unmatched", "export", "-o", file)
    complete(file, "z@x.y")
    code, told = site.run("sync", "spreadsheet", "--file", file)
    assert (code, "a list of unmatched students is not everybody; allowed: `mode: link`" in told) == (3, True)


def test_whoever_is_not_completed_is_left_alone_and_nothing_in_the_file_runs(site: Site) -> None:
    for student_id in ("=1+1", "00124"):
        site.launch(student_id)
    file = site.folder / "people.csv"
    site.run("unmatched", "export", "-o", file, "--connection", "campus")
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert sorted(row[0] for row in rows) == ["'=1+1", "00124", "Student ID"]
    assert {row[1] for row in rows[1:]} == {""}
    complete(file, "l@x.y")
    code, told = site.run("sync", "spreadsheet", "--file", file)
    assert (code, "people!B3: empty" in told) == (0, True)
    assert [site.launch(row[0].removeprefix("'")) for row in rows[1:]] == [303, 404]


def test_the_students_of_another_connection_stay_out_of_the_file(site: Site) -> None:
    site.launch("00124")
    file = site.folder / "people.csv"
    assert site.run("unmatched", "export", "-o", file, "--connection", "other")[1].startswith("0 people")


def test_a_file_that_cannot_be_written_is_told_in_words(site: Site) -> None:
    code, told = site.run("unmatched", "export", "-o", site.folder / "nowhere" / "people.csv")
    assert (code, "cannot be written" in told) == (2, True)


def complete(file: Path, email: str) -> None:
    """What an administrator does by hand: enter the email."""
    if file.suffix == ".xlsx":
        book = openpyxl.load_workbook(file)
        book.active["B2"] = email
        book.save(file)
        book.close()
        return
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    rows[1][1] = email
    with file.open("w", encoding="utf-8", newline="") as written:
        csv.writer(written).writerows(rows)
