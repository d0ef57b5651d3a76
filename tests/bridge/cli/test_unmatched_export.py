"""Launches as a roster: who was unknown goes out as a spreadsheet, is completed by hand, and is known the next time."""

from __future__ import annotations

import csv
import ipaddress
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from click.testing import CliRunner
from flask.testing import FlaskClient

from adapters import ADAPTERS
from bridge.cli import cli
from bridge.cli.unmatched_import import NOT_WAITING, UNFILLED
from bridge.config import load
from bridge.http import Outbound
from bridge.learners.bulk import WHY
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
    {
        "id": 3,
        "active": True,
        "attribute": {"firstName": "G", "lastName": "G", "username": "g", "emailAddress": "gone@x.y"},
    },
]
NAMELESS = {"lis_person_name_given": "", "lis_person_name_family": "", "lis_person_name_full": ""}


class Site:
    """A bridge over real HTTP to a sandbox OttoLearn, a browser in front of it, and its command line."""

    def __init__(self, folder: Path, config: Path, client: FlaskClient, ottolearn: OttoLearnApi) -> None:
        self.folder = folder
        self.ottolearn = ottolearn
        self._config = config
        self._client = client
        self._launches = 0

    def connect(self, sheet: dict[str, str]) -> None:
        """Give the command line a connection whose people come from a sheet."""
        tree = yaml.safe_load(self._config.read_text("utf-8"))
        tree["connections"]["hr-sheet"] = sheet
        self._config.write_text(yaml.safe_dump(tree), "utf-8")

    def set(self, user_id: int, active: bool | None = None, **attributes: str) -> None:
        """Change a user in OttoLearn, as somebody does there, and let the bridge read it."""
        self.ottolearn.update(user_id, attributes, active)
        self.run("learners", "refresh")

    def user(self, user_id: int) -> Mapping[str, str]:
        return next(one.attributes for one in self.ottolearn.read_learners() if one.user_id == user_id)

    def launch(self, student_id: str, **changed: str) -> int:
        self._launches += 1
        fields = {**FORM, "lis_person_sourcedid": student_id, "user_id": f"u-{student_id}", **NAMELESS, **changed}
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
        api = OttoLearnApi(configuration.ottolearn, outbound)
        usernames = configuration.ottolearn.username_attributes
        directory = Directory(engine, usernames, api.read_learners, time.time, every=0.0)
        house = furnish(configuration, engine, outbound, directory, adapters=ADAPTERS, now=lambda: NOW)
        yield Site(tmp_path, path, create_app(house).test_client(), api)
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


@pytest.mark.parametrize("name", ["people.csv", "people.xlsx"])
def test_a_list_links_people_whose_username_attributes_are_all_filled(site: Site, name: str) -> None:
    site.set(1, employeeId="held")
    assert site.launch("00123") == 404
    file = site.folder / name
    site.run("unmatched", "export", "-o", file)
    complete(file, "Z@x.y")
    assert site.run("sync", "spreadsheet", "--file", file)[0] == 4  # nothing in OttoLearn is free
    code, told = site.run("unmatched", "import", file, "--plan")
    assert (code, "would be linked" in told, "0 linked" in told) == (0, True, False)
    assert site.launch("00123") == 404
    code, told = site.run("unmatched", "import", file)
    assert (code, "1 linked, 0 not" in told) == (0, True)
    assert site.launch("00123") == 303
    assert site.user(1)["employeeId"] == "held"


def imported(site: Site, rows: list[list[str]], *options: str) -> tuple[int, list[tuple[str, int | None, str]]]:
    """Import a list of (student ID, email, employee number) of the connection campus."""
    file = site.folder / "completed.csv"
    names = ["Student ID", "Email", "Employee number", "First name", "Last name", "Connection", "Launches", "Could be"]
    with file.open("w", encoding="utf-8", newline="") as written:
        csv.writer(written).writerows([names, *([*row, "", "", "campus", "1", ""] for row in rows)])
    code, told = site.run("unmatched", "import", file, "--json", *options)
    return code, [(row["student_id"], row["user_id"], row["result"]) for row in json.loads(told)]


def test_what_cannot_be_linked_is_told_row_by_row_and_the_rest_is_linked(site: Site) -> None:
    for student_id in ("1", "2", "3", "4", "5"):
        site.launch(student_id)
    site.set(2, employeeId="E2")
    site.set(3, active=False, employeeId="E3")
    code, rows = imported(
        site,
        [
            ["1", "z@x.y", ""],
            ["2", "nobody@x.y", ""],
            ["3", "z@x.y", "E2"],
            ["4", "gone@x.y", ""],
            ["5", "", ""],
            ["9", "l@x.y", ""],
            ["1.0E+7", "l@x.y", ""],
        ],
    )
    assert code == 4
    assert rows == [
        ("1", 1, "linked"),
        ("2", None, WHY["no_match"]),
        ("3", None, WHY["contradiction"]),
        ("4", 3, WHY["inactive"]),
        ("5", None, UNFILLED),
        ("9", None, NOT_WAITING),
        ("", None, "Student ID: a number shortened to the form 1.0E+7, its digits lost"),
    ]
    assert [site.launch(student_id) for student_id in ("1", "3")] == [303, 404]


def test_one_user_for_two_students_is_nobody(site: Site) -> None:
    site.launch("1")
    site.launch("2")
    code, rows = imported(site, [["1", "z@x.y", ""], ["2", "z@x.y", ""]])
    assert (code, [result for _, _, result in rows]) == (1, [WHY["twice"], WHY["twice"]])
    assert site.launch("1") == 404


def test_an_id_that_somebody_else_has_by_now_leads_to_nobody(site: Site) -> None:
    site.launch("1")
    site.set(2, employeeId="1")
    assert imported(site, [["1", "z@x.y", ""]])[1] == [("1", 1, WHY["taken"])]


def test_whom_the_lms_calls_otherwise_is_linked_only_when_somebody_says_so(site: Site) -> None:
    site.launch("1", lis_person_name_given="Zoë", lis_person_name_family="Wang")
    site.set(1, employeeId="E1", firstName="Bo", lastName="Li")
    assert imported(site, [["1", "z@x.y", ""]]) == (1, [("1", 1, WHY["name_differs"])])
    assert imported(site, [["1", "z@x.y", ""]], "--yes") == (0, [("1", 1, "linked")])
    site.launch("2", lis_person_name_given="Zoe", lis_person_name_family="W.")
    site.set(2, employeeId="E2", firstName="Zoë", lastName="Wang")
    assert imported(site, [["2", "l@x.y", ""]])[0] == 0


def test_another_sheet_is_not_taken_for_the_list(site: Site) -> None:
    file = site.folder / "other.csv"
    file.write_text("Student ID,Email\n1,z@x.y\n", "utf-8")
    code, told = site.run("unmatched", "import", file)
    assert (code, "other.csv is not a list that" in told) == (2, True)


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
