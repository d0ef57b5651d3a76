"""Progress reaches the LMS once, in order, and for as long as it takes; two processes do not send twice."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from bridge.config.retention import DAY, Retention
from bridge.contracts import Assurance, Connection, Kind, Launch, Report, Student
from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.jobs import background
from bridge.jobs.job import Job
from bridge.jobs.job import Kind as Kinds
from bridge.jobs.purge import purge
from bridge.progress.reports import GIVE_UP, IDLE, LEASE, PAGE_LIVES, Reports
from bridge.store import visits
from bridge.store.visits import DELIVERED, REFUSED, WAITING
from tests.fakes.contexts import Clock

SECRET = "0123456789abcdef0123456789abcdef"
SID = "a-session-of-the-lms"


class Lms:
    """Notes what it is told, and fails as a test wants."""

    def __init__(self) -> None:
        self.reported: list[tuple[dict[str, str], Report]] = []
        self.fails: list[Exception] = []

    def take(self, connection: Connection[Any], channel: Mapping[str, str], report: Report) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.reported.append((dict(channel), report))

    def last(self) -> tuple[float, bool, int, int, bool]:
        return self.reported[-1][1][:5]


@pytest.fixture
def lms() -> Lms:
    return Lms()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reports(engine: Engine, lms: Lms, clock: Clock) -> Reports:
    known = {"campus": Connection("campus", None, None)}  # type: ignore[arg-type]
    return Reports(engine, SECRET, lambda: clock.now, known.get, dict.fromkeys(Kind, lms.take))


def launch(kind: Kind = Kind.AICC, **channel: str) -> Launch:
    return Launch(Student("A1", "Ana", ""), kind, Assurance.CONFIRMED, channel=channel or {"session_id": SID})


def tell(reports: Reports, progress: float = 0.4, **changes: Any) -> Any:
    said = {"student_id": "A1", "user_id": 0, "course": "", "mastered": False, "seconds": 60, **changes}
    return reports.receive("campus", progress=progress, **said)


def state(reports: Reports) -> str:
    return visits.newest(reports.engine, 1)[0][1].state


def test_progress_reaches_the_lms_once(reports: Reports, lms: Lms) -> None:
    reports.note("campus", launch(), 7, "")
    tell(reports)
    assert state(reports) == WAITING
    assert reports.deliver_due() == 1
    assert lms.reported[0][0] == {"session_id": SID}
    assert lms.last() == (0.4, False, 60, 60, False)
    assert state(reports) == DELIVERED
    assert reports.deliver_due() == 0


def test_an_lms_that_adds_time_up_gets_only_what_is_new(reports: Reports, lms: Lms) -> None:
    reports.note("campus", launch(), 7, "")
    for seconds in (60, 200):
        tell(reports, seconds=seconds)
        reports.deliver_due()
    assert [reported.new_seconds for _, reported in lms.reported] == [60, 140]


def test_the_newest_word_replaces_one_that_was_not_delivered(reports: Reports, lms: Lms) -> None:
    reports.note("campus", launch(), 7, "")
    tell(reports, 0.1)
    tell(reports, 0.6, seconds=90)
    assert reports.deliver_due() == 1
    assert lms.last() == (0.6, False, 90, 90, False)


def test_mastery_is_final(reports: Reports, lms: Lms) -> None:
    visit = reports.note("campus", launch(), 7, "")
    tell(reports, 0.9, mastered=True)
    tell(reports, 0.2, seconds=10)
    reports.deliver_due()
    assert lms.last() == (1.0, True, 60, 60, True)
    found = visits.by_id(reports.engine, visit)
    assert found is not None
    assert found.ended_at is not None


@pytest.mark.parametrize("kind", [Kind.LTI13, Kind.LTI11])
def test_a_finished_grade_is_not_lowered_by_another_visit(reports: Reports, lms: Lms, kind: Kind) -> None:
    reports.note("campus", launch(kind), 7, "SAFE")
    tell(reports, mastered=True)
    reports.deliver_due()
    reports.note("campus", launch(kind), 7, "SAFE")
    tell(reports, 0.2)
    reports.deliver_due()
    assert [report.mastered for _, report in lms.reported] == [True]
    assert (state(reports), visits.newest(reports.engine, 1)[0][1].detail[:8]) == (DELIVERED, "not sent")
    tell(reports, mastered=True)
    reports.deliver_due()
    reports.note("campus", launch(kind), 7, "FIRE")
    tell(reports, 0.2)
    reports.deliver_due()
    assert [report.mastered for _, report in lms.reported] == [True, True, False]


def test_an_lms_with_an_attempt_for_each_visit_hears_of_each(reports: Reports, lms: Lms) -> None:
    for mastered in (True, False):
        reports.note("campus", launch(Kind.CMI5), 7, "SAFE")
        tell(reports, 0.2, mastered=mastered)
        reports.deliver_due()
    assert [report.mastered for _, report in lms.reported] == [True, False]


def test_a_copy_of_the_database_opens_no_session(reports: Reports, engine: Engine) -> None:
    reports.note("campus", launch(), 7, "")
    with engine.connect() as connection:
        assert SID not in str(connection.execute(text("SELECT * FROM visit")).all())


def test_a_person_is_found_by_either_id_and_course(reports: Reports, lms: Lms) -> None:
    reports.note("campus", launch(session_id="first"), 7, "safety")
    reports.note("campus", launch(session_id="second"), 7, "fire")
    assert tell(reports, student_id="", user_id=7, course="safety")
    reports.deliver_due()
    assert lms.reported[0][0] == {"session_id": "first"}
    assert tell(reports)
    reports.deliver_due()
    assert lms.reported[1][0] == {"session_id": "second"}
    assert tell(reports, course="water") is None
    assert tell(reports, student_id="A2") is None
    assert tell(reports, student_id="", user_id=0) is None
    assert reports.receive("other", student_id="A1", user_id=7, course="", progress=1, mastered=True, seconds=1) is None


def test_progress_of_one_user_reaches_no_other_who_had_the_id(reports: Reports, lms: Lms) -> None:
    reports.note("campus", launch(session_id="of 7"), 7, "")
    reports.note("campus", launch(session_id="of 8"), 8, "")
    assert tell(reports, user_id=7)
    reports.deliver_due()
    assert lms.reported[0][0] == {"session_id": "of 7"}
    assert tell(reports, student_id="A2", user_id=7) is None


@pytest.mark.parametrize(("next_user", "told"), [(7, [0.4]), (8, [])])
def test_what_was_not_told_goes_with_the_next_visit_of_the_same_user_alone(
    reports: Reports, lms: Lms, next_user: int, told: list[float]
) -> None:
    reports.note("campus", launch(Kind.SCORM12), 7, "safety")
    tell(reports)
    reports.note("campus", launch(Kind.AICC), next_user, "safety")
    reports.deliver_due()
    assert [report.progress for _, report in lms.reported] == told


def test_an_error_with_the_progress_of_one_holds_up_nobody_elses(reports: Reports, lms: Lms) -> None:
    for course in ("safety", "fire"):
        reports.note("campus", launch(), 7, course)
        tell(reports, course=course)
    lms.fails = [TypeError("a defect")]
    reports.deliver_due()
    assert len(lms.reported) == 1
    told = {reported.state for _, reported in visits.newest(reports.engine, 2)}
    assert told == {DELIVERED, REFUSED}


def test_an_error_at_the_end_of_a_session_holds_up_no_other(reports: Reports, lms: Lms, clock: Clock) -> None:
    for session in ("first", "second"):
        reports.note("campus", launch(session_id=session), 7, "")
    clock.now += IDLE + 1
    lms.fails = [TypeError("a defect")]
    assert reports.deliver_due() == 2
    assert [channel["session_id"] for channel, _ in lms.reported] == ["second"]


def test_of_posts_at_one_moment_none_is_lost(reports: Reports) -> None:
    reports.note("campus", launch(), 7, "")
    start = threading.Barrier(8)

    def post(number: int) -> None:
        start.wait(60)
        tell(reports, 0.1, mastered=number == 3)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(8)))
    ((_, reported),) = visits.newest(reports.engine, 2)
    assert (reported.revision, reported.mastered) == (8, True)


def test_an_lms_that_is_down_is_tried_again_with_patience(reports: Reports, lms: Lms, clock: Clock) -> None:
    reports.note("campus", launch(), 7, "")
    lms.fails = [RemoteUnavailable("down") for _ in range(3)]
    tell(reports)
    tried = []
    for _ in range(500):
        tried += [clock.now] * reports.deliver_due()
        clock.now += 10
    assert [later - before for before, later in itertools.pairwise(tried)] == [60, 120, 240]
    assert (state(reports), len(lms.reported)) == (DELIVERED, 1)


def test_an_lms_may_ask_for_more_patience(reports: Reports, lms: Lms, clock: Clock) -> None:
    reports.note("campus", launch(), 7, "")
    lms.fails = [RemoteUnavailable("busy", status=429, retry_after=900.0)]
    tell(reports)
    reports.deliver_due()
    clock.now += 899
    assert reports.deliver_due() == 0
    clock.now += 1
    assert reports.deliver_due() == 1


def test_what_nobody_takes_for_a_week_is_given_up(reports: Reports, lms: Lms, clock: Clock) -> None:
    reports.note("campus", launch(), 7, "")
    lms.fails = [RemoteUnavailable("down") for _ in range(2)]
    tell(reports)
    reports.deliver_due()
    clock.now += GIVE_UP + 1
    reports.deliver_due()
    assert state(reports) == REFUSED
    assert "week" in visits.newest(reports.engine, 1)[0][1].detail


def test_an_lms_that_refuses_is_not_asked_again_until_there_is_news(reports: Reports, lms: Lms) -> None:
    reports.note("campus", launch(), 7, "")
    lms.fails = [RemoteRefused("no such session")]
    tell(reports)
    reports.deliver_due()
    assert (state(reports), reports.deliver_due()) == (REFUSED, 0)
    assert visits.newest(reports.engine, 1)[0][1].detail == "no such session"


def test_of_many_deliverers_one_delivers(reports: Reports, lms: Lms) -> None:
    for number in range(12):
        student = Student(f"S{number}", "", "")
        reports.note("campus", Launch(student, Kind.AICC, Assurance.CONFIRMED, channel={"session_id": SID}), number, "")
        tell(reports, student_id=student.student_id)
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda _: reports.deliver_due(), range(6))) == 12
    assert len(lms.reported) == 12


def test_a_deliverer_that_died_is_followed_by_another(reports: Reports, lms: Lms, clock: Clock) -> None:
    reports.note("campus", launch(), 7, "")
    tell(reports)
    assert visits.claim_due(reports.engine, now=clock.now, until=clock.now + LEASE, most=9)
    assert reports.deliver_due() == 0
    clock.now += LEASE
    assert reports.deliver_due() == 1


def test_news_that_came_during_a_delivery_is_not_lost(reports: Reports, lms: Lms, clock: Clock) -> None:
    reports.note("campus", launch(), 7, "")
    tell(reports, 0.1)
    (claimed,) = visits.claim_due(reports.engine, now=clock.now, until=clock.now + LEASE, most=9)
    tell(reports, 0.2, seconds=90)
    visits.settle(reports.engine, claimed, DELIVERED)
    assert reports.deliver_due() == 1
    assert lms.last() == (0.2, False, 90, 30, False)


def test_what_one_visit_did_not_deliver_the_next_one_does(reports: Reports, lms: Lms, clock: Clock) -> None:
    reports.note("campus", launch(Kind.SCORM12), 7, "")
    tell(reports, 1.0, mastered=True)
    assert reports.deliver_due() == 0, "a SCORM page asks for itself"
    second = reports.note("campus", launch(Kind.SCORM12), 7, "")
    visit = visits.by_id(reports.engine, second)
    assert visit is not None
    assert reports.news(visit, 0)["mastered"] is True


def test_a_session_of_which_nothing_is_heard_is_ended_without_lowering_anything(
    reports: Reports, lms: Lms, clock: Clock
) -> None:
    reports.note("campus", launch(), 7, "")
    clock.now += IDLE
    assert reports.deliver_due() == 0
    clock.now += 1
    assert reports.deliver_due() == 1
    assert lms.last() == (0.0, False, 0, 0, True)
    assert reports.deliver_due() == 0
    tell(reports, 0.5)
    assert reports.deliver_due() == 0, "it waits for the next visit"


@pytest.mark.parametrize("kind", Kind)
def test_a_launch_takes_progress_by_its_page_or_by_a_channel(kind: Kind) -> None:
    bare = Launch(Student("A1", "", ""), kind, Assurance.SIGNED)
    assert bare.takes_progress is (kind in {Kind.SCORM12, Kind.SCORM2004})
    assert replace(bare, channel={"url": "https://lms.example.edu"}).takes_progress


def test_the_visit_of_a_page_that_asks_has_nothing_to_decrypt_and_is_told_to_nobody(
    reports: Reports, lms: Lms, clock: Clock
) -> None:
    page = Launch(Student("A1", "", ""), Kind.SCORM12, Assurance.ASSERTED)
    visit = visits.by_id(reports.engine, reports.note("campus", page, 7, ""))
    assert visit is not None
    assert visit.channel == ""
    tell(reports)
    clock.now += IDLE + 1
    assert reports.deliver_due() == 0
    assert lms.reported == []


# ---- a page that asks ----


def test_the_page_hears_the_news_once_and_says_when_the_lms_has_it(reports: Reports) -> None:
    session = reports.page_session(reports.note("campus", launch(Kind.SCORM2004), 7, ""))
    visit = reports.visit_of_page(session)
    assert visit is not None
    assert reports.news(visit, 0) == {}
    tell(reports)
    said = {"revision": 1, "progress": 0.4, "mastered": False, "seconds": 60}
    assert reports.news(visit, 0) == said
    assert state(reports) == WAITING, "it was told, but nobody says that the LMS took it"
    assert reports.news(visit, 1) == {}
    assert state(reports) == DELIVERED


def test_a_page_asks_about_its_own_visit_and_not_for_ever(reports: Reports, clock: Clock) -> None:
    session = reports.page_session(reports.note("campus", launch(Kind.SCORM12), 7, ""))
    assert reports.visit_of_page(session[:-1] + ("A" if session[-1] != "A" else "B")) is None
    assert reports.visit_of_page("") is None
    assert reports.visit_of_page("1") is None
    clock.now += PAGE_LIVES
    assert reports.visit_of_page(session) is None


def test_the_rounds_deliver_and_tidy(reports: Reports, lms: Lms, clock: Clock) -> None:
    heard = threading.Event()
    reports.note("campus", launch(), 7, "")
    tell(reports)
    reported = lms.take
    object.__setattr__(reports, "deliver", dict.fromkeys(Kind, lambda *said: (reported(*said), heard.set())))
    with background.running(lambda: [Job(Kinds.PROGRESS, reports.is_due, reports.deliver_due, every=0.0)], every=0.01):
        assert heard.wait(60)
    assert len(lms.reported) == 1
    purge(reports.engine, clock.now + 2 * Retention().progress * DAY, Retention())
    assert visits.newest(reports.engine, 9) == []
