"""What learners and teachers read when a launch ends here: what happened, what to do, and whom to tell.

A reason of `bridge.reasons` names its cause here. Every sentence is English here, and a text of the catalogues.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Literal, NamedTuple

from bridge.presentation.catalogue import gettext_noop

Telling = Literal["now", "if it stays", "nobody"]


class Reader(enum.StrEnum):
    """Who reads a page, by the roles that the LMS sent."""

    LEARNER = "learner"
    TEACHER = "teacher"
    ADMINISTRATOR = "administrator"


class Advice(NamedTuple):
    """What happened, and what to do."""

    title: str
    text: str
    telling: Telling = "now"
    """Whether somebody who runs the course must be told: at once, when it happens again, or not at all."""


# fmt: off
_AGAIN: Telling = "if it stays"
ADVICE = {
    "again": Advice(gettext_noop("Please open the course once more"), gettext_noop("Each visit works once, and only for a short time. Go back to your course and open it again."), _AGAIN),
    "stale": Advice(gettext_noop("This page is too old"), gettext_noop("It was left open for a long time, or came back from a bookmark or a closed tab. Go back to your course and open it again."), _AGAIN),
    "late": Advice(gettext_noop("This visit came too late"), gettext_noop("Your course was opened some time ago, or the clock of your learning management system is slow. Go back to your course and open it again."), _AGAIN),
    "clock": Advice(gettext_noop("The clocks do not agree"), gettext_noop("The clock of your learning management system is ahead of ours, so that we cannot take its word for who you are.")),
    "window": Advice(gettext_noop("Please open the course in a window of its own"), gettext_noop("Your browser kept no cookie on the way here, as many do not inside another page. Go back to your course and open it in a new window or tab, or allow cookies there, or take another browser."), _AGAIN),
    "cookies": Advice(gettext_noop("Your browser keeps no cookie for this page"), gettext_noop("The course is open in a window of its own, and your browser still kept no cookie on the way here. Allow cookies for this site in your browser, switch off what blocks them, or take another browser; then open the course again from your learning management system."), _AGAIN),
    "later": Advice(gettext_noop("Please try again in a few minutes"), gettext_noop("A system that is needed to let you in does not answer at the moment. Nothing is lost."), _AGAIN),
    "busy": Advice(gettext_noop("Please wait a few minutes"), gettext_noop("The course was opened too often within a short time. This passes by itself; nothing is lost."), _AGAIN),
    "support": Advice(gettext_noop("We could not let you in"), gettext_noop("Your course and OttoLearn do not fit together yet.")),
    "callback": Advice(gettext_noop("Please open the course once more"), gettext_noop("Your learning management system did not confirm who you are. Go back to your course and open it again."), _AGAIN),
    "other_person": Advice(gettext_noop("You signed in as somebody else"), gettext_noop("Your course was opened for another person than the one who signed in. Sign out there, or use another browser, and open the course again."), "nobody"),
    "test_student": Advice(gettext_noop("The test student cannot enter OttoLearn"), gettext_noop("You are looking at the course as its test student, who is nobody in OttoLearn. Leave the student view, and open the course as yourself."), "nobody"),
    "masquerade": Advice(gettext_noop("You are acting as another user"), gettext_noop("OttoLearn lets nobody in as somebody else. Stop acting as this user, and open the course as yourself."), "nobody"),
    "not_a_teacher": Advice(gettext_noop("Only teachers can pick a course"), gettext_noop("Your learning management system does not name you as a teacher of this course. Ask one of its teachers to add the link, or to give you that role.")),
    "no_courses": Advice(gettext_noop("There is no course to pick yet"), gettext_noop("OttoBridge has no list of the courses in OttoLearn yet.")),
    "package": Advice(gettext_noop("This course needs a new package"), gettext_noop("The course in your learning management system was made for another time or place.")),
    "identity": Advice(gettext_noop("Your course did not say who you are"), gettext_noop("OttoLearn needs your student ID, and your course sent none.")),
    "unusable": Advice(gettext_noop("Your student ID cannot be used"), gettext_noop("Your course sent a student ID with a character in it that nobody can see, or one that is too long.")),
    "open_course": Advice(gettext_noop("Please open the course from your learning management system"), gettext_noop("OttoLearn lets you in when you come from your course. Go back to your learning management system and open the course there."), "nobody"),
    "no_match": Advice(gettext_noop("OttoLearn does not know you yet"), gettext_noop("Nobody in OttoLearn has your student ID.")),
    "incomplete": Advice(gettext_noop("OttoLearn does not know you yet"), gettext_noop("OttoLearn asks for more than your course says of you, such as a last name.")),
    "ambiguous": Advice(gettext_noop("Your student ID is not yours alone"), gettext_noop("More than one person in OttoLearn has your student ID, so we cannot tell which is you.")),
    "whose": Advice(gettext_noop("We cannot tell whose account this is"), gettext_noop("Your course names you otherwise than before, or as somebody else. So that nobody opens another person's account, an administrator has to look at it.")),
    "inactive": Advice(gettext_noop("Your OttoLearn account is switched off"), gettext_noop("OttoLearn knows you, but your account there is not active.")),
}
"""By the key that a reason's `learner` names."""

_TELL: dict[tuple[Reader, Telling], str] = {
    (Reader.LEARNER, "now"): gettext_noop("Give this reference to the people who run your course; they can put it right."),
    (Reader.LEARNER, _AGAIN): gettext_noop("If it stays like this, give this reference to the people who run your course; they can put it right."),
    (Reader.TEACHER, "now"): gettext_noop("Your students may see the same. Give this reference to whoever administers your learning management system."),
    (Reader.TEACHER, _AGAIN): gettext_noop("If it stays like this, give this reference to whoever administers your learning management system."),
    (Reader.ADMINISTRATOR, "now"): gettext_noop("What to change is written below, in English."),
    (Reader.ADMINISTRATOR, _AGAIN): gettext_noop("If it stays like this: what to change is written below, in English."),
}
_TELL_SUPPORT: dict[Telling, str] = {
    "now": gettext_noop("Give this reference to %(name)s; they can put it right."),
    _AGAIN: gettext_noop("If it stays like this, give this reference to %(name)s; they can put it right."),
}
# fmt: on


class Words(NamedTuple):
    """An advice as its reader gets it, in their language."""

    title: str
    text: str
    tell: str
    """Whom to give the reference; empty where nobody needs it."""


def words(key: str, reader: Reader, support: str, gettext: Callable[[str], str]) -> Words:
    """The words of `ADVICE[key]`. `support` is the name of whom to tell, empty where none is configured."""
    advice = ADVICE[key]
    tell = _TELL.get((reader, advice.telling), "")
    if support and reader is not Reader.ADMINISTRATOR:
        tell = _TELL_SUPPORT.get(advice.telling, "")
    instruction = gettext(tell).replace("%(name)s", isolated(support)) if tell else ""  # of "" gettext gives its header
    return Words(gettext(advice.title), gettext(advice.text), instruction)


def isolated(name: str) -> str:
    """A name within a sentence that may run the other way (FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE)."""
    return f"\u2068{name}\u2069"


def joined(instruction: Words) -> str:
    """Text and whom to tell, as one paragraph."""
    return f"{instruction.text} {instruction.tell}".strip()
