"""In which encoding a file is, and how far that is known."""

from __future__ import annotations

import io

import pytest

from bridge.errors import RosterIncomplete
from bridge.files.encodings import Encoding, find_encoding, known

GERMAN = "Matrikelnummer;Vorname;Nachname\n1;Jörg;Weiß\n2;Anaïs;Lefèvre\n3;Søren;Kjær\n4;Jürgen;Kähler\n"
RUSSIAN = "ID;Имя;Фамилия\n1;Анна;Петрова\n2;Иван;Смирнов\n"
CZECH = "ID;Jméno\n1;Jiří Dvořák\n2;Šárka Žižková\n"
JAPANESE = "学籍番号,氏名,メールアドレス\n1,山田太郎,a@b\n2,鈴木花子,c@d\n"


def found(text: str, encoding: str, asked: str = "") -> Encoding:
    return find_encoding(io.BytesIO(text.encode(encoding)), "people.csv", asked)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "UTF-8 (all of it is)"),
        ("utf-8-sig", "UTF-8 (by its byte order mark)"),
        ("utf-16", "utf-16 (by its byte order mark)"),
        ("utf-16-le", "utf-16-le (by its zero bytes)"),
        ("utf-16-be", "utf-16-be (by its zero bytes)"),
    ],
)
def test_how_an_encoding_is_known_is_told(encoding, told):
    assert str(found(GERMAN, encoding)) == told


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (GERMAN, "windows-1252", "windows-1252"),
        (GERMAN, "mac_roman", "mac_roman"),
        (RUSSIAN, "windows-1251", "windows-1251"),
        (JAPANESE, "shift_jis", "cp932"),
        ("ID\nZoë\n", "windows-1252", "windows-1252"),
    ],
)
def test_an_encoding_that_was_only_measured_is_said_to_be_a_guess(text, encoding, name):
    guess = found(text, encoding)
    assert (guess.name, guess.how) == (name, "guessed")
    assert text.encode(encoding).decode(guess.name) == text


def test_a_guess_names_what_would_be_as_likely_and_read_otherwise():
    assert "as likely: windows-1250" in str(found(CZECH, "windows-1250"))


def test_of_several_encodings_that_are_as_likely_none_is_guessed():
    with pytest.raises(RosterIncomplete, match=r"line 2 could be cp850 or .*; allowed: .*`encoding:`"):
        found(GERMAN, "cp850")


def test_a_few_bytes_are_no_ground_for_a_rare_encoding():
    with pytest.raises(RosterIncomplete, match="line 2 could be"):
        find_encoding(io.BytesIO(b"ID\n\x81\xff\n"), "people.csv")


def test_the_encoding_that_is_asked_for_is_taken_without_a_guess():
    assert found(CZECH, "windows-1250", "windows-1250") == Encoding("cp1250", "asked for")
    assert found(GERMAN, "utf-8-sig", "UTF8").name == "utf-8-sig"


def test_an_encoding_that_the_files_mark_belies_is_refused():
    with pytest.raises(RosterIncomplete, match="begins with the mark of UTF-8"):
        found(GERMAN, "utf-8-sig", "windows-1252")


def test_a_byte_beyond_the_first_block_still_decides_the_encoding():
    content = b"ID\n" + b"1\n" * 2_000_000 + "Köln\n".encode("windows-1252")
    assert find_encoding(io.BytesIO(content), "people.csv").name == "windows-1252"


@pytest.mark.parametrize(("name", "there"), [("windows-1250", True), ("shift_jis", True), ("x", False), ("hex", False)])
def test_only_encodings_of_text_can_be_asked_for(name, there):
    assert known(name) == there
