from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import LaunchRejected
from bridge.identifiers import FAULTS, ID_LENGTH, fault, is_no_id, key, loose_key, normalize, require

ALIKE = [
    ("Maße", "masse"),
    ("straße", "strasse"),
    ("ﬁnn", "finn"),
    ("\u212aelvin", "kelvin"),  # KELVIN SIGN
    ("\u017fam", "sam"),  # LATIN SMALL LETTER LONG S
    ("ABC-9", "abc-9"),
    ("0015000000ABCDE", "0015000000abcDe"),
    ("\uff11\uff12", "12"),
    ("x\u00b2", "x2"),
    ("1", "١"),
    ("007", "7"),
    ("a b", "ab"),
    ("e", "é"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_two_ids_that_look_alike_stay_two(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(" 25499339\t", "25499339"), ("zoe\u0308", "zo\u00eb"), ("\r\nA 1", "A 1"), ("\u0390", "\u03b9\u0308\u0301")],
)
def test_one_id_in_two_spellings_of_unicode_or_with_outer_blanks_is_one(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), [("ABC-9", "abc-9"), ("Zo\u00eb", "zoe\u0308")])
def test_a_connection_may_ignore_the_case_of_ascii_letters(one: str, other: str) -> None:
    assert key(one, ignore_case=True) == key(other, ignore_case=True)


@pytest.mark.parametrize(("one", "other"), [("Maße", "MASSE"), ("ZO\u00cb", "zo\u00eb"), ("ſ", "S"), ("ﬁ", "FI")])
def test_ignoring_case_folds_no_letter_beyond_ascii(one: str, other: str) -> None:
    assert key(one, ignore_case=True) != key(other, ignore_case=True)


@pytest.mark.parametrize(
    "text",
    [
        *("", " \t", "null", "NULL", "Null", "none", "None", "undefined", "n/a", "N/A", "#N/A", "NaN", "(null)", "-"),
        *("$Person.sourcedId", "$Canvas.user.sisSourceId", "[object Object]"),
    ],
)
def test_a_word_for_no_id_is_no_id(text: str) -> None:
    assert fault(normalize(text)) == "missing"
    assert is_no_id(normalize(text))


@pytest.mark.parametrize("text", ["7", "nullius", "x" * 255, "語" * 255, "Zoë", "a b", "NA", "0", "it's", "ana@x.edu"])
def test_what_can_be_an_id_is_one(text: str) -> None:
    assert fault(normalize(text)) == ""


@pytest.mark.parametrize(
    "letter",
    [
        *("\0", "\x1b", "\x7f", "\x0b", "\u0085", "\u00a0", "\u00ad", "\u034f", "\u061c", "\u115f", "\u17b4", "\u180e"),
        *("\u2003", "\u200b", "\u200d", "\u200e", "\u2028", "\u2029", "\u202e", "\u2060", "\u2800", "\u3000", "\u3164"),
        *("\ufe0f", "\ufeff", "\uffa0", "\ufffd", "\uffff", "\U000e0041", "\U000e0100", "\ud800"),
    ],
)
def test_an_id_with_a_character_that_nobody_sees_is_refused_and_never_cut_to_somebody_elses(letter: str) -> None:
    for text in (f"{letter}00246", f"00246{letter}", f"00{letter}246"):
        assert fault(normalize(text)) == "invisible"
        assert key(text) != "00246"


@pytest.mark.parametrize("text", ["00\t246", "00\n246"])
def test_a_line_break_within_an_id_is_refused(text: str) -> None:
    assert fault(normalize(text)) == "invisible"


def test_an_id_that_is_too_long_is_refused_and_never_cut() -> None:
    assert fault("x" * (ID_LENGTH + 1)) == "too_long"
    assert fault("é" * (ID_LENGTH + 1)) == "too_long"


@pytest.mark.parametrize(
    ("value", "text"), [(25499339, "25499339"), (True, ""), (None, ""), (1.0, ""), (["7"], ""), (0, "0")]
)
def test_a_whole_number_is_written_in_digits_and_nothing_else_becomes_text(value: object, text: str) -> None:
    assert normalize(value) == text


def test_whoever_requires_an_id_learns_why_there_is_none() -> None:
    assert require(" 7 ", "idnumber") == "7"
    for value, reason in (
        ("null", "student_id_missing"),
        (None, "student_id_missing"),
        ("7\u200b", "student_id_unusable"),
    ):
        with pytest.raises(LaunchRejected) as caught:
            require(value, "idnumber")
        assert caught.value.reason == reason
        assert "idnumber" in caught.value.detail
        assert any(words in caught.value.detail for words in FAULTS.values())


@given(st.text(st.characters()))
def test_what_is_normalized_stays_as_it_is_and_is_equal_to_itself(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once
    assert key(text) == key(once)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ABC", "abc"), (" 25499339\t", "25499339"), ("Straße", "STRASSE"), ("zoe\u0308", "ZO\u00cb"), ("ΐ", "Ϊ́")],
)
def test_ids_that_people_might_take_for_one_are_near_misses(one: str, other: str) -> None:
    assert loose_key(one) == loose_key(other)


@given(st.text())
def test_the_loose_key_does_not_depend_on_how_the_text_is_composed(text: str) -> None:
    composed = {loose_key(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(composed | {loose_key(normalize(text))}) == 1


@given(st.text(st.characters()), st.booleans())
def test_ids_that_are_the_same_are_found_under_one_loose_key(text: str, ignore_case: bool) -> None:
    assert loose_key(key(text, ignore_case=ignore_case)) == loose_key(text)
