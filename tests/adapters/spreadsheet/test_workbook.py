"""Both readers of XLSX say the same, and neither can be made to eat the machine."""

from __future__ import annotations

import datetime as dt
import os
import zipfile
from contextlib import suppress

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.spreadsheet import sheetxml, workbook
from adapters.spreadsheet.cells import Odd, of_truth
from adapters.spreadsheet.problems import SheetRefused
from adapters.spreadsheet.table import open_table
from bridge.errors import RosterIncomplete
from tests.fakes.workbook import DATE_STYLES, MAIN, RELATIONS, STYLES, WORKBOOK, make, sheet, text

FAST, STREAMED = "calamine", "streamed"


@pytest.fixture(params=[FAST, STREAMED])
def either(request, monkeypatch):
    """Both readers, whatever the workbook."""
    if request.param == STREAMED:
        monkeypatch.setattr(workbook, "FAST_ROWS", -1)
    return request.param


@pytest.fixture
def made(tmp_path):
    return lambda data, **parts: make(tmp_path / "people.xlsx", data, **parts)


def cells(path, name=""):
    with open_table(path, name) as table:
        return [(row.number, list(row.cells)) for row in table.rows if not row.blank]


def reader_of(path, monkeypatch):
    used = [FAST]
    true = sheetxml.open_rows
    monkeypatch.setattr(sheetxml, "open_rows", lambda *given: used.append(STREAMED) or true(*given))
    cells(path)
    return used[-1]


def refused(path, what):
    with pytest.raises(RosterIncomplete, match=what):
        cells(path)


def test_what_people_type_is_what_is_read(tmp_path, either):
    book = openpyxl.Workbook()
    book.active.append(["Student ID", "Email", "Any"])
    book.active.append(["00123", "zoë@example.edu", 25499339])
    book.active.append(["=1+1", None, dt.date(2024, 3, 1)])
    book.active["B5"] = True
    book.active["A6"] = 1.5
    book.active["C4"] = "line\nbreak & <tag>"
    book.save(tmp_path / "people.xlsx")
    found = cells(tmp_path / "people.xlsx")
    assert [(number, *[cell for cell in row if cell != ""]) for number, row in found] == [
        (1, "Student ID", "Email", "Any"),
        (2, "00123", "zoë@example.edu", "25499339"),
        (3, Odd("a date or time", "2024-03-01")),
        (4, "line\nbreak & <tag>"),
        (5, of_truth(True)),
        (6, Odd("a number that is not whole", "1.5")),
    ]


def test_rows_and_columns_keep_their_place_beside_empty_ones(made, either):
    path = made(f'<sheetData><row r="4">{text("C4", "Student ID")}</row><row r="7">{text("C7", "1")}</row></sheetData>')
    assert cells(path) == [(4, ["", "", "Student ID"]), (7, ["", "", "1"])]


def test_shared_and_rich_strings_are_read_without_their_phonetic_reading(made, either):
    strings = "<si><t>Student ID</t></si><si><r><t>00</t></r><r><t>123</t></r><rPh sb='0' eb='1'><t>ゼロ</t></rPh></si>"
    path = made(sheet('<c r="A1" t="s"><v>0</v></c>', '<c r="A2" t="s"><v>1</v></c>'), strings=strings)
    assert cells(path) == [(1, ["Student ID"]), (2, ["00123"])]


def test_the_first_sheet_is_read_unless_another_is_named(made, either):
    path = made(sheet(text("A1", "ID")))
    assert cells(path, "Sheet1") == [(1, ["ID"])]
    assert cells(path, "Other") == []
    with pytest.raises(RosterIncomplete, match=r"no sheet 'Third'; allowed: 'Sheet1', 'Other'"):
        cells(path, "Third")


def test_zeros_that_only_the_format_shows_are_kept(made):
    path = made(sheet('<c r="A1" s="2"><v>123</v></c>'), styles=STYLES)
    assert cells(path) == [(1, ["00123"])]


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ('<c r="A1" s="1"><v>45000</v></c>', "a date or time"),
        ('<c r="A1" t="d"><v>2024-03-01</v></c>', "a date or time"),
        ('<c r="A1" s="3"><v>25499339</v></c>', "a format that shows something else"),
        ('<c r="A1" s="4"><v>123456</v></c>', "a format that shows something else"),
        ('<c r="A1"><v>1.0E+7</v></c>', "1.0E"),
        ('<c r="A1"><v>1.5</v></c>', "not whole"),
        ('<c r="A1"><v>x</v></c>', "cannot be read"),
        ('<c r="A1" t="b"><v>1</v></c>', "TRUE or FALSE"),
        ('<c r="A1" t="e"><v>#REF!</v></c>', "the error #REF!"),
    ],
)
def test_a_cell_that_is_not_what_was_typed_is_odd(made, cell, what):
    ((_, (found,)),) = cells(made(sheet(cell), styles=STYLES))
    assert what in found.what


