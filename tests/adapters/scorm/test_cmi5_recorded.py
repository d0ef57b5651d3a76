"""What ADL's CATAPULT player took from us once, call by call, is what we still send."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from adapters.scorm import report
from adapters.scorm.cmi5 import read_cmi5
from adapters.scorm.settings import Cmi5, Settings
from bridge.contracts import Assurance, LaunchRequest, Report, Student
from bridge.net.http import Outbound
from tests.fakes.contexts import callback_means
from tests.fakes.serving import FakeServer, Reply, Request

RECORDING = Path(__file__).resolve().parents[2] / "recordings" / "cmi5" / "catapult.json"
NOW = 1_800_000_000.0


class Player:
    """Answers as the player did, and notes each call in the words of the recording."""

    def __init__(self, calls: list[dict[str, Any]]) -> None:
        self.server = FakeServer(self._answer)
        self.waiting = list(calls)
        self.made: list[dict[str, Any]] = []

    def _answer(self, request: Request) -> Reply:
        call: dict[str, Any] = {"method": request.method, "path": request.path, "query": dict(parse_qsl(request.query))}
        if request.method == "PUT":
            call["statement"] = json.loads(request.body)
            assert call["statement"].pop("timestamp") == "2027-01-15T08:00:00.000Z"
        self.made.append(call)
        recorded = self.waiting.pop(0) if self.waiting else {"status": 500, "answer": None}
        return Reply(recorded["status"], b"" if recorded["answer"] is None else json.dumps(recorded["answer"]).encode())


@pytest.fixture
def sessions() -> list[dict[str, Any]]:
    """As they were played."""
    found: list[dict[str, Any]] = json.loads(RECORDING.read_text("utf-8"))["sessions"]
    return found


def test_the_reference_lms_is_sent_what_it_took(sessions: list[dict[str, Any]], loopback: Outbound) -> None:
    player = Player([call for session in sessions for call in session["calls"]])
    context = callback_means(loopback, NOW)
    with player.server:
        settings = Settings(cmi5=Cmi5(allowed_urls=(f"{player.server.url}/",)))
        for session in sessions:
            asked = {name: text.replace("{lms}", player.server.url) for name, text in session["parameters"].items()}
            launch = read_cmi5(LaunchRequest("GET", "https://b.example", query=tuple(asked.items())), settings, context)
            assert launch.student == Student("A12001", "Ana", "García López")
            assert launch.assurance is Assurance.CONFIRMED
            assert launch.package_token == "catapult-token"
            assert launch.return_url == "https://lms.example.edu/back"
            for said in session["reports"]:
                told = Report(**said, new_seconds=said["seconds"], time=NOW)
                report(launch.channel, told, settings, context)
    recorded = [call for session in sessions for call in session["calls"]]
    for made, call in zip(player.made, recorded, strict=True):
        assert made == {name: call[name] for name in made}


def test_the_recording_holds_a_whole_story(sessions: list[dict[str, Any]]) -> None:
    calls = [call for session in sessions for call in session["calls"] if "statement" in call]
    assert all(call["status"] == 204 for call in calls)
    verbs = [call["statement"]["verb"]["display"]["en"] for call in calls]
    first = ["initialized", "progressed", "completed", "passed", "terminated"]
    assert verbs == [*first, "initialized", "terminated", "initialized", "terminated"]


def test_the_page_of_requirements_names_tests_that_there_are() -> None:
    root = RECORDING.parents[3]
    named = set(re.findall(r"`(test_\w+)`", (root / "docs" / "cmi5.md").read_text("utf-8")))
    files = ("adapters/scorm/test_cmi5.py", "sandbox/test_progress.py")
    there = {
        name for file in files for name in re.findall(r"^def (test_\w+)", (root / "tests" / file).read_text(), re.M)
    }
    assert named
    assert named <= there
