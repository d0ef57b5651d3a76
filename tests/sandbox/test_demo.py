from __future__ import annotations

import dataclasses
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from flask import Response

from bridge.contracts import Kind, Outcome, Student
from bridge.ottolearn.signin import signed_link
from bridge.store import one_time
from bridge.web import pages
from sandbox.browser import Browser
from sandbox.check import Checked, check_launches
from sandbox.demo import run_demo
from sandbox.demo_config import build_campus, ottolearn_part, write_config
from sandbox.lms.doors import DOORS, find_door
from sandbox.ottolearn import Faults, create_sandbox
from sandbox.people import PEOPLE, find_person
from sandbox.postgresql import free_port

command = importlib.import_module("bridge.cli.demo")  # the name in its package is the click command
ROOT = Path(__file__).parents[2]
ONE_OF_EACH = [find_door(key) for key in ("canvas-lti13", "moodle-lti11", "scorm12", "aicc")]


@pytest.fixture(scope="module")
def demo():
    with run_demo() as running:
        yield running


@pytest.fixture(scope="module")
def checked(demo):
    return list(check_launches(demo))


def one(demo, door, person, **changes):
    changed = dataclasses.replace(find_person(person), **changes)
    return next(check_launches(demo, people=[changed], doors=[find_door(door)]))


def test_everybody_arrives_in_every_way_as_the_table_says(checked):
    assert [(launch.door.key, launch.person.key, launch.problems) for launch in checked] == [
        (door.key, person.key, ()) for door in DOORS for person in PEOPLE
    ]


def test_every_way_in_ends_in_the_same_student(checked):
    for person in PEOPLE:
        assert {launch.student for launch in checked if launch.person is person} == {person.student}


def test_no_launch_kind_and_no_connection_is_left_out(demo, checked):
    assert {launch.door.kind for launch in checked} == set(Kind)
    assert {launch.door.connection for launch in checked} == set(demo.configuration.connections)


@pytest.mark.parametrize("query", ["kind=canvas-lti13&login=get", "kind=canvas-lti11&signature=HMAC-SHA256"])
def test_the_ways_to_send_a_launch_that_a_check_leaves_out_work_too(demo, query):
    with Browser() as browser:
        assert browser.open(f"{demo.lms_url}/launch?person=wei&{query}").url.startswith(f"{demo.ottolearn_url}/learn")


@pytest.mark.parametrize("door", ONE_OF_EACH, ids=lambda door: door.key)
@pytest.mark.parametrize(
    ("person", "changes", "said"),
    [
        ("nora", {"outcome": Outcome.MATCHED}, "outcome is 'no_match', not 'matched'"),
        ("ana", {"outcome": Outcome.NO_MATCH}, "the browser ended in OttoLearn"),
        ("ana", {"accounts": find_person("zoe").accounts}, "does not greet user 102"),
        ("ana", {"given": "Anna"}, "first_name is 'Ana', not 'Anna'"),
        ("ana", {"family": "García"}, "last_name is 'García López', not 'García'"),
        ("ana", {"student_id": "A1"}, "student_id is 'A12001', not 'A1'"),
        ("sam", {"reason": "anonymous"}, "reason is 'student_id_missing', not 'anonymous'"),
    ],
)
def test_a_check_says_what_did_not_come_as_expected(demo, door, person, changes, said):
    assert said in " · ".join(one(demo, door.key, person, **changes).problems)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"connection": "demo-moodle"}, "connection is 'demo-canvas', not 'demo-moodle'"),
        ({"kind": Kind.LTI13}, "kind is 'lti11', not 'lti13'"),
    ],
)
def test_a_launch_that_came_in_another_way_fails_the_check(demo, changes, said):
    door = find_door("canvas-lti11")._replace(**changes)

    assert next(check_launches(demo, people=PEOPLE[:1], doors=[door])).problems == (said,)


def test_the_printed_account_opens_the_administrators_pages(demo):
    with requests.Session() as browser:
        page = browser.get(f"{demo.bridge_url}/admin", timeout=90).text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        asked = {"csrf": csrf, "name": demo.account.name, "password": demo.account.password}
        answer = browser.post(f"{demo.bridge_url}/admin/sign-in", data=asked, timeout=90)
        assert answer.url == f"{demo.bridge_url}/admin"
        assert "What needs you now" in answer.text


