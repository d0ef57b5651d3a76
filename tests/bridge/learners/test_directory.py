from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy import Engine

from bridge.contracts import Learner, Match
from bridge.errors import LearnerAmbiguous, LearnerInactive, LearnerNotFound, RemoteRefused, RemoteUnavailable
from bridge.learners.directory import Directory, DirectoryShrunk

ANA = Learner(1, True, {"username": "Ana", "employeeId": "E-1", "emailAddress": "ana@example.com"})
BO = Learner(2, True, {"username": "bo", "employeeId": "E-2"})
GONE = Learner(3, False, {"username": "gone"})


class OttoLearn:
    """Plays OttoLearn's list of users: who is in it, what it raises, and how often it was read."""

    def __init__(self, *people: Learner) -> None:
        self.people = list(people)
        self.failure: Exception | None = None
        self.reads = 0
        self.goes_on = Event()
        self.goes_on.set()

    def read(self) -> Iterator[Learner]:
        self.reads += 1
        assert self.goes_on.wait(60)
        yield from self.people
        if self.failure:
            raise self.failure


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def ottolearn() -> OttoLearn:
    return OttoLearn(ANA, BO, GONE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Directory]


@pytest.fixture
def make(engine: Engine, ottolearn: OttoLearn, clock: Clock) -> Iterator[Make]:
    """A directory over `engine`, as one process has it; patience beyond every reading in these tests."""
    before = set(threading.enumerate())

    def build(read: Callable[[], Iterable[Learner]] | None = None, max_wait: float = 60.0) -> Directory:
        return Directory(engine, ("username", "employeeId"), read or ottolearn.read, clock, every=30, max_wait=max_wait)

    yield build
    for thread in set(threading.enumerate()) - before:
        thread.join(60)  # the connection that it still holds would outlive the engine


@pytest.fixture
def directory(make: Make) -> Directory:
    directory = make()
    directory.refresh()
    return directory


@pytest.mark.parametrize(
    ("student_id", "match"),
    [
        ("Ana", Match(ANA, "username")),
        ("E-1", Match(ANA, "employeeId")),
        (" Ana\n", Match(ANA, "username")),
        ("E-2", Match(BO, "employeeId")),
    ],
)
def test_a_learner_is_found_by_any_username_attribute(directory: Directory, student_id: str, match: Match) -> None:
    assert directory.find(student_id) == match


def test_an_attribute_that_is_no_username_never_matches(directory: Directory) -> None:
    with pytest.raises(LearnerNotFound):
        directory.find("ana@example.com")


def test_an_attribute_no_longer_trusted_stops_matching_before_the_next_refresh(directory, engine, ottolearn) -> None:
    stricter = Directory(engine, ("employeeId",), ottolearn.read, Clock())
    assert stricter.find("E-1") == Match(ANA, "employeeId")
    with pytest.raises(LearnerNotFound):
        stricter.find("Ana")


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        *[("Maße", "masse"), ("Maße", "MASSE"), ("straße", "strasse"), ("finn", "ﬁnn"), ("sam", "\u017fam")],
        *[("Ana", "\0Ana"), ("Ana", "Ana\x1b"), ("Ana", "Ana\u2028"), ("Ana", "\u00a0Ana"), ("Ana", "A\u200bna")],
    ],
)
@pytest.mark.parametrize("ignore_case", [False, True])
def test_an_id_that_only_looks_like_somebodys_enters_nobodys_account(
    directory: Directory, held: str, asked: str, ignore_case: bool
) -> None:
    directory.put(Learner(4, True, {"username": held}))
    with pytest.raises(LearnerNotFound):
        directory.find(asked, ignore_case=ignore_case)


@pytest.mark.parametrize(
    ("held", "asked"),
    [("ABC-9", "abc-9"), ("0015000000ABCDE", "0015000000abcDe"), ("kim", "\u212aim")],
)
def test_letter_case_is_part_of_an_id_unless_the_connection_says_otherwise(directory, held: str, asked: str) -> None:
    directory.put(Learner(4, True, {"employeeId": held}))
    assert directory.look(asked) is None
    assert directory.find(asked, ignore_case=True)


def test_a_connection_that_ignores_case_finds_the_very_id_first(directory: Directory) -> None:
    assert directory.find("aNA", ignore_case=True) == Match(ANA, "username")
    directory.put(Learner(4, True, {"employeeId": "ANA"}))
    assert directory.find("Ana", ignore_case=True).learner == ANA
    assert directory.find("ANA", ignore_case=True).learner.user_id == 4


