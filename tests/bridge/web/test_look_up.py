"""A launch of somebody whom OttoLearn does not know: they enter where the LMS leaves no doubt, and else nobody does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bridge.contracts import Assurance, Kind, Launch, Learner, Student
from bridge.errors import LaunchRejected, LearnerNotFound, RemoteUnavailable
from bridge.ottolearn.api import OttoLearnApi
from bridge.store import one_time, people, sync_runs, unmatched
from bridge.store.sync_schema import sync_person
from bridge.sync import look_up
from sandbox.ottolearn import Faults, create_sandbox
from sandbox.serving import serve
from tests.bridge.web.healing import UNHURRIED, Healing, healing, keys, write_config
from tests.conftest import ROOT
from tests.fakes.canvas import FakeCanvas, Login, error, throttled
from tests.fakes.canvas import Person as Canvas
from tests.fakes.moodle import ADMIN, GUEST, FakeMoodle
from tests.fakes.moodle import Person as Moodle
from tests.fakes.serving import FakeServer, Reply

ZOE = Canvas(101, "O’Brien, Zoë", "zoe@example.edu", (Login("S9", "zoe"),))
YAN = Canvas(102, "Li, Yan", "yan@example.edu", (Login("S8", "yan"),))
ANA = Moodle(7, "ana", "Zoë", "O’Brien", "ana@example.invalid", "S9")
INVENTED = 12


class World:
    """Two LMSs, an OttoLearn, and the bridges between them."""

    def __init__(self, canvas: FakeCanvas, moodle: FakeMoodle, faults: Faults, places: dict[str, str]) -> None:
        self.canvas, self.moodle, self.faults = canvas, moodle, faults
        self.places = places
        self.path = Path()

    def configure(self, folder: Path, database: str, **more: str) -> Path:
        self.path = write_config(folder / "config.yaml", database=database, **{**self.places, **more})
        return self.path

    def asked(self) -> int:
        """How often the LMSs were asked."""
        return sum(self.canvas.count.values()) + sum(self.moodle.count.values())


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    faults = Faults()
    ottolearn = create_sandbox(faults=faults, required_attributes=("firstName", "lastName", "username"))
    with (
        FakeCanvas(people=[ZOE, YAN]) as canvas,
        FakeMoodle(people=[GUEST, ADMIN, ANA]) as moodle,
        FakeServer(lambda _: Reply(200, keys(), {"Content-Type": "application/json"})) as platform,
        serve(ottolearn) as served,
    ):
        canvas.subjects = {101: "'a445ca99-S9'", 102: "'a445ca99-S8'"}
        places = {"ottolearn": served.url, "canvas": canvas.url, "moodle": moodle.url, "jwks": f"{platform.url}/jwks"}
        world = World(canvas, moodle, faults, places)
        world.configure(tmp_path, database_url)
        yield world


@pytest.fixture
def bridge(world: World) -> Iterator[Healing]:
    with healing(world.path) as bridge:
        yield bridge


def reconfigured(world: World, **more: str) -> Any:
    database = next(line.split(": ", 1)[1] for line in world.path.read_text().splitlines() if "database_url" in line)
    return healing(world.configure(world.path.parent, database, **more))


def entered(answer: Any) -> bool:
    return bool(answer.status_code == 303 and answer.location.startswith("https://learn.example.com/in"))


def only(bridge: Healing, student_id: str) -> Learner:
    (user,) = bridge.users(student_id)
    return user


def test_somebody_new_enters_at_the_first_launch(bridge: Healing, world: World) -> None:
    assert entered(bridge.launch("S9"))
    user = only(bridge, "S9")
    assert user.attributes["firstName"] == "Zoë"
    assert bridge.last().outcome == "matched"
    (run,) = sync_runs.newest(bridge.services.engine, 10)
    assert (run.kind, run.status, run.summary["created"]) == ("look_up", "done", 1)
    (record,) = people.listed(bridge.services.engine, "campus", record="101")
    assert (record.namespace, record.student_id, record.user_id) == ("roster", "S9", user.user_id)
    with bridge.services.engine.connect() as connection:
        assert connection.execute(select(sync_person.c.user_id)).scalars().all() == [user.user_id]
    asked = world.asked()
    assert entered(bridge.launch("S9"))
    assert (len(bridge.users("S9")), world.asked()) == (1, asked)


def test_somebody_new_of_moodle_enters(bridge: Healing) -> None:
    assert entered(bridge.launch("S9", "learning", sub="7"))
    assert only(bridge, "S9").attributes["lastName"] == "O’Brien"
    (record,) = people.listed(bridge.services.engine, "learning", record="7")
    assert record.student_id == "S9"


def test_the_mapping_of_the_roster_fills_the_user(world: World) -> None:
    roster = "{attributes: {employeeId: login_id}}"
    with reconfigured(world, canvas_roster=roster) as bridge:
        assert entered(bridge.launch("S9"))
        assert only(bridge, "S9").attributes["employeeId"] == "zoe"


def test_whom_the_lms_does_not_have_stays_outside(bridge: Healing, world: World) -> None:
    answer = bridge.launch("S404")
    assert (answer.status_code, bridge.last().reason, bridge.users("S404")) == (404, "no_match", [])
    assert "Canvas" in bridge.last().detail
    (row,) = unmatched.newest(bridge.services.engine, 10)
    assert (row.student_id, row.outcome) == ("S404", "no_match")
    asked = world.asked()
    bridge.launch("S404")
    assert world.asked() == asked  # what it said is remembered for a while


def test_another_person_s_id_opens_nothing(bridge: Healing) -> None:
    """The launch comes from Zoë's record, and names Yan's ID."""
    answer = bridge.launch("S8", sub="'a445ca99-S9'")
    assert (answer.status_code, bridge.last().reason, bridge.users("S8")) == (409, "look_up_doubtful", [])
    assert unmatched.newest(bridge.services.engine, 10)[0].outcome == "look_up_doubtful"


def test_moodle_s_launch_of_another_record_opens_nothing(bridge: Healing) -> None:
    bridge.launch("S9", "learning", sub="8")
    assert (bridge.last().reason, bridge.users("S9")) == ("look_up_doubtful", [])


def test_a_record_that_the_lms_cannot_tell_is_held_against_the_name(bridge: Healing, world: World) -> None:
    world.canvas.subjects = {}
    bridge.launch("S8")
    assert (bridge.last().reason, bridge.users("S8")) == ("look_up_doubtful", [])
    assert entered(bridge.launch("S9"))


def test_two_people_with_one_id_are_let_in_neither(bridge: Healing, world: World) -> None:
    world.moodle.people.append(ANA._replace(id=8, username="bea"))
    bridge.launch("S9", "learning", sub="7")
    assert (bridge.last().reason, bridge.users("S9")) == ("look_up_doubtful", [])
    assert "2 people" in bridge.last().detail


def test_whoever_is_suspended_in_the_lms_is_not_made(bridge: Healing, world: World) -> None:
    world.moodle.people[-1] = ANA._replace(suspended=True)
    bridge.launch("S9", "learning", sub="7")
    assert (bridge.last().reason, bridge.users("S9")) == ("look_up_inactive", [])


def test_whoever_is_not_in_the_roster_s_courses_is_nobody(world: World) -> None:
    world.canvas.courses = {"5": []}
    with reconfigured(world, canvas_roster="{filters: {courses: ['5']}}") as bridge:
        assert bridge.launch("S9").status_code == 404
        assert bridge.users("S9") == []


def test_what_ottolearn_requires_and_the_lms_does_not_say_is_told(bridge: Healing, world: World) -> None:
    world.canvas.people = [Canvas(101, "Zoë", None, (Login("S9", "zoe"),))]
    answer = bridge.launch("S9")
    assert (answer.status_code, bridge.last().reason) == (404, "newcomer_incomplete")
    assert "lastName" in bridge.last().detail


def test_a_conflict_of_the_roster_is_one_of_the_launch(bridge: Healing) -> None:
    """OttoLearn has the ID, in another letter case: perhaps somebody else."""
    bridge.ottolearn.create({"firstName": "A", "lastName": "B", "username": "s9"}, "x" * 40)
    bridge.launch("S9")
    assert bridge.last().reason == "look_up_doubtful"
    assert bridge.users("S9") == []


def test_a_user_who_has_lost_the_id_in_ottolearn_gets_no_second_one(bridge: Healing) -> None:
    assert entered(bridge.launch("S9"))
    bridge.ottolearn.update(only(bridge, "S9").user_id, {"username": "married"}, True)
    bridge.services.directory.refresh()
    bridge.launch("S9")
    assert (bridge.last().reason, bridge.users("S9")) == ("identity_changed", [])


def test_what_a_limit_holds_waits_for_an_administrator(world: World) -> None:
    with reconfigured(world, canvas_roster="{limits: {creations: {number: 1}}}") as bridge:
        assert entered(bridge.launch("S9"))
        answer = bridge.launch("S8", given_name="Yan", family_name="Li")
        assert (answer.status_code, bridge.last().reason, bridge.users("S8")) == (403, "look_up_held", [])
        run = sync_runs.newest(bridge.services.engine, 1)[0]
        assert (run.status, run.summary["held"]) == ("held_back", 1)


def test_made_up_ids_cost_the_lms_a_budget_and_no_more(world: World) -> None:
    with reconfigured(world, canvas_more="    look_up: {per_minute: 3}") as bridge:
        bridge.begin_a_minute()
        for number in range(INVENTED):
            bridge.launch(f"X{number}")
        assert world.asked() == 3
        assert bridge.last().reason == "look_up_unavailable"
        bridge.clock.ahead += 60
        assert entered(bridge.launch("S9"))


def test_what_came_of_a_look_up_is_not_remembered_for_as_long_as_a_clock_was_ahead(world: World) -> None:
    with reconfigured(world) as bridge:
        bridge.clock.ahead += 365 * 86_400
        assert bridge.launch("X1").status_code == 404
        bridge.clock.ahead -= 365 * 86_400
        asked = world.asked()
        bridge.launch("X1")
        assert world.asked() > asked


def find(bridge: Healing, connection: str, student_id: str, assurance: Assurance) -> int:
    """The OttoLearn user whom a launch of a package reaches."""
    launch = Launch(Student(student_id, "Zoë", "O’Brien"), Kind.SCORM12, assurance)
    return bridge.services.launches.find(connection, launch, student_id).learner.user_id


def test_what_a_browser_says_has_nobody_looked_up(bridge: Healing, world: World) -> None:
    for assurance in (Assurance.ASSERTED, Assurance.CLAIMED):
        with pytest.raises(LearnerNotFound, match=assurance):
            find(bridge, "course", "S9", assurance)
    assert world.asked() == 0


def test_launches_by_another_connection_are_looked_up_where_their_roster_is(bridge: Healing) -> None:
    user_id = find(bridge, "course", "S9", Assurance.CONFIRMED)
    (record,) = people.listed(bridge.services.engine, "campus", record="101")
    assert record.user_id == user_id


def test_a_file_that_is_the_roster_is_looked_into(bridge: Healing, world: World) -> None:
    """What the browser alone says may be looked up here, and gets a fifth of the budget."""
    bridge.begin_a_minute()
    sheet = world.path.parent / "people.csv"
    sheet.write_text("Number,First name,Last name\nS9,Zoë,O’Brien\nS8,Yan,Li\nS7,A,B\nS7,C,D\n", "utf-8")
    user_id = find(bridge, "print", "S9", Assurance.ASSERTED)
    assert only(bridge, "S9").user_id == user_id
    with pytest.raises(LaunchRejected, match="2 people"):
        find(bridge, "print", "S7", Assurance.ASSERTED)
    with pytest.raises(LaunchRejected, match="per_minute"):
        find(bridge, "print", "S6", Assurance.ASSERTED)
    assert world.asked() == 0


def test_columns_that_were_only_recognised_let_nobody_in(bridge: Healing, world: World) -> None:
    world.path.write_text(world.path.read_text().replace(", columns: {student_id: Number}", ""))
    (world.path.parent / "people.csv").write_text("Matrikelnummer,First name,Last name\nS9,Zoë,O’Brien\n", "utf-8")
    with healing(world.path) as guessing, pytest.raises(LaunchRejected, match="recognised"):
        find(guessing, "print", "S9", Assurance.ASSERTED)
    assert bridge.users("S9") == []


@pytest.mark.parametrize("reply", [error(500), throttled(), error(401), Reply(200, b"<html>log in</html>")])
def test_an_lms_that_fails_is_left_alone_for_a_while(bridge: Healing, world: World, reply: Reply) -> None:
    world.canvas.fail_next(reply, times=1)
    answer = bridge.launch("S9")
    assert (answer.status_code, bridge.last().reason, bridge.users("S9")) == (503, "look_up_unavailable", [])
    asked = world.asked()
    assert bridge.launch("S9").status_code == 503
    assert world.asked() == asked
    bridge.clock.ahead += look_up.REST
    assert entered(bridge.launch("S9"))


def test_a_slow_lms_holds_nobody_up_for_long(bridge: Healing, world: World) -> None:
    world.canvas.delay = 1.0
    with healing(world.path, limits=replace(UNHURRIED, answer=0.3)) as hurried:
        answer = hurried.launch("S9")
    assert (answer.status_code, bridge.last().reason, bridge.users("S9")) == (503, "look_up_unavailable", [])
    while one_time.look(bridge.services.engine, "look-ups", "campus", now=bridge.clock()) is None:
        time.sleep(0.01)  # the LMS is left alone from then on
    assert bridge.users("S9") == []


def test_an_answer_of_ottolearn_that_is_lost_makes_nobody_twice(
    bridge: Healing, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = OttoLearnApi.create

    def lost(self: OttoLearnApi, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner:
        create(self, attributes, password, active)
        raise RemoteUnavailable("no answer in time")

    monkeypatch.setattr(OttoLearnApi, "create", lost)
    for _ in range(2):
        assert bridge.launch("S9").status_code == 503
        bridge.clock.ahead += look_up.REST
    monkeypatch.undo()
    bridge.clock.ahead += 60
    assert entered(bridge.launch("S9"))
    assert len(bridge.users("S9")) == 1


def process(world: World, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bridge.web.healing", str(world.path), "campus", "S9", *options]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_two_processes_make_one_user(bridge: Healing, world: World) -> None:
    world.canvas.delay = 0.2
    both = [process(world), process(world)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    ends = [one.communicate(timeout=600)[0].split() for one in both]
    assert ends == [["303", "matched", "-"]] * 2
    assert len(bridge.users("S9")) == 1
    assert len(sync_runs.newest(bridge.services.engine, 10)) == 1


def test_a_process_that_is_killed_after_the_creation_leaves_one_user(bridge: Healing, world: World) -> None:
    dying = process(world, "dies")
    dying.communicate("go\n", timeout=600)
    assert dying.returncode == -9
    assert len(bridge.users("S9")) == 1
    with healing(world.path, limits=replace(UNHURRIED, answer=1.0)) as hurried:
        hurried.launch("S9")  # OttoLearn was read a moment ago, so nobody knows of the user yet
    assert len(bridge.users("S9")) == 1
    bridge.clock.ahead += UNHURRIED.claim
    assert entered(bridge.launch("S9"))
    assert len(bridge.users("S9")) == 1


def test_a_known_person_who_lost_the_id_in_ottolearn_gets_no_second_user(bridge: Healing) -> None:
    user = bridge.ottolearn.create({"firstName": "Zoë", "lastName": "O’Brien", "username": "S9"}, "p" * 32)
    assert entered(bridge.launch("S9"))
    bridge.ottolearn.update(user.user_id, {"username": "S9-mended"}, True)
    bridge.services.directory.refresh()
    assert not entered(bridge.launch("S9"))
    assert bridge.last().reason == "identity_changed"
    assert bridge.users("S9") == []
