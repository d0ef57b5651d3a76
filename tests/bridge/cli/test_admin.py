"""`ottobridge admin` and `ottobridge audit`: accounts are made and ended, their passwords shown to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import cli
from tests.bridge.cli.test_db import CONFIG

Run = Callable[..., Result]
PASSWORD = "correct horse battery"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(url=f"sqlite:///{tmp_path / 'bridge.db'}"), "utf-8")

    def ran(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(cli, ["--config", str(config), *arguments], input=typed)

    return ran


def test_an_account_is_made_listed_changed_and_removed(run: Run) -> None:
    assert run("admin", "create", "Ada@Example.edu", "--role", "owner", typed=f"{PASSWORD}\n").exit_code == 0
    assert run("admin", "create", "ada@example.edu", "--role", "viewer", typed=f"{PASSWORD}\n").exit_code == 2
    listed = json.loads(run("admin", "list", "--json").stdout)
    assert [(row["name"], row["role"], row["last used"]) for row in listed] == [("ada@example.edu", "owner", None)]
    assert run("admin", "role", "ada@example.edu", "viewer").exit_code == 0
    assert run("admin", "password", "ada@example.edu", typed="another battery horse\n").exit_code == 0
    assert run("admin", "remove", "ada@example.edu").exit_code == 0
    assert run("admin", "remove", "ada@example.edu").exit_code == 2
    assert "No account yet" in run("admin", "list").output


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "ada-ada-1234567", "x" * 300 + "abcdef"])
def test_a_password_that_is_guessed_at_once_is_not_taken(run: Run, password: str) -> None:
    answer = run("admin", "create", "ada", "--role", "owner", typed=f"{password}\n")
    assert answer.exit_code == 2
    assert "This is no password" in answer.output
    assert "No account yet" in run("admin", "list").output


def test_what_was_done_is_on_record_and_no_password_with_it(run: Run) -> None:
    run("admin", "create", "ada", "--role", "owner", typed=f"{PASSWORD}\n")
    run("admin", "role", "ada", "viewer")
    printed = run("audit", "--json").stdout
    acts = json.loads(printed)
    assert [(act["act"], act["details"]) for act in acts] == [
        ("change_role", {"account": "ada", "to": "viewer"}),
        ("create_account", {"account": "ada", "to": "owner"}),
    ]
    assert acts[0]["role"] == "command line"
    assert PASSWORD not in printed
    assert "argon2" not in printed
    assert "change_role" in run("audit").output
    assert "create_account" not in run("audit", "--act", "change_role").output