def test_a_signed_link_lets_the_same_people_in():
    with run_demo(method="signed_link") as linked:
        found = list(check_launches(linked, doors=[find_door("moodle-lti13")]))
    assert [launch.problems for launch in found] == [()] * len(PEOPLE)


def test_a_replay_that_only_ottolearn_stops_fails_the_check(monkeypatch):
    links = []

    def same_link(*arguments, **options):
        links.append(real(*arguments, **options))
        return links[0]

    real = signed_link.signed_link
    monkeypatch.setattr(signed_link, "signed_link", same_link)
    monkeypatch.setattr("bridge.web.lti.consume", lambda *_, **__: True)

    with run_demo(method="signed_link") as demo:
        assert one(demo, "moodle-lti11", "ana").problems == ("a second use was answered with status 403",)


def test_a_replay_that_is_answered_as_if_all_were_well_fails_the_check(demo, monkeypatch):
    real = pages.make_response
    monkeypatch.setattr(pages, "make_response", lambda page, *_: real(page))

    assert one(demo, "moodle-lti11", "ana").problems == ("a second use was answered with status 200",)


def test_a_bridge_that_takes_a_signed_form_twice_fails_the_check(demo, monkeypatch):
    monkeypatch.setattr("bridge.web.lti.consume", lambda *_, **__: True)

    assert one(demo, "moodle-lti11", "ana").problems == ("a second use was answered with status 200",)


@pytest.mark.parametrize("door", ["scorm2004", "aicc"])
def test_a_bridge_whose_one_time_address_works_twice_fails_the_check(demo, monkeypatch, door):
    kept = {}

    def take(engine, purpose, code, *, now):
        kept[code] = kept.get(code) or real(engine, purpose, code, now=now)
        return kept[code]

    real = one_time.take
    monkeypatch.setattr(one_time, "take", take)

    assert one(demo, door, "ana").problems == ("a second use was answered with status 200",)


def test_a_bridge_that_forgets_a_launch_fails_the_check(demo, monkeypatch):
    monkeypatch.setattr("bridge.store.launches.append", lambda *_: None)

    found = one(demo, "canvas-lti11", "ana")

    assert found.problems == ("the bridge recorded no launch",)
    assert (found.student, found.outcome) == (Student("", "", ""), "")


def test_a_page_that_hides_what_support_needs_fails_the_check(demo, monkeypatch):
    monkeypatch.setattr("bridge.web.pages.render_template", lambda *_, **__: "Sorry.")

    assert one(demo, "canvas-lti11", "nora").problems == (
        "the page does not show the reference",
        "the page does not show the student ID",
    )


def test_a_wrong_status_fails_the_check(demo, monkeypatch):
    monkeypatch.setattr("bridge.web.pages.make_response", lambda page, _: Response(page))

    assert one(demo, "canvas-lti11", "nora").problems == ("the status is 200, not 404",)


@pytest.mark.parametrize("door", ONE_OF_EACH, ids=lambda door: door.key)
def test_a_site_that_is_down_fails_the_check_and_does_not_end_it(demo, door):
    gone = dataclasses.replace(demo, lms_url=f"http://127.0.0.1:{free_port()}")

    assert one(gone, door.key, "ana").problems == ("ConnectionError on the way",)


def test_the_first_launch_does_not_come_before_the_bridge_knows_anybody(monkeypatch):
    monkeypatch.setattr("sandbox.demo.create_sandbox", partial(create_sandbox, faults=Faults(latency=0.3)))

    with run_demo() as slow:
        assert requests.get(f"{slow.bridge_url}/readyz", timeout=90).status_code == 200


def test_a_bridge_that_never_gets_ready_is_told(monkeypatch):
    refusing = Faults(fail_next=1_000_000, fail_status=400)
    monkeypatch.setattr("sandbox.demo.create_sandbox", partial(create_sandbox, faults=refusing))
    monkeypatch.setattr("sandbox.demo.READY_WITHIN", 1.0)

    result = run("--port", "0")

    assert result.exit_code == 1
    assert "not ready within 1 seconds" in result.stderr


