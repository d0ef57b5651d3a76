from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.learners.students import differ


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Lovelace", "LOVELACE, Ada King"),
        ("Zoë O'Brien", "Zoe Smith"),
        ("José", unicodedata.normalize("NFD", "JOSÉ María")),
        ("Fuß Ball", "FUSS"),
        ("ﬁnn Berg", "Finn Tal"),
        ("Nguyễn Văn A", "nguyen"),
        ("Łukasz Żak", "Zak"),
        ("محمد علي", "مُحَمَّد"),
        ("Ἀθηνᾶ", "ΑΘΗΝΑ"),
        ("हिन्दी शर्मा", "शर्मा"),
        ("李 小龙", "李小龙"),
        ("김철수", "철수 김"),
        ("Ｊｏｈｎ", "john"),
        ("İpek", "ipek"),
    ],
)
def test_one_person_written_in_two_ways_is_not_marked(one: str, other: str) -> None:
    assert not differ(one, other)
    assert not differ(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Lovelace", "Grace Hopper"),
        ("Ada", "Adam"),
        ("李小龙", "王明"),
        ("محمد", "علي"),
        ("Ann", "Анна"),
        ("김철수", "박영희"),
    ],
)
def test_two_people_are_marked(one: str, other: str) -> None:
    assert differ(one, other)
    assert differ(other, one)


@pytest.mark.parametrize("empty", ["", "   ", "-", "…", "_", "\u200b"])
def test_no_name_differs_from_no_other(empty: str) -> None:
    assert not differ(empty, "Ada Lovelace")
    assert not differ("Ada Lovelace", empty)


@given(st.text(), st.text())
def test_a_name_never_differs_from_one_that_contains_it(one: str, other: str) -> None:
    assert not differ(one, f"{other} {one}")
    assert differ(one, other) == differ(other, one)
