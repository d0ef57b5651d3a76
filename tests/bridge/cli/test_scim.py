"""`ottobridge scim` and `ottobridge sync scim`: tokens, shown once, and what was pushed brought to OttoLearn."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from bridge.cli import cli
from bridge.scim import tokens
from bridge.store import scim_resources
from bridge.store.engine import open_database
from bridge.store.scim_resources import USER, Keys
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.rostered import around

DAY = 86_400.0


class Office:
    """A configuration with a SCIM connection, and an OttoLearn."""

    def __init__(self, folder: Path, ottolearn: str) -> None:
        self.config = folder / "config.yaml"
        self.database = f"sqlite:///{folder / 'bridge.db'}"
        tree = around(
            folder,
            ottolearn,
            {
                "staff": {"adapter": "scim", "roster": {"attributes": {"emailAddress": "email"}}},
                "campus": {"adapter": "moodle"},
            },
        )
        self.config.write_text(yaml.safe_dump(tree))

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(cli, ["--config", str(self.config), *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def is_let_in(self, token: str, ahead: float = 0.0) -> bool:
        engine = open_database(self.database)
        try:
            return tokens.Tokens(engine).let_in("staff", token, time.time() + ahead)
        finally:
            engine.dispose()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with serve(create_sandbox(username_attributes=("username", "employeeId"))) as served:
        yield Office(tmp_path, served.url)


def test_a_token_is_shown_once_with_the_address(office: Office) -> None:
    made = office.json("scim", "token", "staff")
    assert set(made) == {"connection", "token", "url"}
    assert (made["connection"], made["url"]) == ("staff", "https://bridge.example.edu/scim/v2/staff")
    assert office.is_let_in(made["token"])
    listed = office.run("scim", "tokens", "staff").stdout
    assert made["token"] not in listed
    shown = office.run("scim", "token", "staff").stdout
    assert made["url"] in shown
    assert made["token"] not in shown


@pytest.mark.parametrize(("grace", "after"), [((), 7 * DAY), (("--grace", "2h"), 7200.0), (("--grace", "0"), 0.0)])
def test_the_token_before_ends_after_its_grace(office: Office, grace: tuple[str, ...], after: float) -> None:
    old = office.json("scim", "token", "staff")["token"]
    new = office.json("scim", "token", "staff", *grace)["token"]
    assert office.is_let_in(old, max(0.0, after - 60)) is (after > 0)
    assert not office.is_let_in(old, after + 60)
    assert office.is_let_in(new, after + 60)


def test_a_token_is_listed_with_its_last_use_and_revoked(office: Office) -> None:
    token = office.json("scim", "token", "staff")["token"]
    assert office.json("scim", "tokens", "staff")[0]["last used"] is None
    assert office.is_let_in(token)
    (row,) = office.json("scim", "tokens", "staff")
    assert row["last used"] is not None
    assert row["state"] == "valid"
    assert office.run("scim", "revoke", "staff", row["token"]).exit_code == 0
    assert not office.is_let_in(token)
    assert office.json("scim", "tokens", "staff")[0]["state"] == "revoked"
    assert office.run("scim", "revoke", "staff", row["token"]).exit_code == 2


def test_only_a_connection_that_takes_pushes_has_tokens(office: Office) -> None:
    for name in ("campus", "nobody"):
        answer = office.run("scim", "token", name)
        assert answer.exit_code == 2
        assert name in answer.stderr
    assert office.run("scim", "token", "staff", "--grace", "soon").exit_code == 2


def push(office: Office, *names: str) -> None:
    office.run("scim", "token", "staff")
    engine = open_database(office.database)
    for name in names:
        said: dict[str, Any] = {"userName": name, "name": {"givenName": name, "familyName": "Lee"}}
        said["emails"] = [{"value": f"{name}@example.com"}]
        values = scim_resources.values_of("staff", USER, name, Keys(), json.dumps(said), time.time())
        scim_resources.create(engine, values)
    engine.dispose()


def test_the_doctor_looks_at_what_was_pushed(office: Office) -> None:
    push(office, "ann", "bob")
    found = {one["what"]: one for one in office.json("doctor", "staff")["findings"] if one["area"] == "staff"}
    assert found["roster"]["detail"] == "2 of the first 2 people have a userName"


def test_what_was_pushed_is_synced_by_command(office: Office) -> None:
    push(office, "ann", "bob")
    planned = office.json("sync", "scim", "staff", "--plan")
    assert (planned["status"], planned["created"]) == ("planned", 2)
    assert office.json("sync", "run", "staff")["created"] == 2
    assert office.json("sync", "run", "staff")["created"] == 0
    assert office.json("learners", "find", "ann", "--connection", "staff")["outcome"] == "matched"


def test_setup_says_what_to_enter(office: Office) -> None:
    shown = office.run("setup", "staff").stdout
    assert "https://bridge.example.edu/scim/v2/staff" in shown
    assert "Microsoft Entra ID" in shown
    assert "Okta" in shown
