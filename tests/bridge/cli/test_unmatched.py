"""From a launch that found nobody to a link, by the commands an administrator has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from bridge.cli import cli
from bridge.contracts import Student
from bridge.learners.linking import LinkRefused
from bridge.store import unmatched
from bridge.store.engine import open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import append
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.test_doctor import CONFIG, SIGNED
from tests.migrated import migrated_in

PEOPLE = [
    {"id": 1, "active": True, "attribute": {"firstName": "ليلى", "lastName": "الخوري", "username": "007"}},
    {"id": 2, "active": True, "attribute": {"firstName": "Bo", "lastName": "Li", "username": "bo"}},
    *(
        {"id": n, "active": True, "attribute": {"firstName": "N", "lastName": "N", "username": f"n{n}"}}
        for n in range(3, 30)
    ),
]


class Desk:
    def __init__(self, folder: Path, url: str) -> None:
        self.path = folder / "config.yaml"
        values = {"password": "api", "attributes": "[username, employeeId]", "api": "{}", "sign_in": SIGNED}
        self.path.write_text(CONFIG.format(folder=folder, url=url, **values), "utf-8")
        self.engine: Engine = open_database(migrated_in(folder))
        self.json("learners", "refresh")

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.path), *words])

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def came(self, student_id: str, first: str = "", last: str = "", connection: str = "campus") -> None:
        unmatched.note(self.engine, connection, Student(student_id, first, last), "no_match", now=1_800_000_000.0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(create_sandbox(PEOPLE)) as served:
        desk = Desk(tmp_path, served.url)
        yield desk
        desk.engine.dispose()


def test_who_could_be_meant_is_shown_with_the_reason(desk: Desk) -> None:
    desk.came("7", "ليلى", "الخوري")
    desk.came("7", "ليلى", "الخوري")
    (row,) = desk.json("unmatched")
    (miss,) = row.pop("could_be")
    assert row == {
        "connection": "campus",
        "student_id": "7",
        "first_name": "ليلى",
        "last_name": "الخوري",
        "outcome": "no_match",
        "times": 2,
        "first_seen": "2027-01-15T08:00:00Z",
        "last_seen": "2027-01-15T08:00:00Z",
    }
    assert (miss["user_id"], miss["reason"], miss["attribute"], miss["value"]) == (
        1,
        "leading_zeros",
        "username",
        "007",
    )
    shown = desk.run("unmatched").stdout
    assert "ليلى" in shown
    assert "leading zeros" in " ".join(shown.split())


def test_a_link_takes_the_student_off_the_list_and_can_be_undone(desk: Desk) -> None:
    desk.came("7")
    linked = desk.json("learners", "link", "7", "1")
    names = {"lms_names": [], "ottolearn_name": "ليلى الخوري"}
    assert linked == {"student_id": "7", "user_id": 1, "connection": "campus", "attribute": None, **names}
    assert desk.json("unmatched") == []
    assert desk.run("unmatched").stdout == "Everybody who came was found.\n"
    assert desk.run("learners", "unlink", "7", "--connection", "campus").exit_code == 0
    assert isinstance(desk.run("learners", "unlink", "7", "--connection", "campus").exception, Exception)


@pytest.mark.parametrize("how", [("--connection", "campus"), ("--write", "employeeId")])
def test_nobody_is_linked_with_an_account_of_another_name_by_the_way(desk: Desk, how: tuple[str, str]) -> None:
    desk.came("7", "Grace", "Hopper")
    refused = desk.run("learners", "link", "7", "2", *how)
    assert isinstance(refused.exception, LinkRefused)
    assert "Grace Hopper" in str(refused.exception)
    assert "Bo Li" in str(refused.exception)
    assert [row["student_id"] for row in desk.json("unmatched")] == ["7"]
    linked = desk.json("learners", "link", "7", "2", *how, "--yes")
    assert (linked["lms_names"], linked["ottolearn_name"]) == (["Grace Hopper"], "Bo Li")
    assert desk.json("unmatched") == []


def test_both_names_are_shown_and_one_word_in_common_is_enough(desk: Desk) -> None:
    desk.came("7", "Boris", "LI")
    said = desk.run("learners", "link", "7", "2").stdout
    assert "In the LMS: Boris LI. In OttoLearn: Bo Li." in said


def test_the_name_of_a_student_who_left_the_list_is_that_of_their_last_launch(desk: Desk) -> None:
    for time, name in ((1.0, "Bo"), (2.0, "Grace"), (3.0, "")):
        append(desk.engine, LaunchLine(time, "campus", "lti13", "7", name, "", "matched", "", f"R{time}"))
    append(desk.engine, LaunchLine(4.0, "other", "lti13", "7", "Bo", "", "matched", "", "R4"))
    refused = desk.run("learners", "link", "7", "2", "--connection", "campus")
    assert isinstance(refused.exception, LinkRefused)
    assert "calls this student Grace, and" in str(refused.exception)


def test_somebody_who_could_be_meant_by_another_name_is_marked(desk: Desk) -> None:
    desk.came("07", "Grace", "Hopper")
    [row] = desk.json("unmatched")
    assert [miss["name_differs"] for miss in row["could_be"]] == [True]
    assert "another name" in " ".join(desk.run("unmatched").stdout.split())


def test_an_id_is_written_into_ottolearn(desk: Desk) -> None:
    desk.came("7")
    assert desk.json("learners", "link", "7", "2", "--write", "employeeId")["attribute"] == "employeeId"
    desk.json("learners", "refresh")
    assert desk.json("learners", "find", "7")["user_id"] == 2
    assert desk.json("unmatched") == []


@pytest.mark.parametrize(
    "words",
    [
        ("7", "1", "--write", "emailAddress"),
        ("7", "1", "--write", "employeeId", "--connection", "campus"),
        ("7", "0"),
        ("7", "x"),
    ],
)
def test_a_wrong_link_is_wrong_usage(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk.run("learners", "link", *words).exit_code == 2


def test_who_is_found_by_now_leaves_the_list_and_only_a_reading_of_ottolearn_marks_it(desk: Desk) -> None:
    desk.came("bo")
    desk.came("X1")
    assert [row["student_id"] for row in desk.json("unmatched")] == ["X1"]
    assert sorted(row.student_id for row in unmatched.newest(desk.engine, 10)) == ["X1", "bo"]
    desk.json("learners", "refresh")
    assert [row.student_id for row in unmatched.newest(desk.engine, 10)] == ["X1"]


def test_a_student_can_be_taken_off_by_hand(desk: Desk) -> None:
    desk.came("X1")
    desk.came("X1", connection="packages")
    assert desk.run("unmatched", "forget", "X1", "--connection", "campus").exit_code == 0
    assert [row["connection"] for row in desk.json("unmatched")] == ["packages"]


def test_a_list_that_shrank_is_held_back_with_its_own_exit_code(desk: Desk, tmp_path: Path) -> None:
    with serve(create_sandbox(PEOPLE[:3])) as served:
        text = desk.path.read_text("utf-8")
        old = next(line for line in text.splitlines() if "api_url" in line)
        desk.path.write_text(text.replace(old, f"  api_url: {served.url}"), "utf-8")
        held = desk.run("learners", "refresh")
        assert (held.exit_code, "Held back" in held.stderr) == (3, True)
        assert desk.json("learners", "refresh", "--accept-fewer") == {"learners": 3}


def found(desk: Desk, *words: str) -> tuple[int, dict[str, Any]]:
    done = desk.run("learners", "find", *words, "--json")
    return done.exit_code, json.loads(done.stdout)


def test_nobody_found_is_an_exit_code_for_scripts(desk: Desk) -> None:
    code, said = found(desk, "nobody")
    assert (code, said["outcome"], said["user_id"]) == (1, "no_match", None)
    assert found(desk, "bo")[0] == 0
    assert desk.run("learners", "find", "nobody").exit_code == 1


def test_find_asks_by_the_link_that_a_launch_would_take(desk: Desk) -> None:
    desk.came("7")
    desk.json("learners", "link", "7", "1")
    code, said = found(desk, "7", "--connection", "campus")
    assert (code, said["user_id"], said["detail"]) == (0, 1, "OttoLearn user 1, by a link in the bridge")
    assert found(desk, "7")[0] == 1  # of several connections none is asked as
    text = desk.path.read_text("utf-8")
    desk.path.write_text(text.replace("  packages: {adapter: scorm}\n", ""), "utf-8")
    assert found(desk, "7")[1]["connection"] == "campus"  # the only one there is


def test_find_goes_by_the_rules_and_the_letter_case_of_the_connection(desk: Desk) -> None:
    text = desk.path.read_text("utf-8")
    rules = "ignore_case: true, student_id_rules: [{digits: 3}],"
    desk.path.write_text(text.replace("student_id: idnumber,", f"student_id: idnumber, {rules}"), "utf-8")
    assert (
        '"rule": "digits 3"'
        in desk.run("learners", "find", "7", "--connection", "campus", "--explain", "--json").stdout
    )
    assert desk.run("learners", "find", "7", "--explain").stdout.startswith("  no rules")
    assert found(desk, "7", "--connection", "campus")[1]["user_id"] == 1
    assert found(desk, "BO", "--connection", "campus")[1]["user_id"] == 2
    assert desk.run("learners", "find", "7", "--connection", "elsewhere").exit_code == 2


def test_links_are_listed_with_whom_they_lead_to(desk: Desk) -> None:
    assert desk.run("learners", "links").stdout == "No link yet.\n"
    desk.came("7")
    desk.json("learners", "link", "7", "2")
    (link,) = desk.json("learners", "links")
    assert {name: link[name] for name in ("connection", "student_id", "user_id", "who")} == {
        "connection": "campus",
        "student_id": "7",
        "user_id": 2,
        "who": "Bo Li",
    }
    assert desk.json("learners", "links", "--connection", "other") == []
    assert "Bo Li" in desk.run("learners", "links").stdout


@pytest.mark.parametrize(
    ("text", "ids"), [("bo li", [2]), ("LI bo", [2]), ("ليلى", [1]), ("00", [1]), ("zzz", []), (" ", [])]
)
def test_people_are_searched_by_what_is_known_of_them(desk: Desk, text: str, ids: list[int]) -> None:
    done = desk.run("learners", "search", text, "--json")
    assert [row["user_id"] for row in json.loads(done.stdout)] == ids
    assert done.exit_code == (0 if ids else 1)


LONG = "an-id-that-is-longer-than-any-terminal-is-wide-" + "0123456789" * 8


@pytest.mark.parametrize("terminal", [{}, {"FORCE_COLOR": "1", "COLUMNS": "80"}])
def test_no_table_cuts_an_id_or_a_connection(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, terminal: dict[str, str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    for name, value in terminal.items():
        monkeypatch.setenv(name, value)
    connection = "a-connection-of-some-length"
    for number in range(3):
        desk.came(f"{number}{LONG}", "A first name of some length", "And a last name", connection)
    shown = desk.run("unmatched").stdout
    assert [f"{number}{LONG}" in shown for number in range(3)] == [True] * 3
    assert shown.count(connection) == 3
    assert "…" not in shown


def test_a_row_in_a_pipe_is_one_line(desk: Desk) -> None:
    desk.came("7", "ليلى", "الخوري")
    header, row, _ = desk.run("unmatched").stdout.splitlines()
    assert header.split()[:2] == ["student", "id"]
    assert row.split()[0] == "7"
    assert "leading zeros" in row
