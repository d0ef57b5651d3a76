"""`ottobridge doctor` finds what is wrong, says what to do, and changes nothing unless it is told to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bridge.cli import cli
from bridge.config.settings import Frozen
from bridge.contracts import Adapter, Connection, Observation, RosterEnd, RosterMember, Student
from bridge.doctor.checks import Doctor, Finding
from bridge.errors import ConfigError, RemoteUnavailable, RosterIncomplete
from bridge.keys.own import OwnKeys
from bridge.learners.students import Rule
from bridge.net.http import Outbound
from bridge.net.retry import with_retries
from bridge.roster.settings import LookUpPolicy
from bridge.store.connections import StoredConnection, add
from bridge.store.engine import migrate, open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import append
from sandbox.ottolearn import Faults, create_sandbox
from sandbox.serving import serve

PEOPLE = [
    {
        "id": number,
        "active": True,
        "attribute": {"firstName": "Zoë", "lastName": "王", "username": f"A{number}", "employeeId": f"E{number}"},
    }
    for number in (1, 2, 3)
]
CONFIG = """
bridge: {{public_url: "https://bridge.example.edu", secret_key: 0123456789abcdef0123456789abcdef,
         database_url: "sqlite:///{folder}/bridge.db", trusted_networks: [127.0.0.0/8]}}
ottolearn:
  api_url: {url}
  organization_id: 1
  username: api
  password: {password}
  username_attributes: {attributes}
  learner_url: {url}/learn
  api: {api}
  sign_in: {sign_in}
connections:
  campus: {{adapter: moodle, student_id: idnumber,
           lti13: {{issuer: "{url}", client_id: c, deployment_ids: ["1"], auth_url: "{url}/auth",
                   jwks_url: "{url}/keys"}}}}
  packages: {{adapter: scorm}}
