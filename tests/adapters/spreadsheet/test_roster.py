"""From a file to a roster: both modes, and what a mistake does in each."""

from __future__ import annotations

import csv
import os
from contextlib import suppress

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.spreadsheet import reader, table
from adapters.spreadsheet.problems import Problem, SheetRefused
from adapters.spreadsheet.settings import Settings
from adapters.spreadsheet.table import open_table
from adapters.spreadsheet.xlsxfile import write_xlsx
from bridge.contracts import PLACE, RosterEnd, RosterMember, Student
from bridge.errors import RemoteUnavailable, RosterIncomplete
from bridge.files.digest import digest_of
from tests.fakes.workbook import make, sheet, text

PEOPLE = "Student ID,Email,First name,Last name\n00123,zoe@example.edu,Zoë,O’Brien\n00124,li@example.edu,伟,王\n"


@pytest.fixture
def made_names(tmp_path):
    head = text("A1", "Student ID") + text("B1", "First name") + text("C1", "Last name")
    row = text("A2", "1") + '<c r="B2" t="b"><v>1</v></c><c r="C2" t="e"><v>#N/A</v></c>'
    return make(tmp_path / "people.xlsx", sheet(head, row))


def test_a_row_links_a_person_to_their_student_id(read, csv_file):
    got = read(csv_file(PEOPLE))
    assert got.members[0] == RosterMember(
        Student("00123", "Zoë", "O’Brien"),
        {
            "student_id": "00123",
            "email": "zoe@example.edu",
            "first_name": "Zoë",
            "last_name": "O’Brien",
            PLACE: "people!A2",
        },
    )
    assert got.end == RosterEnd(2)


def test_the_contracts_own_example_reads(read, csv_file):
    path = csv_file("E-Mail;Employee number\nzoe@example.edu;00123\n")
    got = read(path, match="email", student_id="employee_number")
    fields = {"student_id": "00123", "employee_number": "00123", "email": "zoe@example.edu"}
    assert got.members[0].fields == {**fields, PLACE: "people!B2"}


def test_people_come_in_pages(read, csv_file):
    got = read(csv_file("Student ID\n" + "".join(f"{n:05}\n" for n in range(2500))), mode="roster")
    assert [len(page) for page in got.pages] == [1000, 1000, 500]
    assert got.end == RosterEnd(2500)


def test_attributes_of_the_roster_are_read_too(read, csv_file):
    path = csv_file("Student ID,Mail,Cost centre\n1,a@example.edu,0042\n")
    got = read(path, mode="roster", roster={"attributes": {"costCenter": "cost centre", "emailAddress": "email"}})
    assert got.members[0].fields == {"student_id": "1", "cost centre": "0042", "email": "a@example.edu"}


def test_fields_of_templates_are_read_and_the_student_id_goes_by_either_name(read, csv_file):
    path = csv_file("Badge,Mail,Site\n007,a@example.edu,Köln\n")
    roster = {"attributes": {"username": "student_id"}, "templates": {"note": "{site} {last_name}"}}
    got = read(path, mode="roster", student_id="badge", roster=roster)
    assert got.members[0].fields == {"student_id": "007", "badge": "007", "site": "Köln"}


def test_a_date_in_an_ordinary_column_does_not_refuse_the_whole_file(read, csv_file):
    path = csv_file("Student ID,Hired,Grade,Perm,Share\n1,2024-05-01,1E+5,TRUE,0.5\n")
    attributes = {name: name for name in ("hired", "grade", "perm", "share")}
    got = read(path, mode="roster", usernames=["employeeId"], roster={"attributes": attributes})
    assert [got.members[0].fields[name] for name in attributes] == ["2024-05-01", "1E+5", "TRUE", "0.5"]


@pytest.mark.parametrize(
    "roster",
    [
        {"attributes": {"username": "login", "hireDate": "hired"}},
        {"attributes": {"hireDate": "hired"}, "templates": {"username": "{login}@x.y"}},
    ],
)
def test_whatever_fills_a_username_attribute_is_judged_as_an_id(read, csv_file, roster):
    path = csv_file("Student ID,Login,Hired\n1,1.0E+7,2024-05-01\n2,b,2024-05-02\n")
    with pytest.raises(
        SheetRefused, match=r"1 mistake\npeople!B2: found a number shortened .*; allowed: the ID as text"
    ):
        read(path, mode="roster", usernames=["employeeId", "username"], roster=roster)


