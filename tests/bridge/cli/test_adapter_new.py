"""What `ottobridge adapter new` makes keeps the contract, and fails where only the LMS's facts are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from bridge.cli import cli
from bridge.testing.contract import MISSING
from tests.conftest import ROOT


def _tested(folder: Path) -> str:
    path = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    ask = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "."]
    return subprocess.run(ask, cwd=folder, env=path, capture_output=True, text=True, check=False).stdout


def test_a_scaffold_fails_for_the_facts_alone_and_passes_once_they_are_written(tmp_path: Path) -> None:
    made = CliRunner().invoke(cli, ["adapter", "new", "acme-lms", "--title", "Acme", "--into", str(tmp_path)])
    assert made.exit_code == 0, made.output
    told = _tested(tmp_path)
    assert "1 failed" in told, told
    assert "write what is true of Acme" in told
    assert "README.md:9: the clicks that make the token" in told
    for path in (tmp_path / "acme_lms").glob("*.*"):
        path.write_text(path.read_text("utf-8").replace(MISSING, "written:"), "utf-8")
    told = _tested(tmp_path)
    assert "passed" in told, told
    assert "failed" not in told, told


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    refused = CliRunner().invoke(cli, ["adapter", "new", "acme", "--into", str(tmp_path)])
    assert refused.exit_code == 2
    assert "nothing was written" in refused.output
    assert not list((tmp_path / "acme").iterdir())


def test_a_name_of_ours_or_a_path_is_refused(tmp_path: Path) -> None:
    for name in ("canvas", "../acme", "Acme"):
        refused = CliRunner().invoke(cli, ["adapter", "new", name, "--into", str(tmp_path)])
        assert refused.exit_code == 2
        assert "allowed: small letters" in refused.output
    assert not list(tmp_path.iterdir())
