"""How far a reader of one launch has to walk, from its view to its line in the record.

A *file* is one of ours that something is called in. A *step* is a file from which the walk leads on to another one for
the first time; the others only answer, and are read like a word. A *return* is a function, not met before, that is
called in a file which is left but not done with: its own call still waits further up.

Some files are known before anybody begins to read a launch: the words of the project, and what every request runs
through (`KNOWN`). Those *to read* are the others.
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

import pytest

from bridge.packages.origin import Packages
from tests.bridge.web.conftest import Bridge
from tests.conftest import ROOT
from tests.fakes.lti_platform import claims, token

RECORD = ("bridge/store/launches.py", "append")
MOST_FILES, MOST_TO_READ, MOST_STEPS, MOST_RETURNS = 27, 16, 11, 1
KNOWN = {
    *("bridge/contracts.py", "bridge/identifiers.py", "bridge/config/settings.py", "bridge/net/answers.py"),
    *("bridge/logs.py", "bridge/tracing/traces.py", "bridge/web/metrics.py"),
    *("bridge/store/engine.py", "bridge/store/pool.py", "bridge/store/prepared.py", "bridge/store/text.py"),
}


class Walk:
    """What is called between the first call of `view`, a file, and the end of `RECORD`."""

    def __init__(self, view: str) -> None:
        self.view = view
        self.files: list[str] = []
        self.steps: set[str] = set()
        self.returns: list[str] = []
        self.is_done = False
        self._met: set[CodeType] = set()

    def __enter__(self) -> Walk:
        sys.setprofile(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _hear(self, frame: FrameType, event: str, _argument: Any) -> None:
        place = _file_of(frame)
        if event == "return" and (place, frame.f_code.co_qualname) == RECORD:
            self.is_done = True
        if event != "call" or not place or self.is_done or not (self.files or place == self.view):
            return
        self._enter(frame.f_code, place, [file for file in _callers(frame) if file])

    def _enter(self, code: CodeType, place: str, callers: list[str]) -> None:
        is_new = code not in self._met
        self._met.add(code)
        if place not in self.files:
            if self.files:
                self.steps.add(callers[0])
            self.files.append(place)
        elif is_new and callers[0] != place and place in callers:
            self.returns.append(f"{place}: {code.co_qualname}")


def _file_of(frame: FrameType) -> str:
    """The file among ours, by its place in the project; empty for others."""
    name = frame.f_code.co_filename
    place = name.removeprefix(f"{ROOT}/") if name.startswith(f"{ROOT}/") else ""
    return place if place.startswith(("bridge/", "adapters/")) else ""


def _callers(frame: FrameType) -> list[str]:
    found, caller = [], frame.f_back
    while caller is not None:
        found.append(_file_of(caller))
        caller = caller.f_back
    return found


def lti(bridge: Bridge) -> Walk:
    asked = bridge.login()
    fields = {"id_token": token(claims(asked["nonce"], bridge.now)), "state": asked["state"]}
    with Walk("bridge/web/lti.py") as walk:
        answer = bridge.client.post("/lti/campus/launch", data=fields)
    assert answer.status_code == 303
    return walk


def scorm(bridge: Bridge) -> Walk:
    headers = {"Origin": "https://lms.example.edu", "Authorization": "Bearer a-package-s-own-token"}
    posted = {"version": "scorm12", "learner_id": "S000101", "learner_name": "O\u2019Brien, Zo\u00eb"}
    with Walk("bridge/web/packages.py") as walk:
        answer = bridge.client.post("/scorm/packages/launch", json=posted, headers=headers)
    assert answer.status_code == 200
    return walk


@pytest.mark.parametrize("launch", [lti, scorm])
def test_a_launch_is_read_in_few_steps_and_hardly_any_returns(bridge: Bridge, launch: Any) -> None:
    Packages(bridge.engine, lambda: bridge.now).register("packages", "scorm12", "Safety", "a-package-s-own-token")
    launch(bridge)  # what is loaded or kept by the first one is not looked for by the second
    walk = launch(bridge)
    assert walk.is_done
    assert len(walk.files) <= MOST_FILES, walk.files
    to_read = [file for file in walk.files if file not in KNOWN]
    assert len(to_read) <= MOST_TO_READ, to_read
    assert len(walk.steps | {RECORD[0]}) <= MOST_STEPS, [file for file in walk.files if file in walk.steps]
    assert len(walk.returns) <= MOST_RETURNS, walk.returns
