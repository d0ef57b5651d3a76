"""Commands that answer at once load nothing that they do not use; a mistyped word is answered with the nearest."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import COMMANDS, cli
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


def test_a_list_of_launches_loads_no_adapter_and_no_migrations(config_file: Path) -> None:
    CliRunner().invoke(cli, ["--config", str(config_file), "db", "upgrade"], catch_exceptions=False)
    program = (
        "import sys\n"
        "from bridge.cli import cli\n"
        f"cli.main(['--config', {str(config_file)!r}, 'launches'], standalone_mode=False)\n"
        "unused = ('adapters.canvas', 'alembic', 'flask', 'requests', 'sandbox')\n"
        "print([name for name in unused if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    command = getattr(importlib.import_module(f"bridge.cli.{name}"), name)
    assert COMMANDS[name] == command.get_short_help_str(limit=200)


@pytest.mark.parametrize(("typed", "meant"), [("lanches", "launches"), ("docter", "doctor"), ("sinc", "sync")])
def test_a_mistyped_command_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    answer = CliRunner().invoke(cli, [typed])
    assert answer.exit_code == 2
    assert f"Did you mean '{meant}'?" in answer.stderr


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