def test_nothing_of_a_demo_can_be_guessed_or_read_by_others(tmp_path):
    campus = build_campus("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")
    other = build_campus("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")
    path = write_config(tmp_path, "http://127.0.0.1:1", ottolearn_part("http://127.0.0.1:3", "p", {}), campus)

    assert path.stat().st_mode & 0o077 == 0
    for connection, tool in campus.tools.items():
        assert tool.shared_secret != other.tools[connection].shared_secret
        assert tool.shared_secret not in repr(campus)


def run(*arguments):
    return CliRunner().invoke(command.demo, arguments)


def failing(*_):
    yield Checked(DOORS[0], find_person("ana"), find_person("ana").student, "matched", ())
    yield Checked(DOORS[4], find_person("nora"), Student("A9", "N", "[b]"), "matched", ("outcome is 'matched'",))


def test_the_printed_document_is_json_and_nothing_else(monkeypatch):
    monkeypatch.setattr(
        command, "check_launches", lambda demo: check_launches(demo, people=PEOPLE[:1], doors=DOORS[:1])
    )

    result = run("--check", "--json")

    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document.pop("sync")["status"] == "done"
    assert document == {
        "launches": [
            {
                "connection": "demo-canvas",
                "kind": "lti13",
                "student_id": "A12001",
                "first_name": "Ana",
                "last_name": "García López",
                "outcome": "matched",
                "expected": "matched",
            }
        ]
    }


def test_a_failed_launch_fails_the_command_and_is_told_in_words(monkeypatch):
    monkeypatch.setattr(command, "check_launches", failing)

    result = run("--check")

    assert result.exit_code == 1
    assert "FAILED SCORM 1.2 package, Nora Newcomer: outcome is 'matched'" in result.stdout
    assert "[b]" in result.stdout
    assert "2 launches, 1 failed." in result.stdout
    assert run("--check", "--json").exit_code == 1


def test_json_without_a_check_is_wrong_usage():
    result = run("--json")

    assert result.exit_code == 2
    assert "--check" in result.stderr


def test_a_busy_port_is_named_and_fails():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("--port", port)

    assert result.exit_code == 1
    assert f"port {port} of 127.0.0.1" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_stopped_demo_leaves_nothing_behind(tmp_path, number):
    script = [sys.executable, "-c", "from bridge.cli.demo import demo; demo()", "--port", "0"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(script, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        said = [process.stderr.readline() for _ in range(6)]
        addresses = [line.split()[-1] for line in said[:3]]
        answers = [requests.get(address, timeout=90).status_code for address in addresses]
        process.send_signal(number)
        rest = process.stderr.read()

    assert "Ctrl-C" in said[5]
    assert said[3].split()[-1] == f"{addresses[1]}/admin"
    assert "name demo, password " in said[4]
    assert answers[0] == answers[2] == 200
    assert rest == "Stopped.\n"
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []
    for address in addresses:
        with pytest.raises(requests.ConnectionError):
            requests.get(address, timeout=90)


def test_the_check_syncs_a_roster_and_whoever_was_unknown_can_then_launch(monkeypatch):
    monkeypatch.setattr(command, "check_launches", lambda demo: iter(()))
    done = run("--check", "--json")
    assert done.exit_code == 0, done.output
    sync = json.loads(done.stdout)["sync"]
    assert (sync["status"], sync["read"], sync["created"], sync["deactivated"]) == ("done", len(PEOPLE), 1, 0)


def test_a_sync_that_does_not_end_well_fails_the_check(monkeypatch):
    monkeypatch.setattr(command, "check_launches", lambda demo: iter(()))
    monkeypatch.setattr(command, "check_newcomers", lambda demo: [failed_newcomer()])
    assert run("--check", "--json").exit_code == 1


def failed_newcomer() -> Checked:
    return Checked(DOORS[0], find_person("nora"), Student("", "", ""), "no_match", ("ended as no_match",))
