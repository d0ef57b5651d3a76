from __future__ import annotations

import itertools

import pytest

from sandbox.lms import hacp
from sandbox.lms.hacp import Sessions
from sandbox.people import find_person

NOW = 1_800_000_000.0
GOOD = "error=0\r\nerror_text=Successful\r\n"


@pytest.fixture
def sessions():
    numbers = itertools.count(1)
    return Sessions(lambda: f"Sid{next(numbers)}")


def call(sessions, command, sid="Sid1", data="", now=NOW):
    form = [("command", command), ("version", "4.0"), ("session_id", sid), ("aicc_data", data)]
    return sessions.answer(form, now)


def test_get_param_answers_as_moodle_was_recorded(sessions):
    assert sessions.begin(find_person("martin"), NOW) == "Sid1"

    reply = call(sessions, "GetParam")

    assert reply.status == 200
    assert reply.text.startswith(
        GOOD + "aicc_data=[Core]\r\nStudent_ID=A12008\r\nStudent_Name=King, Jr., Martin\r\nLesson_Location=\r\n"
        "Credit=credit\r\nLesson_Status=not attempted, ab-initio\r\nScore=\r\nTime=00:00:00\r\nLesson_Mode=normal\r\n"
    )
    assert reply.text.count("\n") == reply.text.count("\r\n")


def test_field_names_are_read_in_any_letter_case(sessions):
    sid = sessions.begin(find_person("ana"), NOW)

    assert sessions.answer([("Command", "getparam"), ("Session_ID", sid)], NOW).status == 200


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ([("command", "GetParam"), ("session_id", "sid1")], "Invalid HACP session"),
        ([("command", "GetParam")], "session_id"),
        ([("session_id", "Sid1")], "command"),
    ],
)
def test_a_session_that_was_never_handed_out_gets_a_page_and_nobody_s_name(sessions, form, said):
    sessions.begin(find_person("ana"), NOW)

    reply = sessions.answer(form, NOW)

    assert reply.status == 404
    assert said in reply.page
    assert reply.text == ""


def test_a_session_dies_after_half_an_hour(sessions):
    sessions.begin(find_person("ana"), NOW)

    assert call(sessions, "GetParam", now=NOW + 1800).status == 404


def test_progress_is_read_back_and_the_name_cannot_be_written(sessions):
    sessions.begin(find_person("ana"), NOW)
    data = "[Core]\r\nLesson_Status=incomplete\r\nScore = 40,100,0\r\nStudent_ID=A1\r\n[Core_Lesson]\r\ntime=9\r\n"

    assert call(sessions, "PutParam", data=data).text == GOOD
    text = call(sessions, "GetParam").text
    assert "Lesson_Status=incomplete\r\nScore=40,100,0\r\nTime=00:00:00\r\n" in text
    assert "Student_ID=A12001\r\n" in text


def test_nothing_is_told_after_the_end(sessions):
    sessions.begin(find_person("ana"), NOW)

    assert call(sessions, "ExitAU").text == GOOD
    assert call(sessions, "GetParam").text == "error=101\r\nerror_text=Terminated\r\n"
    assert call(sessions, "PutParam").text == "error=1\r\nerror_text=Terminated\r\n"


def test_what_the_lms_does_not_keep_is_taken_and_what_it_does_not_know_refused(sessions):
    sessions.begin(find_person("ana"), NOW)

    assert call(sessions, "PutInteractions", data='"x"').text == GOOD
    assert call(sessions, "Frobnicate").text == "error=1\r\nerror_text=Invalid Command\r\n"


def test_launches_that_are_never_ended_do_not_fill_the_memory(sessions, monkeypatch):
    monkeypatch.setattr(hacp, "MAX_SESSIONS", 2)
    for _ in range(3):
        sessions.begin(find_person("ana"), NOW)

    assert call(sessions, "GetParam", "Sid1").status == 404
    assert call(sessions, "GetParam", "Sid3").status == 200
