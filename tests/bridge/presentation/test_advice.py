"""Words for each cause and for each reader."""

from __future__ import annotations

import pytest

from bridge.lti.roles import reader_of
from bridge.presentation.advice import ADVICE, Reader, joined, words
from bridge.reasons import REASONS

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"


@pytest.mark.parametrize("cause", ["test_student", "masquerade", "not_a_teacher", "no_courses"])
def test_whoever_can_help_themselves_reads_of_their_own_cause(cause: str) -> None:
    assert REASONS[cause].learner == cause
    assert [reason for reason, row in REASONS.items() if row.learner == cause] == [cause]


@pytest.mark.parametrize(
    ("reason", "key"),
    [("not_yet_valid", "clock"), ("expired", "late"), ("code_unknown", "stale"), ("too_many", "busy")],
)
def test_a_wrong_clock_and_a_closed_tab_are_told_apart(reason: str, key: str) -> None:
    assert REASONS[reason].learner == key
    assert ADVICE[key].title not in {ADVICE["support"].title, ADVICE["again"].title}


def test_each_reader_is_told_whom_to_turn_to() -> None:
    told = {reader: words("no_match", reader, "", str).tell for reader in Reader}
    assert "people who run your course" in told[Reader.LEARNER]
    assert "administers your learning management system" in told[Reader.TEACHER]
    assert "written below" in told[Reader.ADMINISTRATOR]


def test_a_support_with_a_name_is_named_and_cannot_turn_the_sentence_round() -> None:
    told = words("no_match", Reader.LEARNER, "عمادة", str)
    assert "Give this reference to \u2068عمادة\u2069;" in told.tell
    assert (
        words("no_match", Reader.ADMINISTRATOR, "help", str).tell
        == words("no_match", Reader.ADMINISTRATOR, "", str).tell
    )


@pytest.mark.parametrize("reader", Reader)
def test_nobody_is_sent_to_support_with_what_only_they_can_change(reader: Reader) -> None:
    said = words("test_student", reader, "", lambda text: text or "Project-Id-Version: a catalogue's header")
    assert said.tell == ""
    assert joined(said) == said.text


@pytest.mark.parametrize(
    ("roles", "reader"),
    [
        ([], Reader.LEARNER),
        (["Learner"], Reader.LEARNER),
        ([f"{MEMBERSHIP}Learner", f"{INSTITUTION}Instructor"], Reader.LEARNER),  # teaches elsewhere
        (["Instructor"], Reader.TEACHER),
        ([f"{MEMBERSHIP}Instructor"], Reader.TEACHER),
        (["urn:lti:role:ims/lis/TeachingAssistant"], Reader.TEACHER),
        ([f"{MEMBERSHIP}Instructor", f"{INSTITUTION}Administrator"], Reader.ADMINISTRATOR),
        (["urn:lti:sysrole:ims/lis/SysAdmin"], Reader.ADMINISTRATOR),
    ],
)
def test_the_roles_of_the_course_say_who_reads(roles: list[str], reader: Reader) -> None:
    assert reader_of(roles) == reader
