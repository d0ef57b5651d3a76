"""Commands that answer at once load nothing that they do not use; a mistyped word is answered with the nearest."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import COMMANDS, cli
from bridge.errors import ConfigError
from bridge.store import launches
from bridge.store.address import read_url
from bridge.store.engine import open_database
from bridge.store.launch_lines import LaunchLine, newest_in_file
from tests.bridge.cli.test_db import CONFIG

CAMPUS = """
connections:
  campus: {adapter: canvas, student_id: sis_user_id, lti11: {consumer_key: k, shared_secret: s3cret}}
"""
HEAVY = ("sqlalchemy", "alembic", "flask", "pydantic", "requests", "joserfc", "lxml", "sandbox", "rich")


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(url=f"sqlite:///{tmp_path / 'bridge.db'}") + CAMPUS, "utf-8")
    return path


@pytest.mark.parametrize("asked", [["--help"], ["--version"], ["launches", "--help"]], ids=" ".join)
def test_a_question_about_commands_loads_none_of_what_they_work_with(asked: list[str]) -> None:
    program = (
        "import sys\n"
        "from bridge.cli import cli\n"
        f"cli.main({asked!r}, standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("lines", [0, 2])
def test_a_list_of_launches_loads_neither_the_settings_nor_a_database_library(config_file: Path, lines: int) -> None:
    fill(config_file, lines)
    program = (
        "import sys\n"
        "from bridge.cli import cli\n"
        f"cli.main(['--config', {str(config_file)!r}, 'launches', '--json'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
    assert len(json.loads(done.stdout)) == lines


def fill(config_file: Path, lines: int) -> None:
    """A database with so many launches, each a second after the one before."""
    CliRunner().invoke(cli, ["--config", str(config_file), "db", "upgrade"], catch_exceptions=False)
    engine = open_database(f"sqlite:///{config_file.parent / 'bridge.db'}")
    for number in range(lines):
        line = LaunchLine(float(number), "campus", "lti13", f"a{number}", "Zoë", "王", "matched", "", f"ABCD-{number}")
        launches.append(engine, line)
    engine.dispose()


def test_the_list_read_from_the_file_is_the_one_that_the_store_gives(config_file: Path) -> None:
    fill(config_file, 3)
    url = f"sqlite:///{config_file.parent / 'bridge.db'}"
    engine = open_database(url)
    try:
        for last in (1, 2, 10):
            assert newest_in_file(url, last) == launches.newest(engine, last)
    finally:
        engine.dispose()


def test_a_database_that_is_not_there_or_too_old_is_opened_as_ever(config_file: Path) -> None:
    file = config_file.parent / "bridge.db"
    assert newest_in_file(f"sqlite:///{file}", 10) is None
    assert not file.exists()
    assert CliRunner().invoke(cli, ["--config", str(config_file), "launches"]).stdout == "No launch yet.\n"
    assert newest_in_file(f"sqlite:///{file}", 10) == []
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    assert newest_in_file(f"sqlite:///{file}", 10) is None


@pytest.mark.parametrize(
    "url",
    [
        *("sqlite:///{}/plain.db", "sqlite+pysqlite:///{}/plain.db", "sqlite:///{}/a b%20c.db", "sqlite:///{}/x@y.db"),
        *("sqlite:///{}/plain.db?timeout=1", "sqlite:///{}/ü.db", "sqlite:///{}/a#b.db"),
    ],
)
def test_the_file_is_the_one_that_every_other_command_opens(tmp_path: Path, migrated_sqlite: Path, url: str) -> None:
    url = url.format(tmp_path)
    file = shutil.copy(migrated_sqlite, read_url(url).database or "")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "INSERT INTO launch (time, connection, kind, student_id, first_name, last_name, outcome, reason, reference,"
            " detail, mark) VALUES (1, '', '', '', '', '', '', '', 'here', '', '')"
        )
        connection.commit()
    found = newest_in_file(url, 10)
    assert found is None or [line.reference for line in found] == ["here"]
    assert (found is None) == any(sign in url for sign in "?#%")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x.db", "postgresql://u:p@h/d"])
def test_what_is_no_plain_file_is_left_to_the_library(url: str) -> None:
    assert newest_in_file(url, 10) is None


@pytest.mark.parametrize("words", ["launches", "runs", "keys list", "unmatched"])
def test_a_list_can_be_read_where_the_secrets_of_connections_are_not_set(config_file: Path, words: str) -> None:
    text = config_file.read_text("utf-8")
    for given, unset in (("s3cret", '"${NOBODY_SET_THIS}"'), ("password: api", "password: ${NOR_THIS}")):
        assert given in text
        text = text.replace(given, unset)
    config_file.write_text(text, "utf-8")
    done = CliRunner().invoke(cli, ["--config", str(config_file), *words.split()])
    assert (done.exit_code, done.stderr) == (0, ""), done.exception


@pytest.mark.parametrize("missing", ["", "/${NOT_SET}.db", "${file:/not/there}"])
def test_a_database_that_cannot_be_told_is_a_mistake_and_not_a_new_file(config_file: Path, missing: str) -> None:
    text = config_file.read_text("utf-8").replace("/bridge.db", missing).replace("sqlite:///", missing and "sqlite:///")
    config_file.write_text(text, "utf-8")
    done = CliRunner().invoke(cli, ["--config", str(config_file), "launches"])
    assert isinstance(done.exception, ConfigError)
    assert "bridge.database_url" in str(done.exception)
    assert not list(config_file.parent.glob("*.db"))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    command = getattr(importlib.import_module(f"bridge.cli.{name}"), name)
    assert COMMANDS[name] == command.get_short_help_str(limit=200)


@pytest.mark.parametrize(("typed", "meant"), [("lanches", "launches"), ("docter", "doctor"), ("sinc", "sync")])
def test_a_mistyped_command_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    answer = CliRunner().invoke(cli, [typed])
    assert answer.exit_code == 2
    assert f"Did you mean '{meant}'?" in answer.stderr


@pytest.mark.parametrize("group", ["runs", "launches", "unmatched"])
def test_whoever_asks_a_record_for_its_list_is_told_that_it_lists_by_itself(group: str) -> None:
    answer = CliRunner().invoke(cli, [group, "list"])
    assert answer.exit_code == 2
    assert f"{group}` alone lists them" in answer.stderr


def complete(config_file: Path, *words: str) -> list[str]:
    """What a shell is told after `ottobridge WORDS…`, the last one being typed."""
    asked = {
        "_OTTOBRIDGE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("ottobridge", *words)),
        "COMP_CWORD": str(len(words)),
        "OTTOBRIDGE_CONFIG": str(config_file),
    }
    command = [sys.executable, "-c", "from bridge.cli import cli; cli(prog_name='ottobridge')"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **asked})
    return [line.partition(",")[2] for line in done.stdout.splitlines() if "," in line]


def test_a_shell_completes_commands_and_connections(config_file: Path, tmp_path: Path) -> None:
    assert complete(config_file, "la") == ["launches"]
    assert complete(config_file, "setup", "show", "cam") == ["campus"]
    assert complete(tmp_path / "nowhere.yaml", "setup", "show", "cam") == []
