"""CSV as it comes: encodings, delimiters, quotes, and everything that must not pass in silence."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import RosterIncomplete
from bridge.files import csvrows
from bridge.files.csvrows import find_delimiter, read_csv
from bridge.files.encodings import find_encoding

TEXT = 'ID;Name\n00123;"Zoë\nO’Brien"\n'


def rows(content: bytes, delimiter: str = "") -> list[tuple[int, list[str]]]:
    file = io.BytesIO(content)
    encoding = find_encoding(file, "people.csv").name
    file.seek(0)
    return [tuple(record) for record in read_csv(file, "people.csv", encoding=encoding, delimiter=delimiter)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252"])
def test_accents_survive_in_whatever_encoding_a_spreadsheet_program_saves(encoding):
    assert rows(TEXT.encode(encoding)) == [(1, ["ID", "Name"]), (2, ["00123", "Zoë\nO’Brien"])]


def test_two_encodings_in_one_file_are_not_read_as_mojibake():
    content = "ID\nKöln\n".encode() + "x\nZoë\n".encode("windows-1252")
    with pytest.raises(RosterIncomplete, match=r"people\.csv: line 4 is not UTF-8"):
        rows(content)


def test_a_file_cut_inside_a_character_is_no_windows_text():
    with pytest.raises(RosterIncomplete, match="is not UTF-8"):
        rows("ID\nZoë\nZoë".encode()[:-1])


def test_bytes_of_no_encoding_name_their_line():
    with pytest.raises(RosterIncomplete, match=r"line 3 could be windows-1251 or .*`encoding:` in the connection"):
        rows(b"ID\n1\n\x81\xff\n")


def test_a_half_character_of_utf16_names_where_it_stands():
    with pytest.raises(RosterIncomplete, match="after line 1 comes what is not utf-16 text"):
        rows(b"\xff\xfeI\0D\0\n\0x")


def test_binary_is_not_read_as_text():
    content = b"ID\n" + b"1\n" * 3000 + b"\0\n"
    with pytest.raises(RosterIncomplete, match="line 3002 holds a NUL"):
        rows(content)


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b", ","), ("a;b;c", ";"), ("a\tb", "\t"), ("a|b", "|"), ('"a,b,c";d', ";"), ("a", ",")],
)
def test_the_delimiter_is_the_one_outside_quotes(header, delimiter):
    assert find_delimiter(header) == delimiter


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (("Students, as of 1 May", "", "ID;Mail", "1;a@b", "2;c@d"), ";"),
        (("Students", "ID;Mail", "1;a@b"), ";"),
        (("ID;Name;Mail", "1;Doe, Jane;a@b", "2;Roe, Ann;c@d"), ";"),
        (("ID,Share", "1,50;60", "2,3"), ","),
    ],
)
def test_a_title_above_the_headers_does_not_hide_the_delimiter(lines, delimiter):
    assert find_delimiter(*lines) == delimiter


def test_what_lies_behind_a_broken_character_is_not_read_as_if_it_were_whole():
    content = b"ID\n" + b"1234567\n" * 3 + b"\xff" * 20_000 + b"\n1234567\n" * 20_000
    with pytest.raises(RosterIncomplete, match=r"after line \d comes what is not utf-8-sig text"):
        list(read_csv(io.BytesIO(content), "people.csv", encoding="utf-8-sig"))


def test_excels_own_delimiter_line_is_no_header():
    assert rows(b"sep=;\r\nID;Name\r\n1;A\r\n") == [(1, ["ID", "Name"]), (2, ["1", "A"])]


def test_lone_carriage_returns_end_lines_too():
    assert rows(b"ID,Name\r1,A\r") == [(1, ["ID", "Name"]), (2, ["1", "A"])]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'ID,Name\n1,"A\n2,B\n', "lines 2 to 3"),
        (b'ID,Name\n1,A\n2,"B" C\n', "line 3"),
        (b'ID,Name\n1,"' + b"x\n" * 200_000, "lines 2 to"),
    ],
)
def test_an_unbalanced_quote_swallows_nobody(content, where):
    with pytest.raises(RosterIncomplete, match=f"people.csv: {where}"):
        rows(content)


def test_an_endless_line_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(csvrows, "MAX_LINE", 1000)
    assert rows(b"ID\n" + b"1" * 998 + b"\n")[1][1] == ["1" * 998]
    with pytest.raises(RosterIncomplete, match="line 2 is longer"):
        rows(b"ID\n" + b"1" * 1000)


def test_an_empty_file_has_no_rows_with_anything_in_them():
    assert [cells for _, cells in rows(b"") if cells] == []


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_no_bytes_raise_anything_undeclared(content):
    with suppress(RosterIncomplete):
        rows(content)