def test_a_date_people_are_found_by_is_refused_in_a_column_of_ids_alone(read, csv_file):
    path = csv_file("Student ID,Badge,Hired\n1,2024-05-01,2024-05-01\n2,b,2024-05-01\n")
    got = read(path, match="badge", columns={"hired": "Hired"})
    assert got.ids == ["2"]
    assert "1 mistake\npeople!B2: found a date" in got.notices[-1]


def test_the_error_of_a_formula_is_a_mistake_in_every_column_and_says_what_would_be_taken(read, csv_file):
    path = csv_file("Student ID,Hired\n1,#N/A\n")
    with pytest.raises(SheetRefused, match="people!B2: found the error #N/A; allowed: text, a date from March 1900 on"):
        read(path, mode="roster", roster={"attributes": {"hireDate": "hired"}})


def test_names_that_look_like_something_else_are_names_and_failed_ones_are_none(read, made_names):
    assert read(made_names, mode="roster").members[0].student == Student("1", "TRUE", "")


def test_one_mistake_keeps_a_roster_from_ending_so_that_nobody_is_taken_for_gone(read, csv_file):
    path = csv_file("Student ID,Email\n1.0E+7,a@example.edu\n2,b@example.edu\n,c@example.edu\n")
    with pytest.raises(SheetRefused) as refused:
        read(path, mode="roster")
    assert [problem.where for problem in refused.value.problems] == ["people!A2", "people!A4"]
    assert "people!A2: found a number shortened" in str(refused.value)
    assert "; allowed: the ID as text" in str(refused.value)


def test_one_mistake_does_not_stop_the_linking_of_others(read, csv_file):
    got = read(csv_file("Student ID,Email\n1,\n2,b@example.edu\n"))
    assert got.ids == ["2"]
    assert "people!B2: empty" in got.notices[-1]


def test_no_mistake_shows_anybodys_data(read, csv_file):
    got = read(csv_file("Student ID,Email\n1.0E+7,secret@example.edu\n2,b@example.edu\n"))
    assert "secret" not in "".join(got.notices)
    assert "1.0E+7: " not in "".join(got.notices)


def test_a_row_with_too_many_or_too_few_cells_is_not_read_shifted(read, csv_file):
    got = read(csv_file("Student ID,Email\n1,O,Brien@example.edu\n2\n3,c@example.edu\n\n"))
    assert got.ids == ["3"]
    assert "people!A2: more or fewer cells" in got.notices[-1]
    assert "people!A3: more or fewer cells" in got.notices[-1]


def test_blank_rows_are_nobody(read, csv_file):
    got = read(csv_file("\n\nStudent ID,Email\n,\n1,a@example.edu\n \n"))
    assert got.ids == ["1"]
    assert "mistake" not in "".join(got.notices)


def test_mistakes_beyond_number_are_counted_not_kept(read, csv_file, monkeypatch):
    monkeypatch.setattr(reader, "MAX_PROBLEMS", 30)
    with pytest.raises(SheetRefused, match=r"people\.csv: 50 mistakes") as refused:
        read(csv_file("Student ID,Email\n" + ",x@example.edu\n" * 50), mode="roster")
    assert len(refused.value.problems) == 30
    assert "and 30 more" in str(refused.value)


def test_an_empty_roster_is_not_everybody_gone(read, csv_file):
    with pytest.raises(RosterIncomplete, match="the roster is empty"):
        read(csv_file("Student ID,Email\n"), mode="roster")


def test_a_file_without_anything_says_what_is_missing(read, csv_file):
    with pytest.raises(RosterIncomplete, match=r"people\.csv: people is empty; allowed: a row of headers"):
        read(csv_file(""))


def test_who_left_is_inactive_in_a_roster_and_nobody_to_link(read, csv_file):
    path = csv_file("Student ID,Email,State\n1,a@example.edu,Active\n2,,Suspended\n3,c@example.edu,\n")
    by_roster = read(path, mode="roster", columns={"status": "State"})
    assert [member.active for member in by_roster.members] == [True, False, True]
    by_link = read(path, columns={"status": "State"})
    assert by_link.ids == ["1", "3"]
    assert "mistake" not in "".join(by_link.notices)