def test_each_mistake_names_its_cell(made, read):
    path = made(
        sheet(
            text("A1", "Student ID") + text("B1", "Email"),
            '<c r="A2"><v>1.0E+7</v></c>' + text("B2", "a@example.edu"),
            '<c r="A3" t="e"><v>#N/A</v></c>' + text("B3", "b@example.edu"),
            '<c r="A4" s="1"><v>45000</v></c>' + text("B4", "c@example.edu"),
            text("A5", "00123") + text("B5", "d@example.edu"),
        ),
        styles=DATE_STYLES,
    )
    with pytest.raises(SheetRefused) as error:
        read(path, mode="roster")
    assert [problem.where for problem in error.value.problems] == ["Sheet1!A2", "Sheet1!A3", "Sheet1!A4"]
    assert read(path).ids == ["00123"]


def test_what_no_id_could_be_is_read_as_people_see_it_where_there_are_none(made, read, either):
    data = sheet(
        text("A1", "ID") + text("B1", "Hired") + text("C1", "FTE") + text("D1", "Perm") + text("E1", "Pay"),
        text("A2", "00123") + '<c r="B2" s="1"><v>45413</v></c><c r="C2"><v>0.5</v></c><c r="D2" t="b"><v>1</v></c>'
        '<c r="E2"><v>100000000</v></c>',
        text("A3", "00124") + '<c r="B3" s="1"><v>45413.5625</v></c><c r="C3"><v>0.30000000000000004</v></c>'
        '<c r="D3" t="b"><v>0</v></c>' + text("E3", "1E+5"),
        text("A4", "00125") + '<c r="B4" t="d"><v>2024-05-01</v></c>',
    )
    attributes = {"hireDate": "hired", "fte": "fte", "permanent": "perm", "pay": "pay"}
    got = read(made(data, styles=DATE_STYLES), mode="roster", student_id="id", roster={"attributes": attributes})
    assert [[member.fields[name] for name in ("hired", "fte", "perm", "pay")] for member in got.members] == [
        ["2024-05-01", "0.5", "TRUE", "100000000"],
        ["2024-05-01T13:30:00", "0.3", "FALSE", "1E+5"],
        ["2024-05-01", "", "", ""],
    ]


def test_a_number_typed_as_a_power_of_ten_or_per_cent_is_read_in_digits(made):
    styles = STYLES.replace('numFmtId="166"/></cellXfs>', 'numFmtId="9"/></cellXfs>')
    row = '<c r="A1" s="3"><v>100000</v></c><c r="B1" s="4"><v>0.07</v></c><c r="C1" s="4"><v>NaN</v></c>'
    ((_, found),) = cells(made(sheet(row), styles=styles))
    assert [cell.text for cell in found] == ["100000", "7%", None]
    assert len({cell.what for cell in found}) == 1


def test_dates_of_workbooks_that_count_from_1904_are_not_four_years_off(made, either):
    from_1904 = WORKBOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    row = '<c r="A1" s="1"><v>45413</v></c><c r="B1" s="1"><v>1</v></c><c r="C1" s="1"><v>0</v></c>'
    ((_, found),) = cells(made(sheet(row), styles=DATE_STYLES, workbook=from_1904))
    assert [cell.text for cell in found] == ["2028-05-02", "1904-01-02", None]


def test_a_span_of_time_of_any_length_is_refused_in_words(made):
    styles = STYLES.replace('formatCode="000\\-000"', 'formatCode="[h]:mm"')
    refused_cell = '<c r="A1" s="4"><v>1e10</v></c>'
    ((_, found),) = cells(made(sheet(refused_cell), styles=styles.replace('"00000"', '"0"').replace('"11"', '"0"')))
    assert found == [Odd("a number in a format that shows something else")]


def test_a_status_that_is_false_is_not_taken_for_active(made, read, either):
    head = text("A1", "Student ID") + text("B1", "State")
    path = made(sheet(head, text("A2", "1") + '<c r="B2" t="b"><v>0</v></c>', text("A3", "2") + text("B3", "FALSE")))
    got = read(path, mode="roster", columns={"status": "State"})
    assert [member.active for member in got.members] == [False, False]


