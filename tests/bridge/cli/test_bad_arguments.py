"""A mistyped argument is answered in a sentence and by an exit code, and never by a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

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
"""


@pytest.mark.parametrize(
    ("words", "exit_code", "told"),
    [
        (["runs", "show", "9" * 30], 2, "is not in the range"),
        (["runs", "stop", "9" * 30], 2, "is not in the range"),
        (["sync", "approve", "9" * 30], 2, "is not in the range"),
        (["learners", "link", "S1", "9" * 30], 2, "is not in the range"),
        (["audit", "--who", b"Jos\xe9"], 2, r"Jos\xe9 is not UTF-8 text"),
        (["db", "backup", "x" * 5_000], 1, "File name too long"),
    ],
)
def test_a_mistyped_argument_is_told_in_words(
    tmp_path: Path, migrated_sqlite: Path, words: list[str | bytes], exit_code: int, told: str
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(database=migrated_sqlite), "utf-8")
    command = [sys.executable, "-m", "bridge", "--config", str(config), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (exit_code, False), done.stderr
    assert told in " ".join(done.stderr.split())
