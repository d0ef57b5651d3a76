"""HACP answers as LMSs write them: read leniently, but never so that a learner's text becomes somebody's id."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.scorm.charsets import decode
from adapters.scorm.hacp import Core, read_core
from bridge.errors import LaunchRejected

OK = "error=0\r\nerror_text=Successful\r\n"

# the wire variants of public code, with other people in them
VARIANTS = {
    "Moodle now: no version, the group on the line of aicc_data": (
        (
            f"{OK}aicc_data=[Core]\r\nStudent_ID=8\r\nStudent_Name=King, Jr., Martin\r\nLesson_Location=\r\n"
            "[Core_Lesson]\r\n[Core_Vendor]\r\nroom=7\r\n[Evaluation]\r\nCourse_ID = {A1}\r\n"
        ),
        Core("8", "King, Jr., Martin"),
    ),
    "Moodle 1: blanks, LF, the group on the next line": (
        "error = 0\nerror_text = Successful\naicc_data=\n[Core]\nStudent_ID = 41\nStudent_Name = Roe, Rita\n",
        Core("41", "Roe, Rita"),
    ),
    "a version, no blank in the name, status with entry": (
        (
            "error=0\r\nerror_text=Successful\r\nversion=3.4\r\naicc_data=[core]\r\nStudent_ID=K-12\r\n"
            "Student_Name=Manager,Kim\r\nLesson_Status=na,a\r\n"
        ),
        Core("K-12", "Manager,Kim"),
    ),
    "CR CR between lines": (
        (
            "error=0\r\rerror_text=Successful\r\rversion=2.0\r\raicc_data=[core]\r\rstudent_id=p77\r\r"
            "student_name=Person, Pat\r\rlesson_status=N,A\r\r"
        ),
        Core("p77", "Person, Pat"),
    ),
    "every line indented, a comment first": (
        (
            "  error=0\r\n  error_text=Successful\r\n  aicc_data=;GetParam answer\r\n  [Core]\r\n"
            "  Student_ID=900\r\n  ; a remark\r\n  Student_Name=Indented, Ida\r\n"
        ),
        Core("900", "Indented, Ida"),
    ),
    "a quoted status, initials": (
        (
            "error=0\r\naicc_data=[CORE]\r\nStudent_ID = 5512\r\nStudent_Name = J. Learner\r\n"
            "Lesson_Status = 'not attempted'\r\n"
        ),
        Core("5512", "J. Learner"),
    ),
    "a view-only session: nobody": (
        f"{OK}aicc_data=[core]\r\nstudent_id=\r\nstudent_name=\r\n",
        Core("", ""),
    ),
    "one word for a name, an address for an id": (
        f"{OK}aicc_data=[core]\r\nstudent_id=rita@school.example\r\nstudent_name=guest\r\n",
        Core("rita@school.example", "guest"),
    ),
}


@pytest.mark.parametrize(("text", "core"), VARIANTS.values(), ids=VARIANTS.keys())
def test_a_learner_of_an_lms_that_writes_its_own_way_gets_in(text: str, core: Core) -> None:
    assert read_core(text) == core


def reason_of(text: str) -> str:
    with pytest.raises(LaunchRejected) as caught:
        read_core(text)
    return caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "error=1\r\nerror_text=Invalid Session ID",
        "error=101\r\nerror_text=Terminated\r\n",
        "error=3\r\nerror_text=Invalid Session ID\r\naicc_data=[Core]\r\nStudent_ID=8\r\n",
        "ERROR = 1\nerror_text = x\naicc_data=[Core]\nStudent_ID=8",
        "error=no\r\naicc_data=[Core]\r\nStudent_ID=8",
    ],
)
def test_a_session_that_the_lms_refuses_is_nobodys(text: str) -> None:
    assert reason_of(text) == "aicc_session_unknown"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "error=0\r\n",
        "error=0\r\naicc_data=",
        "error=0\r\naicc_data=[Core_Lesson]\r\nstudent_id=8",
        "error=0\r\nstudent_id=8\r\n",
        "aicc_data=[Core]\r\nStudent_ID=8\r\n",
        "aicc_data=[Core]\r\nerror=0\r\nStudent_ID=8\r\n",
    ],
)
def test_an_answer_without_success_and_core_is_nobodys(text: str) -> None:
    assert reason_of(text) == "aicc_answer_unreadable"


@pytest.mark.parametrize("text", ["<!DOCTYPE html>", "\ufeff\r\n <html>error=0\r\n[Core]\r\nStudent_ID=8"])
def test_a_login_page_is_told_apart_from_data(text: str) -> None:
    assert reason_of(text) == "aicc_login_page"


@pytest.mark.parametrize(
    "text",
    [
        # a lesson location with a bare CR, kept by an LMS that splits only at CRLF
        f"{OK}aicc_data=[Core]\r\nStudent_ID=8\r\nLesson_Location=p1\rStudent_ID=1\r\n",
        f"{OK}aicc_data=[Core]\r\nLesson_Location=p1\rStudent_ID=1\r\nStudent_ID=8\r\n",
        # suspend data that holds a group of its own, before or after the true one
        f"{OK}aicc_data=[Core]\r\nStudent_ID=8\r\n[Core_Lesson]\r\n[Core]\r\nStudent_ID=1\r\n",
        f"{OK}aicc_data=[Core_Lesson]\r\n[ core ]\r\nStudent_ID=1\r\n[Core]\r\nStudent_ID=8\r\n",
        f"{OK}aicc_data=[Core]\r\nStudent_ID=8\r\n[Core_Lesson]\r\n[Core]\r\n",
    ],
)
def test_what_a_learner_stored_cannot_become_their_id(text: str) -> None:
    assert reason_of(text) == "aicc_answer_unreadable"


def test_suspend_data_that_mentions_an_id_is_not_read() -> None:
    text = f"{OK}aicc_data=[Core]\r\nStudent_ID=8\r\nStudent_Name=A, B\r\n[Core_Lesson]\r\nstudent_id=1\r\n"
    assert read_core(text) == Core("8", "A, B")
    text = f"{OK}aicc_data=[Core_Vendor]\r\nstudent_id=1\r\nstudent_name=X\r\n[Core]\r\nStudent_ID=8\r\n"
    assert read_core(text) == Core("8", "")


def test_a_line_separator_inside_a_name_does_not_begin_a_line() -> None:
    assert (
        read_core(f"{OK}aicc_data=[Core]\r\nStudent_ID=8\r\nStudent_Name=A\u2028student_id=1\x0b\x85, B").student_id
        == "8"
    )


def test_a_value_keeps_its_equals_signs() -> None:
    assert read_core(f"{OK}aicc_data=[Core]\r\nStudent_ID=YWJj==\r\n").student_id == "YWJj=="


@given(st.binary(), st.text())
def test_no_answer_raises_anything_but_a_rejection(body: bytes, content_type: str) -> None:
    with pytest.raises(LaunchRejected):
        read_core(decode(body, content_type))


LINES = st.sampled_from(
    ["error=0", "aicc_data=", "[Core]", "[", "]", "student_id", "=", "8", "\r", "\n", ";", " ", "é", "<"]
)


@given(st.lists(LINES))
def test_no_mixture_raises_anything_but_a_rejection(parts: list[str]) -> None:
    with contextlib.suppress(LaunchRejected):
        read_core("".join(parts))


# ---- what some LMSs wrap around it ----

ENCODED = (
    "%5BCore%5D%0D%0AStudent_ID%3D25499339%0D%0AStudent_Name%3DGarc%C3%ADa%2C{blank}Ana%0D%0ALesson_Location%3D%0D%0A"
)
ANA = Core("25499339", "García, Ana")


@pytest.mark.parametrize("blank", ["+", "%20"])
@pytest.mark.parametrize(
    "answer",
    [
        "error=0\r\nerror_text=Successful\r\naicc_data={data}\r\n",
        "error=0&error_text=Successful&aicc_data={data}",
        "error=0&aicc_data={data}&version=4.0",
    ],
)
def test_percent_encoded_data_are_read(answer: str, blank: str) -> None:
    assert read_core(answer.format(data=ENCODED.format(blank=blank))) == ANA


def test_a_plus_sign_in_encoded_data_stays_one() -> None:
    assert read_core(f"{OK}aicc_data=%5BCore%5D%0D%0AStudent_ID%3Da%2Bb").student_id == "a+b"


@pytest.mark.parametrize(
    "learner_wrote",
    [
        "%5BCore%5D%0D%0AStudent_ID%3Dvictim",
        "x&aicc_data=%5BCore%5D%0D%0AStudent_ID%3Dvictim",
        "x%0D%0AStudent_ID=victim",
    ],
)
def test_what_a_learner_wrote_into_the_data_is_not_decoded(learner_wrote: str) -> None:
    plain = (
        f"{OK}aicc_data=[Core]\r\nStudent_ID=8\r\nLesson_Location={learner_wrote}\r\nStudent_Name={learner_wrote}\r\n"
    )
    assert read_core(plain).student_id == "8"
    assert read_core(f"{OK}aicc_data={quote(plain.partition('aicc_data=')[2])}").student_id == "8"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Garc&iacute;a, Ana", "García, Ana"),
        ("O&#39;Brien, Zo&#xEB;", "O'Brien, Zoë"),
        ("R&D, AT&T", "R&D, AT&T"),
        ("&copyright, A", "&copyright, A"),
        ("&amp;amp;, A", "&amp;, A"),
        ("&nosuchthing;, A", "&nosuchthing;, A"),
    ],
)
def test_a_name_with_entities_is_read_and_an_id_stays_as_it_is(name: str, read: str) -> None:
    found = read_core(f"{OK}aicc_data=[Core]\r\nStudent_ID=a&amp;b\r\nStudent_Name={name}\r\n")
    assert found == Core("a&amp;b", read)


def test_a_learners_row_of_blanks_does_not_keep_the_bridge_busy() -> None:
    lesson = f"[{' ' * 30_000}x"  # were every way to read it tried, that would take years
    found = read_core(f"{OK}aicc_data=[Core]\r\nStudent_ID=8\r\n[Core_Lesson]\r\n{lesson}\r\n")
    assert found == Core("8", "")
