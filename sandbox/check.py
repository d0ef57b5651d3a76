"""Every person through every door of a running demo, over real HTTP, against what the table of people says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import requests
from sqlalchemy import Engine

from bridge.contracts import Kind, Outcome, Student
from bridge.reasons import REASONS
from bridge.store.engine import open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import newest
from sandbox.browser import Browser, read_page
from sandbox.demo import Demo
from sandbox.lms.doors import CANVAS, DOORS, Door
from sandbox.people import PEOPLE, Account, Person

NOBODY = Student("", "", "")


class Checked(NamedTuple):
    """One launch: what the bridge recorded of it, what the table of people says, and every difference in words."""

    door: Door
    person: Person
    student: Student
    outcome: str
    """Empty where the bridge recorded no launch."""
    problems: tuple[str, ...]


class _Visit(NamedTuple):
    landed: requests.Response
    """The last page, or the answer to a package's page where that was the end."""
    repeat: Callable[[], requests.Response]
    """Makes the browser do the decisive step a second time."""


def check_launches(demo: Demo, people: Sequence[Person] = PEOPLE, doors: Sequence[Door] = DOORS) -> Iterator[Checked]:
    """Launch everybody in every way, one after the other."""
    engine = open_database(demo.configuration.bridge.database_url.get_secret_value())
    try:
        for door in doors:
            for person in people:
                yield _check(demo, engine, door, person)
    finally:
        engine.dispose()


def check_newcomers(demo: Demo, people: Sequence[Person] = PEOPLE) -> Iterator[Checked]:
    """Launch, after a roster sync, everybody whom OttoLearn did not know before it."""
    engine = open_database(demo.configuration.bridge.database_url.get_secret_value())
    door = next(door for door in DOORS if door.connection == CANVAS and door.kind is Kind.LTI13)
    try:
        for person in people:
            if person.outcome is Outcome.NO_MATCH:
                with Browser() as browser:
                    landed = _launch(browser, demo, door, person).landed
                line = newest(engine, 1)[0]
                arrived = line.outcome == Outcome.MATCHED and landed.url.startswith(demo.ottolearn_url)
                problems = () if arrived else (f"ended as {line.outcome} at {landed.url.partition('?')[0]}",)
                yield Checked(door, person, _student(line), line.outcome, problems)
    finally:
        engine.dispose()


def _check(demo: Demo, engine: Engine, door: Door, person: Person) -> Checked:
    before = newest(engine, 1)
    try:
        with Browser() as browser:
            visit = _launch(browser, demo, door, person)
            lines = newest(engine, 1)
            if lines == before:
                return Checked(door, person, NOBODY, "", ("the bridge recorded no launch",))
            line = lines[0]
            problems = (*_record_problems(line, door, person), *_page_problems(visit, line, demo, person))
    except requests.RequestException as error:
        return Checked(door, person, NOBODY, "", (f"{type(error).__name__} on the way",))
    return Checked(door, person, _student(line), line.outcome, problems)


def _launch(browser: Browser, demo: Demo, door: Door, person: Person) -> _Visit:
    address = f"{demo.lms_url}/launch?{urlencode({'person': person.key, 'kind': door.key})}"
    if door.kind in {Kind.SCORM12, Kind.SCORM2004}:
        return _launch_package(browser, demo, address)
    landed = browser.open(address)
    submission = browser.last_submission
    if submission is None:
        return _Visit(landed, lambda: browser.open(_one_time_address(landed, demo)))
    return _Visit(landed, lambda: browser.send(submission))


def _launch_package(browser: Browser, demo: Demo, address: str) -> _Visit:
    """What the page inside the package does: read id and name from the LMS, post them, open the answer's address."""
    player = read_page(browser.open(address))
    record = player.get_element_by_id("record")
    course = read_page(browser.open(player.xpath("//iframe")[0].get("src")))
    body = {
        "version": course.body.get("data-scorm"),
        "learner_id": record.get("data-learner-id"),
        "learner_name": record.get("data-learner-name"),
        "return_url": f"{demo.lms_url}/",
    }
    bearer = course.body.get("data-token", "")
    posted = browser.post_json(course.body.get("data-launch-url"), body, demo.lms_url, bearer)
    if not posted.ok:
        return _Visit(posted, lambda: posted)
    said = posted.json()

    def hand_over() -> requests.Response:
        return browser.post_from(demo.lms_url, said.get("url", ""), {"code": said.get("code", "")})

    return _Visit(hand_over(), hand_over)


def _one_time_address(landed: requests.Response, demo: Demo) -> str:
    """The bridge's `/l/CODE` on the way to `landed`."""
    passed = (answer.url for answer in landed.history)
    return next((url for url in passed if url.startswith(f"{demo.bridge_url}/l/")), f"{demo.bridge_url}/l/none")


def _student(line: LaunchLine) -> Student:
    return Student(line.student_id, line.first_name, line.last_name)


def _record_problems(line: LaunchLine, door: Door, person: Person) -> Iterator[str]:
    compared = (
        ("connection", line.connection, door.connection),
        ("kind", line.kind, door.kind.value),
        ("outcome", line.outcome, person.outcome.value),
        ("reason", line.reason, person.reason or _reason_of(person.outcome)),
        *(zip(Student._fields, _student(line), person.student, strict=True)),
    )
    for what, found, expected in compared:
        if found != expected:
            yield f"{what} is {found!r}, not {expected!r}"


def _reason_of(outcome: Outcome) -> str:
    return "" if outcome is Outcome.MATCHED else outcome.value


def _page_problems(visit: _Visit, line: LaunchLine, demo: Demo, person: Person) -> Iterator[str]:
    landed = visit.landed
    inside = landed.url.startswith(f"{demo.ottolearn_url}/")
    if person.outcome is not Outcome.MATCHED:
        yield from _refusal_problems(landed, line, inside, demo)
        return
    if not inside or not landed.ok:
        yield f"the browser ended with status {landed.status_code} outside OttoLearn"
        return
    if not _greets(landed, person.accounts[0]):
        yield f"OttoLearn does not greet user {person.accounts[0].user_id}"
    again = visit.repeat()
    if not 400 <= again.status_code < 500 or again.url.startswith(f"{demo.ottolearn_url}/"):
        yield f"a second use was answered with status {again.status_code}"


def _refusal_problems(landed: requests.Response, line: LaunchLine, inside: bool, demo: Demo) -> Iterator[str]:
    if inside:
        yield "the browser ended in OttoLearn"
    expected = REASONS[line.reason].status if line.reason in REASONS else 400
    if line.kind == Kind.LTI11 and line.outcome == Outcome.REJECTED and landed.url.startswith(f"{demo.lms_url}/?"):
        expected = 200  # LTI 1.1 sends a signed launch that cannot be taken back to its LMS, which shows the message
    if landed.status_code != expected:
        yield f"the status is {landed.status_code}, not {expected}"
    if line.reference not in landed.text:
        yield "the page does not show the reference"
    if line.student_id not in landed.text:
        yield "the page does not show the student ID"


def _greets(landed: requests.Response, account: Account) -> bool:
    page = read_page(landed)
    found = " ".join(page.xpath("string(//h1)").split()), page.xpath("string(//*[@id='user-id'])")
    return found == (f"Welcome, {account.first_name} {account.last_name}".strip(), str(account.user_id))