"""
SIGNED = "{method: signed_link, url: 'https://learn.example.com', secret: 0123456789abcdef0123456789abcdef}"
OIDC = (
    "{method: oidc, client_id: o, client_secret: 0123456789abcdef0123456789abcdef, "
    "redirect_uris: ['https://learn.example.com/cb']}"
)


class Bench:
    """A configuration, the sandbox OttoLearn behind it, and the command."""

    def __init__(self, folder: Path, url: str, faults: Faults) -> None:
        self.folder, self.url, self.faults = folder, url, faults

    def run(self, *words: str, **changes: str) -> tuple[int, list[dict[str, Any]]]:
        values = {"password": "api", "attributes": "[username, employeeId]", "api": "{}", "sign_in": SIGNED, **changes}
        path = self.folder / "config.yaml"
        path.write_text(CONFIG.format(folder=self.folder, **{"url": self.url, **values}), "utf-8")
        runner = CliRunner()
        if "unread" not in words:
            runner.invoke(cli, ["--config", str(path), "learners", "refresh"])
        asked = [word for word in words if word != "unread"]
        done = runner.invoke(cli, ["--config", str(path), "doctor", "--json", *asked])
        assert done.stdout, done.output
        return done.exit_code, json.loads(done.stdout)["findings"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    faults = Faults()
    with serve(create_sandbox(PEOPLE, faults=faults)) as served:
        yield Bench(tmp_path, served.url, faults)


def state(findings: list[dict[str, Any]], area: str, what: str) -> str:
    return next(finding["state"] for finding in findings if (finding["area"], finding["what"]) == (area, what))


def test_what_works_is_said_to_work_and_nothing_is_written(bench: Bench) -> None:
    code, findings = bench.run("packages")
    assert code == 0
    assert {finding["state"] for finding in findings} == {"ok"}
    assert {what for what in bench.faults.asked if what.startswith(("POST create", "PUT"))} == set()


def test_a_directory_that_was_never_read_is_told(bench: Bench) -> None:
    code, findings = bench.run("unread", "packages")
    assert (code, state(findings, "database", "directory")) == (1, "failed")


@pytest.mark.parametrize("purpose", ["lti", "oidc"])
def test_keys_that_another_secret_encrypted_are_reported_with_the_command_to_run(bench: Bench, purpose: str) -> None:
    engine = open_database(f"sqlite:///{bench.folder / 'bridge.db'}")
    migrate(engine)
    OwnKeys(engine, "another-secret-another-secret-another", purpose, time.time).listed()
    engine.dispose()
    code, findings = bench.run("packages", sign_in=OIDC)
    (found,) = [finding for finding in findings if finding["what"] == f"our own keys for {purpose}"]
    assert (code, found["state"]) == (1, "failed")
    assert f"ottobridge keys rotate --now --purpose {purpose}" in found["detail"]


def test_wrong_credentials_are_told_with_what_to_compare(bench: Bench) -> None:
    code, findings = bench.run("packages", password="wrong")
    found = next(finding for finding in findings if finding["what"] == "log in and list users")
    assert (code, found["state"]) == (1, "failed")
    assert "ottolearn.password" in found["detail"]
    assert found["advice"]


@pytest.mark.parametrize(
    ("changes", "what", "expected"),
    [
        ({"attributes": "[username, studentNumber]"}, "key studentNumber", "failed"),
        ({"attributes": "[username, studentNumber]"}, "attribute studentNumber", "look"),
        ({"attributes": "[emailAddress]"}, "key emailAddress", "look"),
        ({"api": "{user: '/v9/user/{id}'}"}, "read one user", "failed"),
        ({"api": "{attributes: /v9/attribute}"}, "list attributes", "failed"),
        ({"api": "{attribute_name: key}"}, "key username", "failed"),
        ({"api": "{is_username: signsIn}"}, "key username", "look"),
        ({"api": "{users: /v9/user}"}, "log in and list users", "failed"),
        ({"api": "{login: /v9/login}"}, "log in and list users", "failed"),
    ],
)
def test_an_assumption_that_does_not_hold_is_named(
    bench: Bench, changes: dict[str, str], what: str, expected: str
) -> None:
    _, findings = bench.run("packages", **changes)
    assert state(findings, "ottolearn", what) == expected


def test_a_provider_that_nobody_reaches_is_told(bench: Bench) -> None:
    code, findings = bench.run("packages", sign_in=OIDC)
    assert (code, state(findings, "sign-in", "OpenID Provider")) == (1, "failed")


def test_keys_that_cannot_be_fetched_are_told_and_a_roster_that_is_not_set_up_is_no_fault(bench: Bench) -> None:
    code, findings = bench.run("campus")
    assert (code, state(findings, "campus", "keys of the LMS")) == (1, "failed")
    assert state(findings, "campus", "roster") == "look"


def test_only_when_told_to_it_writes_and_what_it_made_is_inactive(bench: Bench) -> None:
    code, findings = bench.run("packages", "--write")
    assert (code, state(findings, "ottolearn", "create and update")) == (0, "ok")
    assert (bench.faults.asked["POST create_user"], bench.faults.asked["PUT update_user"]) == (1, 1)
    code, findings = bench.run("packages", "--write", api="{password: secret}")
    assert (code, state(findings, "ottolearn", "create and update")) == (1, "failed")


def test_a_connection_that_registered_itself_is_examined_too(bench: Bench) -> None:
    engine = open_database(f"sqlite:///{bench.folder / 'bridge.db'}")
    migrate(engine)
    at = {name: f"{bench.url}/{name}" for name in ("auth_url", "jwks_url")}
    settings = {"student_id": "idnumber", "lti13": {"issuer": bench.url, "client_id": "c", **at}}
    settings["lti13"]["learn_deployments"] = True
    assert add(engine, StoredConnection("new-lms", "moodle", json.dumps(settings), 1.0))
    engine.dispose()
    for words in (["new-lms"], []):
        _, findings = bench.run(*words)
        assert state(findings, "new-lms", "keys of the LMS") == "failed"


def test_an_unknown_connection_is_wrong_usage(bench: Bench) -> None:
    bench.run("packages")
    done = CliRunner().invoke(cli, ["--config", str(bench.folder / "config.yaml"), "doctor", "nowhere"])
    assert done.exit_code == 2
    assert "campus, packages" in done.output


class Settings(Frozen):
    student_id: str = "sis_user_id"


def members(*ids: str) -> list[RosterMember]:
    return [RosterMember(Student(student_id, "", ""), {}) for student_id in ids]


def judged(read: Callable[..., Iterator[Any]], *launched: str, **more: Any) -> list[tuple[str, str]]:
    return [(found.what, found.state) for found in examined(read, *launched, **more)]


def examined(read: Callable[..., Iterator[Any]], *launched: str, **more: Any) -> list[Finding]:
    examine, look_up = more.pop("examine", None), more.pop("look_up", None)
    slots = {"read_roster": read, "examine": examine, "look_up": look_up}
    adapter = Adapter(name="test", title="Test", settings=Settings, **slots)
    match = SimpleNamespace(attribute="username")
    directory = SimpleNamespace(look=lambda student_id: match if student_id == "A1" else None)
    run_context = {
        "now": lambda: 0.0,
        "sleep": lambda _: None,
        "launched": lambda _: [Student(one, "", "") for one in launched],
        **more,
    }
    doctor = Doctor(None, "", directory, None, Outbound(), **run_context)
    policy = None if look_up is None else LookUpPolicy()
    connection = Connection("campus", adapter, Settings(), id_rules=[Rule(case="upper")], look_up=policy)
    return list(doctor.examine(connection))


@pytest.mark.parametrize(("look_up", "expected"), [(lambda *_: members("A1"), "ok"), (lambda *_: members(), "failed")])
def test_a_look_up_at_launch_is_tried_where_it_is_wanted(look_up: Any, expected: str) -> None:
    def read(*_: object) -> Iterator[Any]:
        return iter([members("A1"), RosterEnd(1)])

    assert ("look-up at launch", expected) in judged(read, look_up=look_up)
    assert "look-up at launch" not in dict(judged(read))


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([members("A1", "A2"), RosterEnd(2)], [("roster", "ok"), ("matching", "ok")]),
        ([members("A1", ""), RosterEnd(2)], [("roster", "look"), ("matching", "ok")]),
        ([members("", ""), RosterEnd(2)], [("roster", "failed")]),
        ([members("B1"), RosterEnd(1)], [("roster", "ok"), ("matching", "look")]),
    ],
)
def test_a_launch_id_that_the_roster_does_not_fill_is_found(pages: list[Any], expected: list[tuple[str, str]]) -> None:
    assert judged(lambda *_: iter(pages)) == expected


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(RosterIncomplete("too few rights"), "failed"), (ConfigError(["no api"]), "look")],
)
def test_a_roster_that_cannot_be_read_is_told(failure: Exception, expected: str) -> None:
    def read(*_: object) -> Iterator[Any]:
        raise failure
        yield

    assert judged(read) == [("roster", expected)]


def test_recent_launches_are_looked_for_beyond_the_first_page_of_the_roster() -> None:
    pages = [members("A1", "A2"), members("A3"), RosterEnd(3)]
    assert judged(lambda *_: iter(pages), "a1", "a3", "a1") == [
        *[("roster", "ok"), ("matching", "ok"), ("launch of A1", "ok"), ("launch of A3", "look")],
        *[(f"on the roster: {name}", "ok" if name == "A1" else "look") for name in ("A1", "A2", "A3")],
        ("candidate sis_user_id", "ok"),
        ("launch and roster", "ok"),
    ]


def test_a_slow_roster_is_not_read_to_its_end() -> None:
    clock = iter([0.0, *[1.0] * 1, *[1000.0] * 9])
    pages = [members("A1"), members("A2"), members("A3"), RosterEnd(3)]
    found = judged(lambda *_: iter(pages), "A3", now=lambda: next(clock))
    assert ("on the roster: A2", "look") in found
    assert ("on the roster: A3", "look") not in found


def test_a_roster_by_lti_memberships_has_our_key_at_hand() -> None:
    asked = []

    def of(connection: Connection[Any], *_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(services=lambda: asked.append(connection.name))

    def read(_: object, context: Any) -> Iterator[Any]:
        context.services()
        yield from [members("A1"), RosterEnd(1)]

    assert judged(read, readers=SimpleNamespace(of=of)) == [("roster", "ok"), ("matching", "ok")]
    assert asked == ["campus"]


def test_a_connection_whose_launches_carry_another_id_than_its_roster_is_found(tmp_path: Path) -> None:
    (tmp_path / "roster.jsonl").write_text(
        '{"login": "u1", "number": "00123", "first_name": "Z", "last_name": "O"}\n"end"\n', "utf-8"
    )
    tree = yaml.safe_load(
        CONFIG.format(
            folder=tmp_path, url="http://127.0.0.1:1", password="api", attributes="[username]", api="{}", sign_in=SIGNED
        )
    )
    tree["connections"] = {
        "filed": {"adapter": "tests.bridge.sync.filed:ADAPTER", "file": str(tmp_path / "roster.jsonl")}
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree), "utf-8")
    engine = open_database(f"sqlite:///{tmp_path / 'bridge.db'}")
    migrate(engine)
    append(engine, LaunchLine(1.0, "filed", "scorm12", "00123", "Z", "O", "no_match", "no_match", "R1"))
    engine.dispose()
    done = CliRunner().invoke(cli, ["--config", str(tmp_path / "config.yaml"), "doctor", "--json", "filed"])
    (told,) = [f for f in json.loads(done.stdout)["findings"] if f["what"] == "launch and roster"]
    assert (told["area"], told["state"], told["advice"].split(",")[0]) == (
        "filed",
        "failed",
        "set `student_id: number` in the connection",
    )


def test_a_roster_that_never_comes_does_not_hold_the_doctor_up() -> None:
    def read(_: object, context: Any) -> Iterator[Any]:
        while True:
            context.sleep(10.0)
        yield

    assert judged(read) == [("roster", "failed")]


def test_a_roster_whose_lms_is_nowhere_is_told_with_what_failed() -> None:
    def nowhere() -> None:
        raise RemoteUnavailable("lms.example.edu: the name does not resolve")

    def read(_: object, context: Any) -> Iterator[Any]:
        yield [with_retries(nowhere, context)]

    (found,) = examined(read)
    assert found.detail == "the roster did not come within 60 seconds: lms.example.edu: the name does not resolve"


def test_launches_by_another_connection_are_held_against_the_roster_that_knows_these_people() -> None:
    adapter = Adapter(name="packages", title="Packages", settings=Settings)
    packages = Connection("packages", adapter, Settings(), id_rules=[Rule(strip_prefix="x-")])
    students = {"campus": [], "packages": [Student("x-A1", "", "")]}
    read = lambda *_: iter([members("A1"), RosterEnd(1)])  # noqa: E731
    found = judged(read, launched=students.__getitem__, launching={"campus": [packages]}.__getitem__)
    assert ("launch of A1", "ok") in found
    assert found[-1] == ("launch and roster", "ok")


def test_what_only_one_lms_must_be_looked_at_for_is_told_and_what_fails_there_ends_nothing() -> None:
    def looked(*_: object) -> Iterator[Observation]:
        yield Observation("numbers", "look", "two of them", "name one")
        raise RemoteUnavailable("lms.example.edu answered 503")

    *_, found, failed = examined(lambda *_: iter([members("A1"), RosterEnd(1)]), examine=looked)
    assert found == Finding("campus", "numbers", "look", "two of them", "name one")
    assert failed == Finding("campus", "Test", "failed", "lms.example.edu answered 503")
