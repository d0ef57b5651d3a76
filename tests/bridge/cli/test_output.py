"""What a stranger put into a name or an address does nothing to the terminal of whoever looks at it."""

from __future__ import annotations

import ast
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bridge.cli import cli
from bridge.cli.output import EscapingFormatter, escape_controls, escaped_json, say
from bridge.cli.tables import print_table
from bridge.store.engine import migrate, open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import append
from tests.conftest import ROOT

EVIL = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e10\u2066x\u2069\u200b\u00ad\ufeff\U000e0041\r"
SHOWN = r"\x1b]0;title\x07\x1b[2J\x9b31m\u202e10\u2066x\u2069\u200b\xad\ufeff\U000e0041\x0d"
KEPT = "Zoë Ørsted 山田 علی می\u200cخواهم क्\u200dष\t🙂"
HARMFUL = {
    *map(chr, range(32)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}
HARMFUL -= {"\n", "\t"}


def test_control_characters_and_directions_are_shown_by_their_numbers() -> None:
    assert escape_controls(EVIL) == SHOWN


def test_names_of_every_script_stay_as_they_are() -> None:
    assert escape_controls(KEPT) == KEPT


@given(st.text())
def test_nothing_harmful_is_left_in_any_text(text: str) -> None:
    assert not HARMFUL & {*escape_controls(text)}
    escape_controls(text).encode()  # no half character, at which a terminal's encoding would fail


@given(st.dictionaries(st.text(), st.text()))
def test_json_means_the_same_and_holds_nothing_harmful(document: dict[str, str]) -> None:
    written = escaped_json(json.dumps(document, ensure_ascii=False))
    assert json.loads(written) == document
    assert not HARMFUL & {*written}


def test_tables_lines_and_the_log_are_all_written_so(capsys: Any) -> None:
    print_table(["name"], [[EVIL]])
    say(EVIL)
    say(EVIL, err=True)
    out, error = capsys.readouterr()
    assert out.count(SHOWN) == 2
    assert SHOWN in error
    assert not HARMFUL & {*out, *error}
    line = logging.LogRecord("bridge", logging.WARNING, "", 1, "an origin %s", (EVIL,), None)
    assert EscapingFormatter("%(message)s").format(line) == f"an origin {SHOWN}"


def commands() -> list[Path]:
    return [path for path in sorted((ROOT / "bridge" / "cli").glob("*.py")) if path.name != "output.py"]


@pytest.mark.parametrize("path", commands(), ids=lambda path: path.name)
def test_no_command_prints_past_bridge_cli_output(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"click.echo", "click.secho", "print", "Text", "sys.stderr.write"}, ast.unparse(node)
            if called == "sys.stdout.write":
                assert "escaped_json" in ast.unparse(node)
            if called.endswith("onsole.print"):
                assert not isinstance(node.args[0], ast.JoinedStr), ast.unparse(node)


CONFIG = """
bridge:
  public_url: https://bridge.example.edu
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: sqlite:///{folder}/bridge.db
ottolearn:
  organization_id: 1
  username: api
  password: password
  learner_url: https://learn.example.com
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
connections: {{packages: {{adapter: scorm}}}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(folder=tmp_path), "utf-8")
    return path


@pytest.mark.parametrize("words", [["launches"], ["launches", "--json"], ["launches", "explain", "7K3M-9QXT"]])
def test_a_name_from_a_launch_does_nothing_to_the_terminal(config: Path, words: list[str]) -> None:
    engine = open_database(f"sqlite:///{config.parent / 'bridge.db'}")
    migrate(engine)
    line = LaunchLine(1.0, "packages", "scorm12", EVIL, EVIL, EVIL, "rejected", "malformed", "7K3M-9QXT", EVIL)
    append(engine, line)
    engine.dispose()
    found = CliRunner().invoke(cli, ["--config", str(config), *words])
    assert found.exit_code == 0, found.output
    assert "u202e" in found.output
    assert not HARMFUL & {*found.output}


@pytest.mark.parametrize("words", [["learners", "find", EVIL], [EVIL], ["sync", "run", EVIL], ["setup", EVIL]])
def test_a_mistake_that_is_repeated_does_nothing_to_the_terminal(config: Path, words: list[str]) -> None:
    command = [sys.executable, "-m", "bridge", "--config", str(config), *words]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert found.returncode in {1, 2}
    assert "u202e" in found.stderr + found.stdout
    assert not HARMFUL & {*found.stderr, *found.stdout}


def test_a_configuration_with_such_characters_does_nothing_to_the_terminal(config: Path) -> None:
    config.write_text(config.read_text("utf-8").replace("adapter: scorm", 'adapter: "\\u202e\\e[2J"'), "utf-8")
    command = [sys.executable, "-m", "bridge", "--config", str(config), "config", "check"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert (found.returncode, "u202e" in found.stderr) == (2, True)
    assert not HARMFUL & {*found.stderr}
