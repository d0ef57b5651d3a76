"""Launches as a roster: who was unknown goes out as a spreadsheet, is completed by hand, and is known the next time."""

from __future__ import annotations

import csv
import errno
import json
from pathlib import Path

import openpyxl
import pytest

from bridge.learners.bulk import WHY
from bridge.learners.sheet_links import NOT_WAITING, UNFILLED
from tests.bridge.cli.conftest import Site


@pytest.mark.parametrize(
    "student_id", ["00123", "=cmd|' /C calc'!A0", "+49 1", "@zoë", "-7", "1.5", "#7", "'7", "TRUE", "2024-05-01"]
)
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
    sent = {'\'="=1+1"': "=1+1", "00124": "00124"}
    assert {row[0] for row in rows[1:]} == {*sent}
    assert {row[1] for row in rows[1:]} == {""}
    complete(file, "l@x.y")
    code, told = site.run("sync", "spreadsheet", "--file", file)
    assert (code, "people!B3: empty" in told) == (0, True)
    assert [site.launch(sent[row[0]]) for row in rows[1:]] == [303, 404]


def test_the_students_of_another_connection_stay_out_of_the_file(site: Site) -> None:
    site.launch("00124")
    file = site.folder / "people.csv"
    assert site.run("unmatched", "export", "-o", file, "--connection", "other")[1].startswith("0 people")


def test_a_file_that_cannot_be_written_is_told_in_words(site: Site) -> None:
    code, told = site.run("unmatched", "export", "-o", site.folder / "nowhere" / "people.csv")
    assert (code, "cannot be written" in told) == (1, True)


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
    assert imported(site, [["1", "z@x.y", ""]])[1] == [("1", None, NOT_WAITING)]


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


@pytest.mark.parametrize("name", ["people.csv", "people.xlsx"])
def test_a_disk_that_is_full_is_no_wrong_usage_and_leaves_no_half_a_list(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = site.folder / name
    file.write_text("the list of last week")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("adapters.spreadsheet.writing.write_xlsx", full)
    monkeypatch.setattr("adapters.spreadsheet.writing.csv.writer", full)
    code, told = site.run("unmatched", "export", "-o", file)
    assert (code, "cannot be written: No space left on device" in told) == (1, True)
    assert file.read_text() == "the list of last week"
    assert not [*site.folder.glob(".people*")]
