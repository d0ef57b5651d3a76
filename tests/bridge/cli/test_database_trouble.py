"""A command whose database fails says so in one sentence, and its exit code tells scripts."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CONFIG = """
bridge:
  public_url: https://bridge.example.edu
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: {url}
ottolearn:
  organization_id: 1
  username: api
  password: password
  learner_url: https://learn.example.com
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
connections:
  campus: {{adapter: moodle}}
"""


def told(folder: Path, url: str, *words: str, largest_file: int = -1) -> str:
    """What the command says; it fails, in one sentence."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(url=url), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "--config", str(config), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file)),
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_locked_database_is_one_sentence(tmp_path: Path, migrated_sqlite: Path) -> None:
    file = shutil.copy(migrated_sqlite, tmp_path / "bridge.db")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert "Error: the database is locked by another process" in told(
            tmp_path, f"sqlite:///{file}", "keys", "rotate"
        )
    finally:
        other.close()


def test_a_disk_that_takes_no_more_is_one_sentence(tmp_path: Path) -> None:
    said = told(tmp_path, f"sqlite:///{tmp_path / 'new.db'}", "launches", largest_file=20_000)
    assert "Error: the database" in said
    assert "disk" in said


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear Sir or Madam, " * 100)
    assert "is no database" in told(tmp_path, f"sqlite:///{tmp_path / 'letter.db'}", "runs")


@pytest.mark.parametrize("words", [("launches",), ("unmatched",), ("runs",), ("keys", "list"), ("package", "list")])
def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = told(tmp_path, "postgresql+psycopg://o:word@127.0.0.1:1/o", *words)
    assert "cannot be opened: the database does not answer" in said
    assert "word" not in said
