"""The list of unmatched students as an administrator works through it: nobody is lost from it, and in doubt linked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import Engine

from bridge.contracts import Learner, Student
from bridge.learners.directory import Directory
from bridge.learners.linking import LinkRefused
from bridge.learners.provisioning import Provisioning
from bridge.learners.unmatched import Asked, Choice, Unmatched
from bridge.ottolearn.api import Attribute
from bridge.store import aliases, directory_snapshots, people, unmatched
from bridge.store.people import Person
from bridge.store.unmatched import State

NAMES = ("username", "employeeId")
PEOPLE = [
    Learner(1, True, {"username": "00123", "firstName": "Ana", "lastName": "García López"}),
    Learner(2, True, {"username": "bo", "firstName": "Bo", "lastName": "Li"}),
    Learner(3, False, {"username": "gone", "firstName": "Bo", "lastName": "Li"}),
    Learner(4, True, {"employeeId": "4711"}),
    Learner(5, True, {"department": "no username"}),
]


@pytest.fixture
def queue(engine: Engine) -> Unmatched:
    directory_snapshots.replace(engine, PEOPLE, NAMES, now=1.0)
    return Unmatched(engine, Directory(engine, NAMES, list, lambda: 100.0), NAMES, {}.get, lambda: 100.0)


def came(
    queue: Unmatched, student_id: str, name: str = " ", connection: str = "campus", at: float = 1.0, why: str = ""
) -> None:
    student = Student(student_id, *name.split(" ", 1))
    unmatched.note(queue.engine, connection, student, why or "no_match", now=at)


def ids(queue: Unmatched, asked: Asked | None = None) -> list[str]:
    return [waiting.row.student_id for waiting in queue.page(asked or Asked(), 50).students]


def test_nobody_is_left_out_between_two_pages_nor_shown_twice(queue: Unmatched) -> None:
    for number in range(7):
        came(queue, f"x{number}", at=float(number // 3), connection="ab"[number % 2])
    seen, after = [], None
    while True:
        page = queue.page(Asked(), 2, after)
        seen += [(waiting.row.last_seen, waiting.row.connection, waiting.row.student_id) for waiting in page.students]
        after = page.after
        if after is None:
            break
        assert len(page.students) == 2
    assert seen == sorted(seen, key=lambda row: (-row[0], row[1:]))
    assert {row[2] for row in seen} == {f"x{number}" for number in range(7)}
    assert len(seen) == 7


def test_reading_the_list_changes_nothing_and_leaves_out_whom_a_launch_would_find(queue: Unmatched) -> None:
    came(queue, "bo")
    came(queue, "x1")
    assert ids(queue) == ["x1"]
    assert [waiting.row.student_id for waiting in queue.every(Asked())] == ["x1"]
    assert len(unmatched.newest(queue.engine, 10)) == 2
    assert queue.settle() == 1
    assert [row.student_id for row in unmatched.newest(queue.engine, 10)] == ["x1"]
    assert queue.settle() == 0


def test_whom_no_launch_finds_again_waits_again(queue: Unmatched) -> None:
    came(queue, "bo")
    queue.settle()
    directory_snapshots.replace(queue.engine, PEOPLE[:1], NAMES, now=2.0)
    assert ids(queue) == []
    came(queue, "bo")
    assert ids(queue) == ["bo"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked("GARCÍA ana"), ["123"]),
        (Asked("ana  gar"), ["123"]),
        (Asked("12"), ["123"]),
        (Asked("%"), []),
        (Asked(connection="packages"), ["y"]),
        (Asked(outcome="ambiguous"), ["z"]),
        (Asked(state=State.IGNORED), []),
    ],
)
def test_students_are_found_by_what_is_known_of_them(queue: Unmatched, asked: Asked, expected: list[str]) -> None:
    came(queue, "123", "Ana García")
    came(queue, "y", connection="packages")
    came(queue, "z", why="ambiguous")
    assert ids(queue, asked) == expected


def test_who_could_be_meant_comes_with_why_and_with_a_mark_for_another_name(queue: Unmatched) -> None:
    came(queue, "123", "Grace Hopper")
    (waiting,) = queue.page(Asked(), 10).students
    (miss,) = waiting.near
    assert (miss.learner.user_id, miss.reason, miss.attribute, miss.name_differs) == (
        1,
        "leading_zeros",
        "username",
        True,
    )
    assert miss.in_words() == "user 1 has it with more or fewer leading zeros (username), but another name"


def test_each_of_many_links_has_its_own_outcome(queue: Unmatched) -> None:
    for student_id, name in (("1", "Ana García"), ("2", "Grace Hopper"), ("3", " "), ("4711x", " "), ("5", " ")):
        came(queue, student_id, name)
    choices = [("1", 1), ("2", 2), ("3", 3), ("4711x", 99), ("5", 5), ("nobody", 4)]
    done = queue.link([Choice("campus", student_id, user_id) for student_id, user_id in choices])
    assert [(linked.choice.student_id, linked.why) for linked in done] == [
        ("1", ""),
        ("2", "name_differs"),
        ("3", "inactive"),
        ("4711x", "no_match"),
        ("5", "no_username"),
        ("nobody", "not_waiting"),
    ]
    assert [(row.student_id, row.user_id) for row in aliases.every(queue.engine)] == [("1", 1)]
    assert "1" not in ids(queue)
    (linked,) = queue.link([Choice("campus", "2", 2)], other_names=True)
    assert (linked.why, linked.who) == ("", "Bo Li")


def test_an_id_that_another_user_has_and_two_students_as_one_user_are_nobody(queue: Unmatched) -> None:
    for student_id in ("bo", "1", "2"):
        came(queue, student_id)
    assert [linked.why for linked in queue.link([Choice("campus", "bo", 1)])] == ["taken"]
    assert [linked.why for linked in queue.link([Choice("campus", "1", 1), Choice("campus", "2", 1)])] == ["twice"] * 2
    assert aliases.every(queue.engine) == []


def test_a_link_that_another_record_of_the_lms_stands_in_the_way_of_says_so(queue: Unmatched) -> None:
    people.bind(queue.engine, Person("campus", "lti", "record-9", "old", 1, "launch", 1.0, 1.0, 1.0), None)
    came(queue, "1")
    (linked,) = queue.link([Choice("campus", "1", 1)])
    assert [person.record for person in linked.other_records] == ["record-9"]


def test_a_link_and_an_ignored_student_can_be_undone(queue: Unmatched) -> None:
    came(queue, "1")
    queue.link([Choice("campus", "1", 1)])
    assert queue.undo("campus", "1")
    assert (ids(queue), aliases.every(queue.engine)) == (["1"], [])
    assert queue.ignore("campus", "1")
    came(queue, "1")
    assert (ids(queue), ids(queue, Asked(state=State.IGNORED))) == ([], ["1"])
    assert queue.undo("campus", "1")
    assert ids(queue) == ["1"]
    assert not queue.undo("campus", "nobody")
    assert not queue.ignore("campus", "nobody")


def test_resolved_students_do_not_keep_others_off_the_list(queue: Unmatched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmatched, "MOST", 1)
    came(queue, "bo")
    came(queue, "x1")
    assert ids(queue) == []
    queue.settle()
    came(queue, "x1")
    assert ids(queue) == ["x1"]


class OttoLearn:
    def attributes(self) -> list[Attribute]:
        return []

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner:
        return Learner(70, active, dict(attributes))


def test_a_user_is_made_of_what_the_launch_said(queue: Unmatched) -> None:
    came(queue, "x1", "Zoë Wang")
    make = Provisioning(queue.engine, queue.directory, OttoLearn(), "username", lambda: 100.0, lambda: "t")
    made = queue.create("campus", "x1", make).learner
    assert (made.user_id, dict(made.attributes)) == (70, {"firstName": "Zoë", "lastName": "Wang", "username": "x1"})
    assert ids(queue) == []
    with pytest.raises(LinkRefused):
        queue.create("campus", "nobody", make)
