"""The corrected copy: everything back, a reason beside each mistake, nothing that runs."""

from __future__ import annotations

import csv

import openpyxl
import pytest

from adapters.spreadsheet.correction import REASON, find_mistakes, write_corrected_copy
from adapters.spreadsheet.reader import Sheet
from adapters.spreadsheet.settings import Settings
from bridge.errors import RemoteUnavailable
from tests.fakes.workbook import DATE_STYLES, make, sheet, text

SOURCE = (
    "Student ID,Email,Note\n00123,zoë@example.edu,=cmd|' /C calc'!A0\n1.0E+7,b@example.edu,+1\n"
    "7,,@x\n-8,d@example.edu,\u0007<&>\n"
)


@pytest.fixture
def corrected(tmp_path, csv_file):
    def write(suffix, text=SOURCE):
        source = csv_file(text)
        target = tmp_path / f"corrected{suffix}"
        write_corrected_copy(source, find_mistakes(Settings(file=source), ()), target)
        return target

    return write


def test_a_csv_copy_has_reasons_and_no_formula(corrected):
    target = corrected(".csv")
    rows = list(csv.reader(target.read_text("utf-8-sig").splitlines()))
    assert rows[0] == ["Student ID", "Email", "Note", REASON]
    assert rows[1] == ["00123", "zoë@example.edu", "'=cmd|' /C calc'!A0", ""]
    assert rows[2][:3] == ["1.0E+7", "b@example.edu", "'+1"]
    assert rows[2][3].startswith("people!A3: found a number shortened")
    assert rows[3][3].startswith("people!B4: empty")
    assert rows[4][0] == "'-8"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_an_xlsx_copy_keeps_zeros_and_holds_only_text(corrected):
    book = openpyxl.load_workbook(corrected(".xlsx"))
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert cells[1][:3] == ["00123", "zoë@example.edu", "=cmd|' /C calc'!A0"]
    assert {cell.data_type for row in book.active.iter_rows() for cell in row if cell.value is not None} == {"s"}
    assert all(cell.number_format == "@" and cell.quotePrefix for cell in book.active[2] if cell.value)
    assert book.sheetnames == ["people"]
    book.close()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_corrected_copy_can_be_read_again(corrected, read, suffix):
    assert read(corrected(suffix)).ids == ["00123", "-8"]


def test_an_old_reason_is_not_carried_on(corrected, tmp_path, csv_file):
    target = corrected(".csv", f"{REASON},Student ID,Email\nold,,a@example.edu\n,1,b@example.edu\n")
    rows = list(csv.reader(target.read_text("utf-8-sig").splitlines()))
    assert rows[0] == ["Student ID", "Email", REASON]
    assert rows[1][0:2] == ["", "a@example.edu"]
    assert "old" not in rows[1][2]


def test_blank_rows_above_the_header_are_left_out(corrected):
    rows = list(csv.reader(corrected(".csv", "\n\nStudent ID,Email\n1,\n").read_text("utf-8-sig").splitlines()))
    assert rows[0] == ["Student ID", "Email", REASON]


def test_reasons_stand_in_one_column_beside_short_rows(corrected):
    rows = list(csv.reader(corrected(".csv", "Student ID,Email\n1\n").read_text("utf-8-sig").splitlines()))
    assert rows[1][0:2] == ["1", ""]
    assert "fewer cells" in rows[1][2]


def test_a_date_of_an_ordinary_column_is_copied_and_what_was_refused_as_an_id_is_not(tmp_path):
    head = text("A1", "Student ID") + text("B1", "Email") + text("C1", "Hired")
    date = '<c r="C2" s="1"><v>45413</v></c>'
    source = make(
        tmp_path / "people.xlsx",
        sheet(head, '<c r="A2"><v>10000000</v></c>' + text("B2", "a@example.edu") + date),
        styles=DATE_STYLES,
    )
    write_corrected_copy(source, find_mistakes(Settings(file=source), ()), tmp_path / "copy.csv")
    rows = list(csv.reader((tmp_path / "copy.csv").read_text("utf-8-sig").splitlines()))
    assert rows[1][:3] == ["", "a@example.edu", "2024-05-01"]
    assert rows[1][3].startswith("Sheet1!A2: found a round number")


def test_what_cannot_be_read_is_not_copied_half(tmp_path):
    with pytest.raises(RemoteUnavailable):
        write_corrected_copy(tmp_path / "gone.csv", Sheet("gone", {}, frozenset()), tmp_path / "copy.csv")
    assert not (tmp_path / "copy.csv").exists()


def test_a_copy_of_a_sheet_with_a_title_keeps_it_and_can_be_read_again(corrected, read):
    target = corrected(".csv", "People of May\n\nStudent ID,Email\n1,a@example.edu\n2,\n")
    rows = list(csv.reader(target.read_text("utf-8-sig").splitlines()))
    assert rows[:2] == [["People of May", "", ""], ["Student ID", "Email", REASON]]
    assert rows[3][2].startswith("people!B5: empty")
    assert read(target).ids == ["1"]
