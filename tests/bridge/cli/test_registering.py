"""`setup`, `connections` and `keys`: what an operator types to install the bridge in an LMS."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import yaml
from click.testing import CliRunner, Result

from adapters import ADAPTERS
from bridge.cli import cli
from bridge.config.configuration import load
from bridge.install.registration import PURPOSE
from bridge.lti.registration import readable_token
from bridge.store import one_time
from bridge.store.connections import StoredConnection, add, learn_deployment
from bridge.store.engine import migrate, open_database

CONFIG = """
bridge:
  public_url: https://bridge.example.edu
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: sqlite:///{database}
ottolearn:
  organization_id: 1
  username: api
  password: password
  learner_url: https://learn.example.com
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
connections:
  campus:
    adapter: canvas
    lti11: {{consumer_key: the-key, shared_secret: the-secret}}
  packages: {{adapter: scorm}}
courses:
  - {{key: SAFE-101, title: Safety at Work}}
"""
LTI13 = {
    "issuer": "https://lms.example.edu",
    "client_id": "client-1",
    "learn_deployments": True,
    "auth_url": "https://lms.example.edu/auth",
    "jwks_url": "https://lms.example.edu/jwks",
}

REGISTERED = {"student_id": "idnumber", "lti13": LTI13}
MOODLE = next(adapter for adapter in ADAPTERS if adapter.name == "moodle")

Run = Callable[..., Result]


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bridge.db'}"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command on a configuration of its own; what it printed, and its exit code."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(database=tmp_path / "bridge.db"), "utf-8")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(path), *words])

    return run


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def register(database: str, name: str = "new-lms") -> None:
    """A connection as dynamic registration leaves it."""
    engine = open_database(database)
    migrate(engine)
    settings = msgspec.json.encode(REGISTERED).decode()
    assert add(engine, StoredConnection(name, "moodle", settings, 1.0))
    learn_deployment(engine, name, (LTI13["issuer"], LTI13["client_id"]), "7", 2.0)
    engine.dispose()


def test_the_sheet_is_printed_without_a_secret(run: Run) -> None:
    shown = run("setup", "campus").stdout
    assert "https://bridge.example.edu/lti/campus/launch" in shown
    assert "$Canvas.masqueradingUser.id" in shown
    assert "the-secret" not in shown
    assert "the-key" not in shown


def test_text_and_json_say_the_same(run: Run) -> None:
    document = printed(run("setup", "campus", "--json"))
    shown = run("setup", "campus").stdout
    assert document["connection"] == "campus"
    for section in document["sections"]:
        assert section["title"] in shown
        for entry in section["entries"]:
            assert entry["label"] in shown
            assert entry["value"].strip() in shown


def test_options_may_stand_before_the_connection(run: Run) -> None:
    assert printed(run("setup", "--json", "campus"))["connection"] == "campus"


def test_a_registered_connection_has_a_sheet_too(run: Run, database: str) -> None:
    register(database)
    assert printed(run("setup", "new-lms", "--json"))["title"] == "Moodle: new-lms"


def test_a_registered_connection_can_be_given_more_than_it_registered_with(
    run: Run, database: str, tmp_path: Path
) -> None:
    register(database)
    section = printed(run("setup", "new-lms", "--json"))["sections"][0]
    tree = yaml.safe_load((tmp_path / "config.yaml").read_text("utf-8"))
    tree["connections"] |= yaml.safe_load(section["entries"][0]["value"])["connections"]
    tree["connections"]["new-lms"]["student_id_rules"] = [{"case": "lower"}]
    (tmp_path / "more.yaml").write_text(yaml.safe_dump(tree), "utf-8")
    copied = load(tmp_path / "more.yaml", ADAPTERS).connections["new-lms"]
    assert copied.settings == MOODLE.settings.model_validate(REGISTERED)
    assert section not in printed(run("setup", "campus", "--json"))["sections"]


def test_a_bridge_without_connections_says_how_one_is_made(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(re.sub(r"connections:\n(  .*\n)+", "", path.read_text("utf-8")), "utf-8")
    assert "ottobridge setup invite" in run("connections", "list").stdout
    assert printed(run("connections", "list", "--json")) == []


def test_what_a_platform_said_of_itself_can_be_read(run: Run, database: str) -> None:
    register(database)
    rows = {row["name"]: row for row in printed(run("connections", "list", "--json"))}
    assert {name: rows["new-lms"][name] for name in ("auth_url", "token_url", "jwks_url")} == {
        "auth_url": LTI13["auth_url"],
        "token_url": None,
        "jwks_url": LTI13["jwks_url"],
    }
    assert rows["campus"]["auth_url"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("setup", "new-lms"),
        ("setup", "invite", "other", "--adapter", "moodle"),
        ("connections", "list"),
        ("connections", "courses", "new-lms"),
        ("connections", "remove", "new-lms"),
    ],
)
def test_what_needs_no_secret_runs_where_the_secrets_are_not(
    run: Run, database: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    register(database)
    path = tmp_path / "config.yaml"
    path.write_text(path.read_text("utf-8").replace("the-secret", "'${NOBODY_SET_THIS}'"), "utf-8")
    assert run(*words).exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("setup", "no-such"), "no connection is called no-such"),
        (("setup", "packages"), "ottobridge package"),
        (("setup", "invite", "Bad Name", "--adapter", "moodle"), "allowed as a name"),
        (("setup", "invite", "campus", "--adapter", "moodle"), "called campus already"),
        (("setup", "invite", "new", "--adapter", "moodle", "--student-id", "email2"), "--student-id"),
        (("setup", "invite", "new", "--adapter", "lti", "--student-id", "custom."), "custom.NAME"),
        (("setup", "invite", "new", "--adapter", "scorm"), "scorm"),
        (("setup", "invite", "new", "--adapter", "lti", "--platform", "lms"), "--platform"),
        (("connections", "remove", "campus"), "remove it there"),
        (("connections", "remove", "no-such"), "no registered connection"),
    ],
)
def test_a_wrong_word_is_told_and_nothing_is_done(run: Run, words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.output
    assert result.stdout == ""


def test_an_invitation_is_an_address_with_a_code_that_is_kept(run: Run, database: str) -> None:
    invitation = printed(run("setup", "invite", "new-lms", "--adapter", "moodle", "--json"))
    address = urlsplit(invitation["url"])
    code = parse_qs(address.query)["invitation"][0]
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://bridge.example.edu/lti/register"
    assert len(code) >= 43
    assert readable_token(code)
    engine = open_database(database)
    kept = one_time.take(engine, PURPOSE, code, now=0.0)
    engine.dispose()
    assert kept is not None
    assert json.loads(kept["invitation"])["student_id"] == "idnumber"


def test_two_invitations_have_two_codes(run: Run) -> None:
    urls = {printed(run("setup", "invite", "new", "--adapter", "canvas", "--json"))["url"] for _ in range(2)}
    assert len(urls) == 2


def test_an_invitation_says_where_to_paste_it(run: Run) -> None:
    assert "Manage tools" in run("setup", "invite", "new", "--adapter", "moodle").stdout


def test_an_invitation_names_the_platforms_origin(run: Run, database: str) -> None:
    words = ("--platform", "https://Canvas.Example.edu/login", "--json")
    url = printed(run("setup", "invite", "new", "--adapter", "canvas", *words))["url"]
    engine = open_database(database)
    kept = one_time.take(engine, PURPOSE, parse_qs(urlsplit(url).query)["invitation"][0], now=0.0)
    engine.dispose()
    assert kept is not None
    assert json.loads(kept["invitation"])["platforms"] == ["https://canvas.example.edu"]


def test_every_connection_is_listed_with_where_it_comes_from(run: Run, database: str) -> None:
    register(database)
    rows = printed(run("connections", "list", "--json"))
    assert [(row["name"], row["source"]) for row in rows] == [
        ("campus", "configuration"),
        ("packages", "configuration"),
        ("new-lms", "registered"),
    ]
    assert rows[2]["client_id"] == "client-1"
    assert rows[2]["learned_deployment_ids"] == ["7"]
    assert "new-lms: moodle (registered)" in run("connections", "list").stdout


def test_a_registered_connection_can_be_removed_once(run: Run, database: str) -> None:
    register(database)
    assert run("connections", "remove", "new-lms").exit_code == 0
    assert [row["name"] for row in printed(run("connections", "list", "--json"))] == ["campus", "packages"]
    assert run("connections", "remove", "new-lms").exit_code == 2


def test_keys_are_listed_and_rotated_only_when_the_world_has_the_next_one(run: Run) -> None:
    rows = printed(run("keys", "list", "--json"))
    assert sorted(row["state"] for row in rows) == ["signs", "signs next"]
    early = run("keys", "rotate", "--json")
    assert early.exit_code == 3
    assert "hours remain" in early.stderr
    assert early.stdout == ""
    assert printed(run("keys", "list", "--json")) == rows


def test_leaked_keys_are_withdrawn(run: Run) -> None:
    leaked = {row["kid"] for row in printed(run("keys", "list", "--json"))}
    signing = printed(run("keys", "rotate", "--now", "--json"))["kid"]
    rows = printed(run("keys", "list", "--json"))
    assert leaked.isdisjoint(row["kid"] for row in rows)
    assert signing in {row["kid"] for row in rows if row["state"] == "signs"}


def test_keys_for_single_sign_on_are_others(run: Run) -> None:
    own = {row["kid"] for row in printed(run("keys", "list", "--json"))}
    assert own.isdisjoint(row["kid"] for row in printed(run("keys", "list", "--purpose", "oidc", "--json")))


def test_no_private_key_is_printed(run: Run) -> None:
    for words in (("keys", "list"), ("keys", "list", "--json"), ("keys", "rotate", "--now")):
        assert '"d"' not in run(*words).output