@pytest.mark.parametrize("kind", ['t="e"', "t='e'", "t = 'e' "])
def test_an_error_value_is_seen_though_calamine_would_hide_it(made, kind):
    assert cells(made(sheet(f'<c r="A1" {kind}><v>#N/A</v></c>'))) == [(1, [Odd("the error #N/A")])]


@pytest.mark.parametrize("row", [99_999, 100_000, 199_999, 200_000])
def test_a_sheet_of_as_many_rows_as_are_read_fast_is_read_fast(made, monkeypatch, row):
    data = f'<sheetData><row r="1">{text("A1", "ID")}</row><row r="{row}">{text(f"Z{row}", "x")}</row></sheetData>'
    assert reader_of(made(data), monkeypatch) == FAST


def test_a_plain_sheet_goes_to_the_fast_reader(made, monkeypatch):
    assert reader_of(made(sheet(text("A1", "ID"), text("A2", "1"))), monkeypatch) == FAST
    wide = sheet("".join(text(f"{letters}1", letters) for letters in ("A", "AA", "BZ")))
    assert reader_of(made(f"<cols><col min='1' max='2'/></cols>{wide}"), monkeypatch) == FAST


@pytest.mark.parametrize(
    "data",
    [
        sheet(text("AAA1", "x")),
        sheet('<c r="A1" s="2"><v>1</v></c>'),
        f'<sheetData><row r="200001">{text("A200001", "x")}</row></sheetData>',
        sheet("<c\tr='A1'><v>1</v></c>"),
        sheet("<c><v>1</v></c>"),
        sheet("<c s='0' r='A1'><v>1</v></c>"),
        f'<sheetData><row r="1">{text("A1", "x")}</row><row r="100001">{text("CZ100001", "x")}</row></sheetData>',
        f'<x:sheetData xmlns:x="{MAIN}"><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row></x:sheetData>',
    ],
)
def test_a_sheet_that_could_fill_calamines_memory_is_streamed(made, monkeypatch, data):
    assert reader_of(made(data, styles=STYLES if 's="2"' in data else DATE_STYLES), monkeypatch) == STREAMED


def test_strings_under_a_name_in_other_letters_are_not_taken_for_none(made, monkeypatch):
    path = made(sheet(text("A1", "ID")))
    assert reader_of(path, monkeypatch) == FAST
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/SharedStrings.xml", "<sst/>")
    assert reader_of(path, monkeypatch) == STREAMED


@pytest.mark.parametrize("offset", range(40))
def test_a_reference_across_two_pieces_of_the_file_is_seen_whole(made, monkeypatch, offset):
    padding = f"<row r='1'>{text('A1', 'x' * (256 * 1024 - 230 + offset))}</row>"
    near = f'<sheetData>{padding}<row r="2">{text("B2", "y")}</row></sheetData>'
    far = f'<sheetData>{padding}<row r="2">{text("XFD2", "y")}</row></sheetData>'
    assert reader_of(made(near), monkeypatch) == FAST
    with pytest.raises(RosterIncomplete, match="more than 1000 columns"):
        cells(made(far))


def test_rows_and_cells_without_reference_follow_one_another(made):
    path = made("<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row><c/><c><v>3</v></c></row></sheetData>")
    assert cells(path) == [(1, ["1", "2"]), (2, ["", "3"])]


def test_what_comes_after_the_rows_is_not_held(made, monkeypatch):
    monkeypatch.setattr(workbook, "FAST_ROWS", -1)
    links = "".join(f"<hyperlink ref='{n}'/>" for n in range(60_000))
    assert cells(made(f"{sheet(text('A1', 'ID'))}{links}<never read></here>")) == [(1, ["ID"])]


def test_many_rows_are_streamed(made, monkeypatch):
    monkeypatch.setattr(workbook, "FAST_ROWS", 50_000)
    assert reader_of(made(sheet(text("A1", "ID"))), monkeypatch) == STREAMED