def test_two_people_whose_ids_differ_in_case_are_never_guessed_between(directory: Directory) -> None:
    directory.put(Learner(4, True, {"username": "ANA"}))
    with pytest.raises(LearnerAmbiguous) as caught:
        directory.find("ana", ignore_case=True)
    assert caught.value.user_ids == (1, 4)


def test_two_exact_matches_are_never_guessed_between(directory: Directory) -> None:
    directory.put(Learner(4, False, {"employeeId": "Ana"}))
    with pytest.raises(LearnerAmbiguous) as caught:
        directory.find("Ana")
    assert caught.value.user_ids == (1, 4)


def test_one_person_with_the_id_in_two_attributes_is_one_person_by_the_more_trusted(engine, clock) -> None:
    both = Learner(5, True, {"username": "77", "employeeId": "77"})
    for order in (("username", "employeeId"), ("employeeId", "username")):
        directory = Directory(engine, order, lambda: [both], clock)
        directory.refresh()
        assert directory.find("77") == Match(both, order[0])


def test_two_spellings_of_one_unicode_text_are_an_exact_match(directory: Directory) -> None:
    directory.put(Learner(6, True, {"username": "Zoe\u0308"}))
    directory.put(Learner(7, True, {"username": "zo\u00eb"}))
    assert directory.find(" Zo\u00eb").learner.user_id == 6
    assert directory.find("zoe\u0308").learner.user_id == 7


def test_an_inactive_person_is_not_let_in(directory: Directory) -> None:
    with pytest.raises(LearnerInactive) as caught:
        directory.find("gone")
    assert caught.value.user_id == 3


@pytest.mark.parametrize("student_id", ["", " \t", "x" * 256, "x" * 2_000_000, "Ana\0", "Ana\ud800"])
def test_what_cannot_be_an_id_is_refused_without_troubling_ottolearn(directory, ottolearn, student_id: str) -> None:
    with pytest.raises(LearnerNotFound):
        directory.find(student_id)
    assert ottolearn.reads == 1


def test_a_learner_made_a_moment_ago_gets_in(directory: Directory, ottolearn: OttoLearn) -> None:
    new = Learner(8, True, {"username": "new"})
    ottolearn.people.append(new)
    assert directory.find("new") == Match(new, "username")


def test_unknown_ids_do_not_flood_ottolearn(directory: Directory, ottolearn: OttoLearn, clock: Clock) -> None:
    for student_id in ("one", "two", "three"):
        with pytest.raises(LearnerNotFound):
            directory.find(student_id)
    assert ottolearn.reads == 2
    clock.time += 30
    with pytest.raises(LearnerNotFound):
        directory.find("four")
    assert ottolearn.reads == 3


def test_several_processes_share_the_throttle(directory: Directory, make: Make, ottolearn: OttoLearn) -> None:
    for process in (directory, make(), make()):
        with pytest.raises(LearnerNotFound):
            process.find("nobody")
    assert ottolearn.reads == 2


def test_threads_with_unknown_ids_wait_for_one_reading_together(make: Make) -> None:
    reads, start = [], Barrier(8)
    new = Learner(8, True, {"username": "new"})

    def read() -> Iterator[Learner]:
        reads.append(1)
        yield new

    directory = make(read)

    def ask(_number: int) -> Match:
        start.wait(60)
        return directory.find("new")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda n: ask(n).learner.user_id, range(8))) == {8}
    assert len(reads) == 1


def test_a_slow_ottolearn_does_not_keep_a_learner_waiting(make: Make, ottolearn: OttoLearn) -> None:
    directory = make(max_wait=0.0)
    ottolearn.goes_on.clear()
    for _ in range(2):
        with pytest.raises(RemoteUnavailable, match="still being read"):
            directory.find("Ana")
    ottolearn.goes_on.set()
    directory._flight.result(60)
    assert directory.find("Ana").learner == ANA
    assert ottolearn.reads == 1


def test_ottolearn_down_is_not_taken_for_an_unknown_learner(directory, ottolearn: OttoLearn) -> None:
    ottolearn.failure = RemoteUnavailable("api.ottolearn.io answered 503")
    with pytest.raises(RemoteUnavailable, match="503"):
        directory.find("nobody")
    with pytest.raises(RemoteUnavailable, match="a moment ago"):
        directory.find("nobody")
    assert ottolearn.reads == 2
    assert directory.find("Ana").learner == ANA