def test_an_unknown_status_is_not_taken_for_active(read, csv_file):
    with pytest.raises(SheetRefused, match="people!C2: not a status; allowed: active, suspended"):
        read(csv_file("Student ID,Email,State\n1,a@example.edu,On leave\n"), mode="roster", columns={"status": "State"})


def test_a_status_column_nobody_named_is_left_alone(read, csv_file):
    assert read(csv_file("Student ID,Email,Status\n1,a@example.edu,Full-time\n")).ids == ["1"]


@pytest.mark.parametrize(
    ("header", "keys", "guess"),
    [
        ("Student ID,Email,Vorname", {}, ""),
        ("Matricola,E-Mail,Vorname", {}, 'email: "E-Mail", student_id: "Matricola"'),
        ("Matricola,E-Mail,Vorname", {"columns": {"student_id": "Matricola"}}, 'email: "E-Mail"'),
        ("Student ID,Email,Vorname", {"mode": "roster"}, 'first_name: "Vorname"'),
        ("user_id,login_id,status,Email", {}, 'email: "Email", status: "status", student_id: "user_id"'),
        ("Student ID,Email,Employee number,First name,Last name,Connection,Launches,Could be", {}, ""),
    ],
)
def test_columns_that_only_their_headers_told_are_said_to_be_guessed(read, csv_file, header, keys, guess):
    row = ",".join("active" if name == "status" else f"x{at}" for at, name in enumerate(header.split(",")))
    assert read(csv_file(f"{header}\n{row}\n"), **keys).end == RosterEnd(1, guess=guess)


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_nobody_is_called_by_a_formula(read, csv_file, formula):
    with pytest.raises(SheetRefused, match="a formula instead of its result"):
        read(csv_file(f'Student ID,Email\n"{formula}",a@example.edu\n'), mode="roster")


def test_a_value_like_a_formula_that_is_marked_as_text_is_text(read, csv_file):
    marked = '"=""=cmd|\' /C calc\'!A0"""'
    assert read(csv_file(f"Student ID,Email\n{marked},a@example.edu\n")).ids == ["=cmd|' /C calc'!A0"]


def test_canvas_users_csv_is_recognised(read, canvas_samples):
    got = read(canvas_samples / "sis_export_users.csv", mode="roster", match="email")
    assert got.ids == ["S000101", "S000102", "S000103", "S000104", "S-0105/Ä", "S000106B", "S000109"]
    assert [member.active for member in got.members] == [True, True, True, False, True, True, False]
    assert got.members[1].student == Student("S000102", "Bo", "van der Sample")


def test_smarterus_export_is_recognised(read, csv_file):
    got = read(csv_file("Given Name,Surname,Email,Student ID,SCORM Student ID\nZoë,O’Brien,z@example.edu,x,00123\n"))
    assert got.members[0].student == Student("00123", "Zoë", "O’Brien")
    assert "".join(got.notices) == (
        "people.csv: CSV in UTF-8 (all of it is); 1 row below the headers in row 1; 5 columns, of them "
        "student_id: column E ('SCORM Student ID', recognised), email: column C ('Email', named alike), "
        "first_name: column A ('Given Name', recognised), last_name: column B ('Surname', recognised)"
    )


def test_a_file_that_changes_while_it_is_read_is_not_believed(read, csv_file, monkeypatch):
    path = csv_file(PEOPLE)
    states = iter([(1, 1, 1), (1, 1, 2)])
    monkeypatch.setattr(table, "_state", lambda _: next(states))
    with pytest.raises(RosterIncomplete, match="the file changed while it was read"):
        read(path)


def test_a_file_swapped_between_plan_and_apply_has_another_fingerprint(csv_file):
    path = csv_file(PEOPLE)
    before, stat = digest_of(path), path.stat()
    path.write_text(PEOPLE.replace("00123", "00129"), "utf-8")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert digest_of(path) != before
    assert len(before) == 64


def test_a_file_that_is_not_there_is_named(read, tmp_path):
    with pytest.raises(RemoteUnavailable, match=r"gone\.csv: the file cannot be opened"):
        read(tmp_path / "gone.csv")