def test_ten_thousand_columns_are_refused_in_a_sheet_too(made, read):
    path = made('<sheetData><row r="1">' + "".join("<c><v>1</v></c>" for _ in range(10_000)) + "</row></sheetData>")
    refused(path, "row 1: more than 1000 columns; allowed: up to 1000")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (sheet('<c t="s"><v>7</v></c>'), "a cell points at no text"),
        (sheet('<c r="A1" t="s"><v>-1</v></c><c t="e"/>'), "damaged"),
        (sheet(text("B1", "x") + text("A1", "y") + "<c/>"), "a cell out of order"),
        (f"<sheetData><row r='2'>{text('A2', 'x')}</row><row r='1'><c/></row></sheetData>", "row 1 stands after row 2"),
        ("<sheetData><row r='1048577'><c/></row></sheetData>", "row 1048577 stands after"),
        (sheet("<c r='?1'><v>1</v></c>"), "out of order"),
        (sheet("<c r='a1'><v>1</v></c>"), "out of order"),
        ("<sheetData><row r='x'><c/></row></sheetData>", "a number inside is none"),
        ("<sheetData><row r='12345678901'><c/></row></sheetData>", "a number inside is none"),
        ("<sheetData><row r='1'><c/></row>", "damaged"),
        ("<other/><c/>", "ends too early"),
    ],
)
def test_a_damaged_sheet_is_said_to_be_one(made, data, what):
    refused(made(data), what)


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("before", ["", '<?xml version="1.0"?>\n', "<!-- <worksheet> -->", f"<!--{'x' * 9_000}-->"])
def test_a_document_type_is_refused_wherever_it_stands(made, either, before):
    what = "document type declaration"
    refused(made(sheet(text("A1", "x")), head=before + DOCTYPE), what)
    refused(made(sheet('<c r="A1" t="e"><v>&b;</v></c>'), head=before + DOCTYPE), what)
    refused(made(sheet(text("A1", "x")), workbook=before + DOCTYPE + WORKBOOK), what)


def test_a_document_type_among_the_texts_is_refused_too(made, either):
    strings = f'{DOCTYPE}<sst xmlns="{MAIN}"><si><t>&b;</t></si></sst>'
    refused(made(sheet('<c r="A1" t="s"><v>0</v></c>'), shared=strings), "document type declaration")


def test_a_sheet_in_an_encoding_that_hides_its_cells_from_the_look_at_them_is_streamed(made, monkeypatch):
    far = f'<?xml version="1.0" encoding="UTF-16"?><worksheet xmlns="{MAIN}">{sheet(text("XFD1", "x"))}</worksheet>'
    refused(made("", whole=far.encode("utf-16")), "more than 1000 columns")


def test_a_row_without_end_does_not_fill_the_memory(made, monkeypatch):
    monkeypatch.setattr(sheetxml, "MAX_ELEMENT", 100_000)
    path = made("<sheetData><row r='1'>" + "".join(f"<c><v>{n}</v></c>" for n in range(60_000)) + "</row></sheetData>")
    refused(path, "a row or text of more than 100000 bytes")


def test_a_sheet_that_is_refused_half_way_is_not_kept_open(made):
    path = made(sheet(text("A1", "ID"), "<c r='?1'><v>1</v></c>", text("A3", "1")))
    with pytest.raises(RosterIncomplete, match="out of order") as kept:
        cells(path)
    assert not is_open(path)
    assert kept.value.__traceback__  # by which the frames that had the file are still there


def is_open(path):
    for number in range(256):
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), path.stat()):
                return True
    return False


def test_two_sheets_or_relations_of_one_name_are_refused_because_readers_disagree(made):
    refused(made(sheet(text("A1", "x")), workbook=WORKBOOK.replace('"Other"', '"Sheet1"')), "two sheets of one name")
    refused(made(sheet(text("A1", "x")), relations=RELATIONS.replace("rId2", "rId1")), "two relations of one id")


def test_a_zip_that_is_no_workbook_is_told_from_one(tmp_path):
    path = tmp_path / "people.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("users.csv", "sourcedId\n")
    refused(path, r"a zip that is no Excel workbook; allowed: an \.xlsx file")


def test_a_bomb_in_a_workbook_is_refused(made):
    refused(made(sheet(text("A1", "x" * 40_000_000))), "more than 250 times its size")


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_sheet_raises_nothing_undeclared(tmp_path, data):
    """Damage inside the members, so that the zip's own checksums do not find it first."""
    whole = sheet(
        text("A1", "Student ID") + text("B1", "Email"), '<c r="A2" s="1"><v>45000</v></c><c r="B2" t="s"><v>0</v></c>'
    )
    cut = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(
        st.sampled_from(["", "<", ">", '"', "&", "c", "9999999", "A", " ", "\0", "é", "<c r='A1'/>", "</row>"])
    )
    drop = data.draw(st.integers(0, 3))
    path = make(
        tmp_path / "people.xlsx",
        whole[:cut] + put + whole[cut + drop :],
        styles=DATE_STYLES,
        strings="<si><t>a</t></si>",
    )
    with suppress(RosterIncomplete):
        cells(path)
