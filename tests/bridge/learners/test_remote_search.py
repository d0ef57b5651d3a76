"""Where OttoLearn can be asked for one user, a learner made a moment ago need not wait for the whole list."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from sqlalchemy import Engine

from bridge.contracts import Learner
from bridge.errors import LearnerAmbiguous, LearnerNotFound, RemoteUnavailable
from bridge.learners import remote_search
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.ottolearn.settings import OttoLearn
from sandbox.serving import serve

NAMES = ("username", "employeeId")
ANA = Learner(1, True, {"username": "Ana"})


def user(user_id: int, **attribute: str) -> dict[str, Any]:
    return {"id": user_id, "active": True, "attribute": attribute}


class Answering:
    """An OttoLearn that can be asked for one user, and counts how often it is, and how often its list is read."""

    def __init__(self) -> None:
        self.users = [user(1, username="Ana"), user(2, username="new & näw", employeeId="E-2")]
        self.asked: list[tuple[str, str]] = []
        self.lists = 0
        self.answer: Any = None
        self.now = 1000.0

    def app(self) -> flask.Flask:
        app = flask.Flask("ottolearn")
        app.add_url_rule("/authenticate/login", "login", lambda: {"sessionToken": "t"}, methods=["POST"])
        app.add_url_rule("/find/<attribute>", "find", self.find)
        return app

    def find(self, attribute: str) -> Any:
        value = flask.request.args["is"]
        self.asked.append((attribute, value))
        if self.answer is not None:
            return self.answer
        return flask.jsonify([one for one in self.users if one["attribute"].get(attribute) == value])

    def list(self) -> Iterator[Learner]:
        self.lists += 1
        yield ANA


@pytest.fixture
def ottolearn() -> Answering:
    return Answering()


@pytest.fixture
def directory(engine: Engine, ottolearn: Answering, loopback: Outbound) -> Iterator[Directory]:
    with serve(ottolearn.app()) as served:
        yield made(engine, ottolearn, loopback, served.url, search="/find/{attribute}?is={value}")


def made(engine: Engine, ottolearn: Answering, loopback: Outbound, url: str, **api: str) -> Directory:
    settings = OttoLearn(
        api_url=url,
        organization_id=1,
        username="api",
        password="api",
        learner_url=url,
        sign_in={"method": "signed_link", "url": url, "secret": "s" * 32},
        api=api,
    )
    now = lambda: ottolearn.now  # noqa: E731
    asking = OttoLearnApi(settings, loopback, attempts=1)
    search = remote_search.remote_search(engine, asking, NAMES, now)
    directory = Directory(engine, NAMES, ottolearn.list, now, every=30, max_wait=60, search=search)
    directory.refresh()
    ottolearn.lists = 0
    return directory


@pytest.mark.parametrize("student_id", ["new & näw", "E-2"])
def test_a_learner_made_a_moment_ago_is_found_without_reading_the_list(
    directory: Directory, ottolearn: Answering, student_id: str
) -> None:
    assert directory.find(student_id).learner.user_id == 2
    assert directory.find(student_id).learner.user_id == 2
    assert ottolearn.lists == 0
    assert ottolearn.asked == [("username", student_id), ("employeeId", student_id)]


def test_two_people_who_share_an_id_are_both_found_and_nobody_is_let_in(
    directory: Directory, ottolearn: Answering
) -> None:
    ottolearn.users.append(user(3, username="E-2"))
    with pytest.raises(LearnerAmbiguous):
        directory.find("E-2")


def test_whoever_ottolearn_names_without_the_id_is_not_taken_for_its_owner(
    directory: Directory, ottolearn: Answering
) -> None:
    ottolearn.answer = flask.Response('[{"id": 5, "attribute": {"username": "somebody"}}]')
    with pytest.raises(LearnerNotFound):
        directory.find("nobody")
    assert directory.look("somebody") is None


@pytest.mark.parametrize(
    "answer",
    [("[]", 200), ("{}", 404), ("no", 400), ("<html>", 200), ("[" + " " * 2_000_000 + "]", 200), ('{"a": 1}', 200)],
    ids=["nobody", "404", "400", "a page", "endless", "no user"],
)
def test_a_search_that_does_not_work_hides_nobody_whom_the_list_has(
    directory: Directory, ottolearn: Answering, answer: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    ottolearn.answer = answer
    with caplog.at_level(logging.WARNING), pytest.raises(LearnerNotFound):
        directory.find("nobody")
    assert ottolearn.lists == 1


def test_an_ottolearn_that_is_down_is_not_asked_for_its_list_as_well(
    directory: Directory, ottolearn: Answering
) -> None:
    ottolearn.answer = ("down", 503)
    with pytest.raises(RemoteUnavailable):
        directory.find("nobody")
    assert ottolearn.lists == 0


def test_one_unknown_id_is_asked_for_once_in_a_while(directory: Directory, ottolearn: Answering) -> None:
    for _ in range(5):
        with pytest.raises(LearnerNotFound):
            directory.find("nobody")
    assert len(ottolearn.asked) == 2
    ottolearn.now += remote_search.SPAN
    with pytest.raises(LearnerNotFound):
        directory.find("nobody")
    assert len(ottolearn.asked) == 4


def test_many_unknown_ids_do_not_flood_ottolearn(
    directory: Directory, ottolearn: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_search, "MOST", 3)
    for number in range(10):
        with pytest.raises(LearnerNotFound):
            directory.find(f"nobody {number}")
    assert len(ottolearn.asked) == 3 * len(NAMES)


def test_without_the_setting_ottolearn_is_asked_for_nothing_that_it_may_not_know(
    engine: Engine, ottolearn: Answering, loopback: Outbound
) -> None:
    with serve(ottolearn.app()) as served:
        directory = made(engine, ottolearn, loopback, served.url)
        with pytest.raises(LearnerNotFound):
            directory.find("E-2")
    assert (ottolearn.asked, ottolearn.lists) == ([], 1)


@pytest.mark.parametrize("search", ["/find", "/find?{attribute}", "find?is={value}", "/find?is={value}&n={other}"])
def test_a_search_that_cannot_name_the_id_is_a_mistake(search: str) -> None:
    from bridge.ottolearn.wire import Wire

    with pytest.raises(ValueError, match="search"):
        Wire(search=search)