def test_another_process_that_failed_or_is_still_reading_is_not_taken_for_an_answer(directory, make, ottolearn) -> None:
    ottolearn.failure = RemoteUnavailable("down")
    with pytest.raises(RemoteUnavailable):
        directory.find("nobody")
    with pytest.raises(RemoteUnavailable, match="a moment ago"):
        make().find("nobody")


def test_after_a_failure_the_next_period_tries_again(directory: Directory, ottolearn: OttoLearn, clock: Clock) -> None:
    ottolearn.failure = RemoteUnavailable("down")
    with pytest.raises(RemoteUnavailable):
        directory.find("nobody")
    ottolearn.failure = None
    clock.time += 30
    with pytest.raises(LearnerNotFound):
        directory.find("nobody")


def test_a_defect_in_the_reading_reaches_whoever_waits_and_the_log(directory, ottolearn, caplog) -> None:
    ottolearn.failure = ValueError("not JSON")
    with caplog.at_level(logging.WARNING), pytest.raises(ValueError, match="not JSON"):
        directory.find("nobody")
    assert "ValueError" in caplog.text


def test_an_empty_list_of_users_locks_nobody_out(directory: Directory, ottolearn: OttoLearn) -> None:
    ottolearn.people.clear()
    with pytest.raises(RemoteRefused, match="the 3 known ones are kept"):
        directory.refresh()
    assert directory.find("Ana").learner == ANA
    with pytest.raises(RemoteRefused):
        directory.find("nobody")


def test_a_new_organisation_without_users_is_no_error(make: Make, ottolearn: OttoLearn, clock: Clock) -> None:
    ottolearn.people.clear()
    directory = make()
    assert directory.refresh().learners == 0
    assert directory.state().refreshed_at == clock.time


def test_a_refresh_tells_what_is_served_now(directory: Directory, ottolearn: OttoLearn, clock: Clock) -> None:
    ottolearn.people.remove(BO)
    clock.time += 5
    state = directory.refresh()
    assert (state.refreshed_at, state.learners) == (clock.time, 2)
    assert directory.state() == state


def test_ids_and_names_stay_out_of_messages(directory: Directory) -> None:
    with pytest.raises(LearnerNotFound) as caught:
        directory.find("Secret-4711")
    assert "4711" not in str(caught.value)


def test_the_choice_to_begin_a_refresh_is_one_threads_at_a_time(engine: Engine, ottolearn: OttoLearn) -> None:
    held = []

    def now() -> float:
        held.append(directory._lock.locked())
        return 1000.0

    directory = Directory(engine, ("username",), ottolearn.read, now, max_wait=60)
    with pytest.raises(LearnerNotFound):
        directory.find("nobody")
    assert held[0]


def crowd(count: int) -> list[Learner]:
    return [Learner(n, True, {"username": f"u{n}"}) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("before", "after", "percent", "believed"),
    [
        (100, 80, 20, True),
        (100, 79, 20, False),
        (30, 20, 20, True),
        (30, 19, 20, False),
        (100, 89, 0, False),
        (100, 1, 100, True),
        (5, 500, 0, True),
    ],
)
def test_a_list_that_lacks_too_many_is_not_believed(
    engine: Engine, ottolearn: OttoLearn, clock: Clock, before: int, after: int, percent: int, believed: bool
) -> None:
    directory = Directory(engine, ("username",), ottolearn.read, clock, max_shrink_percent=percent)
    ottolearn.people = crowd(before)
    directory.refresh()
    ottolearn.people = crowd(after)
    if believed:
        assert directory.refresh().learners == after
        return
    with pytest.raises(DirectoryShrunk, match="accept-fewer"):
        directory.refresh()
    assert directory.look(f"u{before}") is not None
    assert directory.refresh(accept_fewer=True).learners == after


def test_even_who_accepts_fewer_does_not_accept_nobody(directory: Directory, ottolearn: OttoLearn) -> None:
    ottolearn.people.clear()
    with pytest.raises(DirectoryShrunk):
        directory.refresh(accept_fewer=True)


def test_looking_asks_nobody_and_tells_of_the_inactive_too(directory: Directory, ottolearn: OttoLearn) -> None:
    assert directory.look("gone") == Match(GONE, "username")
    assert directory.look("nobody") is None
    assert directory.look("a\0b") is None
    assert ottolearn.reads == 1


def test_a_list_from_before_a_clock_was_set_back_is_not_taken_for_fresh(directory: Directory, clock: Clock) -> None:
    directory.refresh()
    assert not directory.is_older_than(60)
    clock.time -= 365 * 86_400
    assert directory.is_older_than(60)
