"""Who the platform says it is: nobody is let in as somebody else, and a name never keeps anybody out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contracts import Assurance, Student, clean
from bridge.errors import LaunchRejected
from bridge.lti.student import present, read_id, read_student, split_full_name, web_address


@pytest.mark.parametrize(
    "value",
    [None, "", "   ", "\t\r\n", "$Canvas.user.sisSourceId", " $Person.sourcedId", True, [], {}, 1.5, "null", "N/A"],
)
def test_what_says_nothing_is_nobody(value: Any) -> None:
    assert present(value) == ""
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        read_id([value], (), "idnumber")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"),
        ("  pad 7 ", "pad 7"),
        ("00123", "00123"),
        ('a/b@c,d"e', 'a/b@c,d"e'),
        ("ju\u0308rgen", "j\u00fcrgen"),
        ("MiXeD", "MiXeD"),
        ("cost$", "cost$"),
        ("王伟", "王伟"),
    ],
)
def test_an_id_arrives_as_it_was_sent(value: Any, text: str) -> None:
    assert read_id([value], (), "idnumber") == (text, Assurance.SIGNED, "")


def test_an_id_that_a_course_author_can_write_is_only_claimed() -> None:
    assert read_id([None, "A1"], ["A1"], "sis_user_id") == ("A1", Assurance.SIGNED, "")
    assert read_id(["", "$Person.sourcedId"], ["A1", "null"], "sis_user_id") == ("A1", Assurance.CLAIMED, "")
    assert read_id([], ["A1"], "login_id").assurance is Assurance.CLAIMED


@pytest.mark.parametrize(
    ("platform", "author"),
    [(["A1"], ["25499339"]), (["A1", "B2"], []), ([], ["A1", "B2"]), (["A1", "a1"], ["B2"]), (["Ä"], ["ä"])],
)
def test_fields_that_name_two_people_let_nobody_in(platform: list[str], author: list[str]) -> None:
    with pytest.raises(LaunchRejected, match="identity_contradiction"):
        read_id(platform, author, "sis_user_id")


def test_an_id_in_two_letter_cases_is_left_to_the_connection_to_judge() -> None:
    assert read_id(["A1", "A1"], ["a1"], "sis_user_id") == ("A1", Assurance.SIGNED, "a1")
    assert read_id([], ["a1", "A1"], "login_id") == ("a1", Assurance.CLAIMED, "A1")


def test_an_id_longer_than_we_keep_is_refused_and_not_cut() -> None:
    assert read_id(["x" * 255], (), "idnumber").student_id == "x" * 255
    with pytest.raises(LaunchRejected, match="student_id_unusable"):
        read_id(["x" * 256], (), "idnumber")


@pytest.mark.parametrize(
    ("given", "family", "full", "names"),
    [
        ("Zoë", "O’Brien", "Zoë O’Brien", ("Zoë", "O’Brien")),
        ("Martin", "King, Jr.", "Martin King, Jr.", ("Martin", "King, Jr.")),
        ("Plato", "-", "Plato -", ("Plato", "")),
        ("Suharto", " ", "Suharto  ", ("Suharto", "")),
        (".", "Cher", ". Cher", ("", "Cher")),
        (None, None, "Ana María García", ("Ana María", "García")),
        (None, None, "García López, Ana", ("Ana", "García López")),
        ("", "", "Plato", ("Plato", "")),
        (None, None, "王伟", ("王伟", "")),
        (None, None, "محمد الأمين", ("محمد", "الأمين")),
        (None, None, None, ("", "")),
        ("-", ".", "-", ("", "")),
        ("$Person.name.given", "$Person.name.family", "$Person.name.full", ("", "")),
        ("Jose\u0301", "Nu\u0301ñez", None, ("José", "Núñez")),
        ("Anna  Maria", "van \t der  Berg", None, ("Anna Maria", "van der Berg")),
        ({"not": "text"}, ["no"], 7, ("7", "")),
    ],
)
def test_names_are_read_as_people_write_them(given: Any, family: Any, full: Any, names: tuple[str, str]) -> None:
    assert read_student("1", given, family, full) == Student("1", *names)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://lms.example.edu/a?b=1", True),
        ("http://127.0.0.1:8290/x", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("/relative", False),
        ("https://", False),
        ("https://[bad", False),
        (None, False),
        (3, False),
    ],
)
def test_the_way_back_leads_to_a_web_page_or_nowhere(url: Any, kept: bool) -> None:
    assert web_address(url) == (url if kept else "")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_name_is_so_strange_that_it_stops_a_launch(given: Any, family: Any, full: Any) -> None:
    student = read_student("1", given, family, full)
    assert all(isinstance(part, str) and len(part) <= 255 and part == part.strip() for part in student)


@given(st.text())
def test_a_full_name_loses_no_letters(full: str) -> None:
    first, last = split_full_name(" ".join(present(full).split()))
    assert not (first == "" and last == "" and any(c.isalpha() for c in present(full)))


@given(st.text(alphabet=st.sampled_from("aZ ë’.-$\u0308\t\ufffd\u00a0"), max_size=8))
def test_a_name_is_read_the_same_whichever_letters_it_has(name: str) -> None:
    text = " ".join(clean(name).split())
    says = text if not text.startswith("$") and "\ufffd" not in text and text not in {"", "-", "."} else ""
    assert read_student("1", name, "Last", "").first_name == says
