"""Names come in every order and script; they are for display, so nothing here may ever stop a launch."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.scorm.launch import MAX_NAME, read_name


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("García López, Ana", "Ana", "García López"),
        ("Administrator,Kallidus", "Kallidus", "Administrator"),
        ("O'Brien-Łukasz, Ana María Q", "Ana María Q", "O'Brien-Łukasz"),
        ("Student, Mike A. Jr.", "Mike A. Jr.", "Student"),
        ("King, Jr., Martin", "Martin", "King, Jr."),
        ("King, Martin, Jr.", "Martin, Jr.", "King"),
        ("Martin King, Jr.", "Martin King, Jr.", ""),
        ("Windsor, Charles, III", "Charles, III", "Windsor"),
        ("Ana García López", "Ana García López", ""),
        ("demo", "demo", ""),
        ("王, 伟", "伟", "王"),
        ("伟 王", "伟 王", ""),
        ("عبد الله, محمد", "محمد", "عبد الله"),
        ("לוי, נועה", "נועה", "לוי"),
        ('Drop, Bobby "Tables"', 'Bobby "Tables"', "Drop"),
        ("lt , amp &", "amp &", "lt"),
        ("{lang=fr-CA}Lévesque, Ève", "Ève", "Lévesque"),
        ("{LANG=zh}王伟", "王伟", ""),
        ("  King ,   Martin   Luther ", "Martin Luther", "King"),
    ],
)
def test_a_name_is_greeted_in_the_order_its_owner_writes_it(text: str, first: str, last: str) -> None:
    assert read_name(text) == (first, last)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("-, Plato", "Plato", ""),
        (" , Suharto", "Suharto", ""),
        ("Plato -", "Plato", ""),
        ("Björk .", "Björk", ""),
        ("Suharto  ", "Suharto", ""),
        (".", "", ""),
        ("-", "", ""),
        (" ", "", ""),
        ("", "", ""),
        (",", "", ""),
    ],
)
def test_a_placeholder_is_not_greeted_as_a_name(text: str, first: str, last: str) -> None:
    assert read_name(text) == (first, last)


def test_a_name_that_looks_alike_is_one_name() -> None:
    assert read_name(unicodedata.normalize("NFD", "Núñez, José")) == ("José", "Núñez")


def test_an_endless_name_is_cut() -> None:
    assert len(read_name("x" * 10_000).first) == MAX_NAME


def test_a_language_mark_inside_a_name_is_part_of_it() -> None:
    assert read_name("Ana {lang=es}").first == "Ana {lang=es}"


@pytest.mark.parametrize("text", [None, True, 1.5, b"Ana", ["Ana"], {"name": "Ana"}])
def test_what_is_no_text_is_no_name(text: object) -> None:
    assert read_name(text) == ("", "")


@given(st.text(st.characters()) | st.integers() | st.none())
def test_no_name_stops_a_launch(text: object) -> None:
    first, last = read_name(text)
    assert len(first) + len(last) <= MAX_NAME
    assert first == unicodedata.normalize("NFC", first)
    assert first.strip() == first
    assert last.strip() == last


def test_what_a_real_moodle_shows_to_a_package_is_read(moodle: Path) -> None:
    values = json.loads((moodle / "scorm/student_id_and_name.json").read_text())["values"]
    read = {
        (setting, user): read_name(seen["read_by_sco_in_chromium"]["name"])
        for setting, people in values.items()
        for user, seen in people.items()
    }
    for version in ("s12", "s2004"):
        as_displayed, last_first = f"{version}_scormstandard0", f"{version}_scormstandard1"
        assert read[as_displayed, "stu01"] == ("Ana García López", "")
        assert read[as_displayed, "stu06"] == ("Martin King, Jr.", "")
        assert read[as_displayed, "stu08"] == ("Plato", "")
        assert read[as_displayed, "stu09"] == ("Björk", "")
        assert read[as_displayed, "stu10"] == ("Suharto", "")
        assert read[as_displayed, "stu12"] == ("伟 王", "")
        assert read[as_displayed, "stu15"] == ("محمد عبد الله", "")
        assert read[as_displayed, "stu16"] == ("נועה לוי", "")
        assert read[as_displayed, "stu27"] == ("Emoji 🎓 Grad", "")
        assert read[last_first, "stu01"] == ("Ana", "García López")
        assert read[last_first, "stu06"] == ("Martin", "King, Jr.")
        assert read[last_first, "stu08"] == ("Plato", "")
        assert read[last_first, "stu10"] == ("Suharto", "")
        assert read[last_first, "stu26"] == ('Bobby "Tables"', "Drop")
        assert len(read[last_first, "stu11"].last) == 98
        assert all(name.first for (setting, _), name in read.items() if setting.startswith(version))
