"""Progress through a whole demo: OttoLearn's word reaches a strict LMS by real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import requests

from bridge.contracts import Outcome
from bridge.store.engine import open_database
from bridge.store.visits import Reported, Visit, idle, newest
from sandbox.browser import Browser
from sandbox.demo import Demo, run_demo
from sandbox.people import PEOPLE

PATIENCE = 90.0


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with run_demo(method="signed_link") as demo:
        yield demo


def await_settled(demo: Demo) -> tuple[Visit, Reported]:
    """What became of the last word, once it is decided."""
    engine = open_database(demo.configuration.bridge.database_url.get_secret_value())
    until, pause = time.monotonic() + PATIENCE, threading.Event()
    try:
        while time.monotonic() < until:
            visit, told = newest(engine, 1)[0]
            if told.state != "waiting":
                return visit, told
            pause.wait(0.05)
    finally:
        engine.dispose()
    raise AssertionError("nothing was delivered")


@pytest.mark.parametrize("kind", ["aicc", "cmi5"])
def test_an_lms_takes_the_whole_story(kind: str, demo: Demo) -> None:
    person = PEOPLE[0]
    with Browser() as browser:
        assert browser.open(f"{demo.lms_url}/launch?{urlencode({'person': person.key, 'kind': kind})}").ok
    token = demo.configuration.bridge.progress_token
    assert token is not None
    with requests.Session() as ottolearn:
        ottolearn.trust_env = False
        ottolearn.headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        for progress, mastered in ((0.4, False), (1.0, True)):
            said = {"connection": "demo-packages", "student_id": person.student_id, "progress": progress}
            answer = ottolearn.post(
                f"{demo.bridge_url}/api/v1/progress", json={**said, "mastered": mastered}, timeout=90
            )
            assert answer.status_code == 202
            visit, told = await_settled(demo)
            assert (visit.kind, told.state, told.mastered, told.detail) == (kind, "delivered", mastered, "")


def test_a_session_of_nobody_is_ended_too(demo: Demo) -> None:
    stranger = next(person for person in PEOPLE if person.outcome is Outcome.NO_MATCH)
    with Browser() as browser:
        browser.open(f"{demo.lms_url}/launch?{urlencode({'person': stranger.key, 'kind': 'cmi5'})}")
    engine = open_database(demo.configuration.bridge.database_url.get_secret_value())
    try:
        waiting = idle(engine, kinds=("cmi5",), before=time.time() + 60.0, most=50)
    finally:
        engine.dispose()
    assert [visit.user_id for visit in waiting if visit.student_id == stranger.student_id] == [-1]
