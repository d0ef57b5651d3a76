"""The first configuration: complete, right, and nobody else's to read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapters import ADAPTERS
from bridge.cli import cli
from bridge.cli.first_configuration import KINDS
from bridge.config.configuration import load
from bridge.errors import ConfigError
from tests.conftest import ROOT

PASSWORD = "pass word $HOME \"quoted\" 'and' \\ `more`"
GIVEN = {
    "--public-url": "https://bridge.example.edu/",
    "--organization-id": "7",
    "--username": "bridge: api # user",
    "--learner-url": "https://learn.example.com/acme",
    "--lms-url": "https://lms.example.edu/moodle",
}


def init(folder: Path, *more: str, password: str | None = PASSWORD, typed: str = "", **changes: Any) -> Result:
    words = [part for name, value in {**GIVEN, **changes}.items() if value is not None for part in (name, value)]
    environ = {"OTTOLEARN_PASSWORD": password}
    return CliRunner().invoke(
        cli, ["--config", str(folder / "config.yaml"), "config", "init", *words, *more], input=typed, env=environ
    )


def files_in(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_mode & 0o777 for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_right_and_readable_by_its_owner_alone(tmp_path: Path, kind: str) -> None:
    old = os.umask(0)
    try:
        done = init(tmp_path, "--lms", kind)
    finally:
        os.umask(old)
    assert done.exit_code == 0, done.output
    modes = files_in(tmp_path)
    assert {"config.yaml", "secrets/ottobridge_secret_key", "secrets/ottolearn_password"} <= {*modes}
    assert {*modes.values()} == {0o600}
    found = load(tmp_path / "config.yaml", ADAPTERS, {})
    assert found.bridge.public_url == "https://bridge.example.edu"
    assert (found.ottolearn.organization_id, found.ottolearn.username) == (7, GIVEN["--username"])
    assert found.ottolearn.password.get_secret_value() == PASSWORD
    assert [*found.connections] == ([] if kind == "none" else [f"campus-{kind}"])
    shown = done.output + (tmp_path / "config.yaml").read_text()
    assert PASSWORD not in shown
    assert found.bridge.secret_key.get_secret_value() not in shown


def test_secrets_for_systemd_and_a_shell_are_read_back_as_they_are(tmp_path: Path) -> None:
    done = init(tmp_path, "--lms", "moodle", "--secrets-as", "env")
    assert done.exit_code == 0, done.output
    assert files_in(tmp_path) == {"config.yaml": 0o600, "secrets.env": 0o600}
    script = f'set -a; . ./secrets.env; set +a; exec "{sys.executable}" -m bridge config check'
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    how: dict[str, Any] = {"cwd": tmp_path, "env": environ, "capture_output": True, "text": True}
    checked = subprocess.run(["sh", "-c", script], **how, check=False)
    assert (checked.returncode, "Not set" in checked.stdout) == (0, False), checked.stderr
    told = subprocess.run(
        ["sh", "-c", '. ./secrets.env; printf %s "$OTTOLEARN_PASSWORD"'], cwd=tmp_path, capture_output=True, check=True
    )
    assert told.stdout.decode() == PASSWORD


def test_what_is_not_given_is_asked(tmp_path: Path) -> None:
    nothing = dict.fromkeys(GIVEN)
    typed = "https://b.example\n3\napi\nhttps://learn.example.com\nmoodle\nhttps://lms.example\nmy-password\n"
    done = init(tmp_path, password=None, typed=typed, **nothing)
    assert done.exit_code == 0, done.output
    assert "my-password" not in done.output
    found = load(tmp_path / "config.yaml", ADAPTERS, {})
    assert found.ottolearn.password.get_secret_value() == "my-password"
    assert found.ottolearn.learner_url == "https://learn.example.com"


@pytest.mark.parametrize("there", ["config.yaml", "secrets/ottolearn_oidc_secret"])
def test_nothing_that_is_there_is_written_over(tmp_path: Path, there: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / there).write_text("mine")
    done = init(tmp_path, "--lms", "canvas")
    assert (done.exit_code, "already exists; nothing was written" in done.output) == (1, True)
    assert {*files_in(tmp_path)} == {there}
    assert (tmp_path / there).read_text() == "mine"


def test_nobody_is_asked_for_a_configuration_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine")
    done = init(tmp_path, password=None, typed="", **dict.fromkeys(GIVEN))
    assert (done.exit_code, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--public-url", "bridge.example.edu"),
        ("--public-url", "http://bridge.example.edu"),
        ("--learner-url", "https://user:secret@learn.example.com"),
        ("--lms-url", "https://lms.example.edu/?a=b"),
        ("--organization-id", "0"),
    ],
)
def test_a_wrong_answer_is_told_and_writes_nothing(tmp_path: Path, option: str, value: str) -> None:
    done = init(tmp_path, "--lms", "moodle", **{option: value})
    assert done.exit_code == 2
    assert files_in(tmp_path) == {}


def test_a_bridge_on_this_machine_may_be_tried_without_https(tmp_path: Path) -> None:
    local = {"--public-url": "http://127.0.0.1:8000", "--lms-url": "http://localhost:8080"}
    assert init(tmp_path, "--lms", "scorm", **local).exit_code == 0


def test_the_wheel_carries_the_example(tmp_path: Path) -> None:
    del tmp_path
    packaging = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert packaging["wheel"]["force-include"] == {"config.example.yaml": "bridge/config.example.yaml"}
    shown = CliRunner().invoke(cli, ["config", "example"])
    assert shown.stdout == (ROOT / "config.example.yaml").read_text("utf-8")
    assert re.search(r"^bridge:$", shown.stdout, re.M)


@pytest.mark.parametrize("address", ["https://b.example.edu/sub", "https://b.example.edu/?a=b", "ftp://b.example.edu"])
def test_an_address_of_our_own_that_would_be_refused_later_is_refused_before_anything_is_written(
    tmp_path: Path, address: str
) -> None:
    assert init(tmp_path, "--lms", "none", **{"--public-url": address}).exit_code == 2
    assert files_in(tmp_path) == {}


def test_config_check_tells_what_every_command_would_refuse(tmp_path: Path) -> None:
    assert init(tmp_path, "--lms", "none").exit_code == 0
    path = tmp_path / "config.yaml"
    right = path.read_text("utf-8")
    for url in ("sqlite://", f"sqlite:///{tmp_path}/none/x.db", "postgresql+psycopg://u:p@x@h/d"):
        path.write_text(right.replace("sqlite:///ottobridge.db", url), "utf-8")
        found = CliRunner().invoke(cli, ["--config", str(path), "config", "check"])
        assert isinstance(found.exception, ConfigError), url
        found = CliRunner().invoke(cli, ["--config", str(path), "config", "check", "--json"])
        assert (found.exit_code, json.loads(found.stdout)["mistakes"] != []) == (2, True), url
        assert "p@x" not in found.stdout


def test_config_check_is_one_document_for_scripts(tmp_path: Path) -> None:
    assert init(tmp_path, "--lms", "canvas", "--lms-url", "https://canvas.example.edu").exit_code == 0
    found = CliRunner().invoke(cli, ["--config", str(tmp_path / "config.yaml"), "config", "check", "--json"])
    assert found.exit_code == 0, found.exception
    told = json.loads(found.stdout)
    assert told["mistakes"] == []
    assert [one["adapter"] for one in told["connections"]] == ["canvas"]
    assert set(told) == {"file", "mistakes", "connections", "warnings", "unset"}
