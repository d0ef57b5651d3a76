"""An ID is taken as it was typed, or refused; never repaired."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.spreadsheet.cells import (
    DATE,
    Odd,
    address,
    column_letters,
    of_date,
    of_error,
    of_number,
    of_serial,
    of_truth,
    read_text,
)
from adapters.spreadsheet.ids import read_id, written_id
from adapters.spreadsheet.package import Format, format_of
from bridge.files.formulas import guarded, unguarded
from bridge.identifiers import is_no_id, normalize


@pytest.mark.parametrize(
    "text",
    [
        "00123",
        "S-0105/Ä",
        "12E45",
        "1E5",
        "+49",
        "-1",
        "@home",
        "学号7",
        "12-2024",
        "1.5.2",
        "a@b.example",
    ],
)
def test_an_unusual_id_is_kept_to_the_letter(text):
    assert read_id(f"  {text}\n") == text


@pytest.mark.parametrize("text", ["1.0E+7", "1,23457E+11", "2.5E+07", "1E+05", "-1.5e+3", "2.5499339E7"])
def test_a_number_that_lost_its_digits_is_nobodys_id(text):
    assert "shortened" in read_id(text).what


@pytest.mark.parametrize(
    "text",
    ["2024-03-01", "2024-03-01 00:00:00", "1/2/2024", "01.02.2024", "1/2/24", "3-Feb", "3-Feb-24", "03-Mar-2024"],
)
def test_a_date_is_nobodys_id(text):
    assert read_id(text) == Odd("a date or time")


@pytest.mark.parametrize("text", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?"])
def test_a_failed_formula_is_nobodys_id(text):
    assert read_id(text) == Odd(f"the error {text}") == of_error(text) == read_id(of_error(text))


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\u2028b", "\ud800"])
def test_an_id_with_a_hidden_character_matches_nobody_by_accident(text):
    assert "control character" in read_id(text).what


def test_an_id_longer_than_any_field_is_refused():
    assert read_id("x" * 255) == "x" * 255
    assert "255" in read_id("x" * 256).what


def test_one_id_in_two_spellings_of_unicode_is_one_id():
    assert read_id("Zoe\u0308") == "Zoë"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (25499339.0, "25499339"), (-5, "-5"), (123456789012345.0, "123456789012345")]
)
def test_a_whole_number_is_its_digits(value, text):
    assert of_number(value) == text


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (1.5, "not whole"),
        (float("nan"), "not whole"),
        (float("inf"), "not whole"),
        (1e15, "more than 15 digits"),
        (12345678901234567.0, "more than 15 digits"),
        (1.0e7, "1.0E"),
        (12_000_000.0, "1.0E"),
    ],
)
def test_a_number_that_may_stand_for_another_is_refused(value, what):
    assert what in of_number(value).what


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (-0.1, "-0.1"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333333333"),
        (0.00001, "0.00001"),
        (10_000_000.0, "10000000"),
        (12_345_678_901_234.5, "12345678901234.5"),
    ],
)
def test_a_number_that_is_no_id_is_not_refused_nor_written_with_the_noise_of_its_fraction(value, text):
    assert read_text(of_number(value)) == text


@pytest.mark.parametrize("value", [1e15, 12345678901234567.0, float("nan"), float("inf")])
def test_a_number_that_lost_its_digits_is_not_written_as_any_other(value):
    assert isinstance(read_text(of_number(value)), Odd)


@pytest.mark.parametrize("text", ["1E+5", "2024-05-01", "1/2/2024", "TRUE", "0.5", "50%", "'", "a\nb", "x" * 300])
def test_text_that_would_be_no_id_is_kept_to_the_letter_where_there_are_none(text):
    assert read_text(f" {text} ") == text


def test_the_error_of_a_formula_is_not_written_as_anybodys_text():
    assert read_text("#N/A") == read_text(of_error("#N/A")) == of_error("#N/A")
    assert read_text("#1") == "#1"


def test_a_date_is_written_as_iso_and_only_where_every_program_agrees_on_it():
    assert read_text(of_date(dt.date(2024, 5, 1))) == "2024-05-01"
    assert read_text(of_date(dt.datetime(2024, 5, 1, 13, 30))) == "2024-05-01T13:30:00"  # noqa: DTZ001
    assert read_text(of_date(dt.date(1900, 3, 1))) == "1900-03-01"
    assert of_date(dt.date(1900, 2, 28)) == DATE == read_text(DATE)


@pytest.mark.parametrize("days", [0.5, 0, -1, 60, 1e7, float("nan"), float("inf")])
def test_a_time_or_a_day_that_never_was_is_not_written_as_a_date(days):
    assert of_serial(days, dt.date(1899, 12, 30)) == DATE


def test_true_and_false_are_told_apart():
    assert [read_text(of_truth(value)) for value in (True, False)] == ["TRUE", "FALSE"]


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("00000", Format("padded", 5)),
        ("0", Format("number")),
        ("0.00", Format("number")),
        ("General", Format("number")),
        ("@", Format("number")),
        ("yyyy\\-mm\\-dd", Format("date")),
        ("hh:mm", Format("date")),
        ("[h]:mm", Format("special")),
        ("[SS]", Format("special")),
        ('"day" 0', Format("number")),
        ("0.00E+00", Format("scientific")),
        ("0%", Format("percent")),
        ("000\\-000", Format("special")),
    ],
)
def test_a_number_format_that_changes_what_people_see_is_known(code, form):
    assert format_of(code) == form


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")]
)
def test_a_cell_is_named_as_the_spreadsheet_program_names_it(index, letters):
    assert column_letters(index) == letters
    assert address("Sheet1", index, 17) == f"Sheet1!{letters}17"


@pytest.mark.parametrize("sign", "=+-@\t\r\n＝＋－＠﹦﹢﹣﹫⁼₌⁺₊")
def test_a_sign_of_another_width_begins_no_formula_either(sign):
    assert guarded(f"{sign}1+1") == f"'{sign}1+1"
    assert unguarded(guarded(f"{sign}1+1")) == f"{sign}1+1"


@given(st.text())
@settings(deadline=None)
def test_no_text_is_a_formula_after_guarding_and_none_is_lost(text):
    safe = guarded(text)
    assert not safe.startswith(tuple("=+-@\t\r\n＝＋－＠﹦﹢﹣﹫"))
    assert unguarded(safe) == text
    assert not re.search("[;\t\r\n][=+@-]", safe)


@given(st.text().filter(lambda text: '"' not in text))
@settings(deadline=None)
def test_reading_an_id_raises_nothing_and_is_stable(text):
    once = read_id(text)
    assert isinstance(once, Odd) or read_id(once) == once


@pytest.mark.parametrize(
    ("text", "student_id"),
    [
        ('="00246"', "00246"),
        ('"00246"', "00246"),
        ("'00246", "00246"),
        ("'S0105", "S0105"),
        ('="1.5"', "1.5"),
        ("'t.hooft@example.edu", "'t.hooft@example.edu"),
        ("\xa000246\u3000", "00246"),
    ],
)
def test_a_mark_around_an_id_is_not_taken_for_a_part_of_it(text, student_id):
    assert read_id(text) == student_id


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("#00246", "a # in front"),
        ("'#00246", "an apostrophe in front"),
        ("123.0", "decimals"),
        ("1.5", "decimals"),
        ("12,5", "decimals"),
        ("-.5", "decimals"),
        ("'123.0", "decimals"),
        ("TRUE", "TRUE or FALSE"),
        ("False", "TRUE or FALSE"),
        ("WAHR", "TRUE or FALSE"),
        ("50%", "per cent"),
        ("12,5 %", "per cent"),
        ("=00123", "a formula"),
        ("=HYPERLINK(1)", "a formula"),
        ("=A1", "a formula"),
        ("=cmd|' /C calc'!A0", "a formula"),
        ("\uff1dHYPERLINK(1)", "a formula"),
        ("\uff20SUM(A1)", "a formula"),
        ("@SUM(A1)", "a formula"),
        ("+SUM(A1)", "a formula"),
        ("+A1+B1", "a formula"),
        ("-2+3+cmd|' /C calc'!A0", "a formula"),
        ("1 234 567", "thousands"),
        ("1.234.567", "thousands"),
        ("1\u2019234", "thousands"),
        ("00246\u200b", "nobody sees"),
        ("00247\ufeff", "nobody sees"),
        ("AB\xa0246", "nobody sees"),
        ('="00246\u200b"', "nobody sees"),
    ],
)
def test_a_decorated_or_damaged_id_is_refused(text, what):
    assert what in read_id(text).what


@pytest.mark.parametrize("text", ['="=HYPERLINK(1)"', '="@SUM(A1)"', "-4711", "+49 151 23", "@home"])
def test_what_only_looks_like_a_formula_or_is_marked_as_text_is_an_id(text):
    assert read_id(text) == text.removeprefix('="').removesuffix('"')


@pytest.mark.parametrize("text", ["null", "N/A", "-", "NaN", "None", '="null"'])
def test_a_word_for_no_id_is_nobodys_id(text):
    assert read_id(text) == ""


def test_a_hash_is_taken_away_only_where_the_export_sets_one():
    assert read_id("#00246", hashed=True) == "00246"
    assert read_id("#N/A", hashed=True) == Odd("the error #N/A")
    assert "decimals" in read_id("#1.5", hashed=True).what


@given(st.floats())
@settings(deadline=None)
def test_reading_a_number_raises_nothing(value):
    assert isinstance(of_number(value), Odd | str)


@given(st.from_regex(r"[ -!#-~]{1,20}", fullmatch=True))
@example("0'=")  # an apostrophe inside guards nothing
@settings(deadline=None)
def test_an_id_that_we_write_is_read_as_the_same_id(text):
    student_id = normalize(text)
    assert read_id(unguarded(guarded(written_id(student_id)))) == ("" if is_no_id(student_id) else student_id)


@pytest.mark.parametrize("text", ["x;=1+1", "x\n=1+1", "x\r\n@SUM(1)", "x;'=1", "x;''+1", "a\t-1", ";=1", "';=1"])
def test_nothing_behind_a_semicolon_is_a_formula_where_that_parts_cells(text: str) -> None:
    safe = guarded(text)
    assert not re.search("(?:^|[;\t\r\n])[=+@-]", safe)
    assert unguarded(safe) == text