def test_a_file_of_gigabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "people.csv"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    with pytest.raises(RosterIncomplete, match=r"people\.csv: the file is larger than 1024 MiB"), open_table(path):
        pass
    with pytest.raises(RosterIncomplete, match=r"people\.csv: the file is larger than 1024 MiB"):
        digest_of(path)
    with path.open("r+b") as file:
        file.write(b"PK\x03\x04")
    with pytest.raises(RosterIncomplete, match=r"larger than 256 MiB"), open_table(path):
        pass


def test_an_old_workbook_is_told_from_text(tmp_path):
    path = tmp_path / "people.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(RosterIncomplete, match=r"allowed: an \.xlsx file"), open_table(path):
        pass


def test_a_problem_names_cell_mistake_and_remedy():
    assert str(Problem("Sheet1!B17", 17, "found a date", "text")) == "Sheet1!B17: found a date; allowed: text"


@pytest.mark.parametrize(
    "keys", [{"mode": "sync"}, {"student_id": ""}, {"match": ""}, {"columns": "x"}, {"mod": "link"}]
)
def test_a_misspelt_setting_is_a_mistake(keys):
    with pytest.raises(ValidationError):
        Settings.model_validate({"file": "people.csv", **keys})


@given(st.binary(max_size=300))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_raises_anything_undeclared(read, tmp_path, content):
    path = tmp_path / "people.csv"
    path.write_bytes(b"Student ID,Email\n" + content)
    with suppress(RosterIncomplete):
        read(path)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"roster": {"attributes": {"costCenter": "cost centre"}}}, "fills only from student_id"),
        ({"roster": {"constants": {"language": "cy"}}}, "fills only from student_id"),
        ({"roster": {"templates": {"note": "{site}"}}}, "fills only from student_id"),
        ({"roster": {"on_leave": "deactivate"}}, "deactivates nobody"),
        ({"match": "badge", "student_id": "badge"}, "another field"),
    ],
)
def test_a_connection_that_only_links_cannot_be_told_to_do_more(keys, what):
    with pytest.raises(ValidationError, match=what):
        Settings.model_validate({"file": "people.csv", **keys})


def test_people_are_found_by_the_attribute_that_the_mapping_names():
    def attribute(**keys):
        return Settings.model_validate({"file": "people.csv", **keys}).link.attribute

    assert attribute() == "emailAddress"
    assert attribute(match="employee_number") == "employeeId"
    assert attribute(match="badge") == "badge"
    assert attribute(roster={"attributes": {"workMail": "email", "username": "student_id"}}) == "workMail"
    assert Settings.model_validate({"file": "people.csv", "mode": "roster"}).link is None


BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Email,Quiz 1 Points Grade,End-of-Line Indicator
#00246,#ana.g,García,Ana,ana@example.invalid,7,#
#00247,#zoe.o,O'Brien,Zoë,zoe@example.invalid,8,#
"""


def test_brightspaces_hash_is_no_part_of_an_id(read, csv_file):
    got = read(csv_file(BRIGHTSPACE), match="email", columns={"student_id": "OrgDefinedId", "email": "Email"})
    assert got.ids == ["00246", "00247"]
    by_name = read(csv_file(BRIGHTSPACE), mode="roster", roster={"attributes": {"nick": "username"}})
    assert [(m.student, m.fields["username"]) for m in by_name.members] == [
        (Student("00246", "Ana", "García"), "ana.g"),
        (Student("00247", "Zoë", "O'Brien"), "zoe.o"),
    ]


def test_a_hash_of_nobodys_export_is_refused_by_its_cell(read, csv_file):
    got = read(csv_file("Student ID,Email\n#00246,a@example.edu\n00247,b@example.edu\n"))
    assert got.ids == ["00247"]
    assert "people!A2: found a # in front" in got.notices[-1]


def test_ids_that_a_program_took_for_numbers_are_refused_one_by_one(read, csv_file):
    path = csv_file("Employee number,Email\n123.0,a@x.example\n,b@x.example\n456.0,c@x.example\n00789,d@x.example\n")
    got = read(path, student_id="employee_number")
    assert got.ids == ["00789"]
    assert [line.split(":")[0] for line in got.notices[-1].splitlines()[1:4]] == ["people!A2", "people!A3", "people!A4"]


ODD = (
    ("1.23E+11", ""), ("1,23E+11", ""), ("1.0", ""), ("12,5", ""), ("00123", "00123"), ("'00456", "00456"),
    ('="00789"', "00789"), ("=00123", ""), ("1 234 567", ""), ("1.234.567", ""), ("2024-05-01", ""), ("01/02/2024", ""),
)  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_text_is_the_same_id_in_a_csv_and_in_a_workbook(read, tmp_path, suffix):
    path = tmp_path / f"people{suffix}"
    rows = [[cell, f"p{at}@example.edu"] for at, (cell, _) in enumerate(ODD)]
    if suffix == ".csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["Student ID", "Email"], *rows])
    else:
        write_xlsx(path, "people", [["Student ID", "Email"], *rows])
    assert read(path).ids == [right for _, right in ODD if right]


def test_zeros_that_some_ids_lack_are_told_once(read, csv_file):
    rows = "".join(f"{student_id},p{student_id}@example.edu\n" for student_id in ("00246", "247", "S1", "99", "00248"))
    got = read(csv_file("Student ID,Email\n" + rows))
    assert got.ids == ["00246", "247", "S1", "99", "00248"]
    [told] = [notice for notice in got.notices if "zeros" in notice]
    assert told.startswith("people: column A: 2 IDs have zeros in front, to 5 digits (A2), and 2 are shorter")
    assert "(A3)" in told


def test_ids_of_one_length_are_no_reason_to_warn(read, csv_file):
    got = read(csv_file("Student ID,Email\n00246,a@example.edu\n12345,b@example.edu\n"))
    assert not [notice for notice in got.notices if "zeros" in notice]


def test_a_title_above_the_headers_is_skipped_and_told(read, csv_file):
    got = read(csv_file("Teilnehmende, Stand 1. Mai\n\nMatrikelnummer;E-Mail\n00123;zoe@example.edu\n00124;x;y\n"))
    assert got.ids == ["00123"]
    assert "1 mistake\npeople!A5: more or fewer cells" in got.notices[-1]
    assert "2 rows below the headers in row 3, 2 above skipped; 2 columns" in got.notices[0]


def test_a_sheet_without_headers_names_the_first_row_that_is_no_title(read, csv_file):
    with pytest.raises(RosterIncomplete, match=r"people!A2: no column for student_id.*found 'Matr'.*read as CSV"):
        read(csv_file("Teilnehmende\nMatr;Post\n00123;zoe@example.edu\n"))


def hiding(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Codes"
    book.active.append(["Student ID", "Email"])
    book.active.append(["999", "wrong@example.edu"])
    book.active.sheet_state = "hidden"
    people = book.create_sheet("People")
    people.append(["Student ID", "Email"])
    people.append(["00123", "zoe@example.edu"])
    book.active = 1
    book.save(tmp_path / "people.xlsx")
    return tmp_path / "people.xlsx"


def test_a_hidden_first_sheet_is_not_the_one(read, tmp_path):
    got = read(hiding(tmp_path))
    assert got.ids == ["00123"]
    assert "workbook, sheet 'People' (the first that is not hidden), hidden sheets: 'Codes'" in got.notices[0]
    assert read(hiding(tmp_path), sheet="Codes").ids == ["999"]


def test_an_encoding_that_was_guessed_is_confirmed_where_it_decides_what_is_written(read, csv_file):
    path = csv_file("Student ID,Email,Vorname\n1,zoe@example.edu,Zoë\n", "windows-1252")
    assert read(path).end == RosterEnd(1)
    assert read(path, mode="roster", columns={"first_name": "Vorname"}).end == RosterEnd(
        1, guess="encoding: windows-1252"
    )
    asked = read(path, mode="roster", columns={"first_name": "Vorname"}, encoding="windows-1252")
    assert (asked.end, asked.members[0].student.first_name) == (RosterEnd(1), "Zoë")
    assert "CSV in cp1252 (asked for)" in asked.notices[0]


def test_an_encoding_that_nobody_knows_is_a_mistake_of_the_configuration():
    with pytest.raises(ValidationError, match="no such encoding"):
        Settings.model_validate({"file": "people.csv", "encoding": "ansi-ish"})
