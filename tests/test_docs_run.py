"""The README and the pages for operators, followed by the letter: every command line runs.

In this process, by the function that `ottobridge` calls: a process for each of them takes longer to begin than to run.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from bridge.cli import main
from sandbox.ottolearn import create_sandbox
from sandbox.postgresql import free_port
from sandbox.serving import serve
from tests.conftest import ROOT

SECRET = "0123456789abcdef0123456789abcdef"
PAGES = [
    "README.md",
    "docs/first-launch.md",
    "docs/operators.md",
    "docs/configuration.md",
    "docs/lti.md",
    *(f"adapters/{n}/README.md" for n in ("canvas", "moodle", "lti")),
]
PEOPLE = [{"id": 7, "active": True, "attribute": {"firstName": "Ada", "lastName": "L", "username": "25499339"}}]
EXITS = {
    "config init": {1},
    "db restore": {2, 130},
    "doctor": {0, 1},
    "keys rotate": {0, 3},
    "launches explain": {2},
    "learners search": {0, 1},
    "people release": {1},
    "people show": {1},
    "setup invite": {0, 2},
}
"""What a command may end with here: doctor finds a bridge whose address nobody serves, a key waits before it signs, no
launch has the page's reference, nobody has launched, a backup is not put back without a yes (or is not there yet), a
connection of the file cannot be invited once more, and a configuration that is there is not written over."""


def lines(page: str) -> list[str]:
    found = []
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", (ROOT / page).read_text("utf-8"), re.S):
        found += [line.split(" #")[0].strip() for line in re.findall(r"^\s*(ottobridge\b.*)$", block, re.M)]
    return found


COMMANDS = [(page, line) for page in PAGES for line in lines(page)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the example as config.yaml, pointed at a sandbox OttoLearn."""
    folder = tmp_path_factory.mktemp("newcomer")
    with serve(create_sandbox(PEOPLE)) as ottolearn:
        text = (ROOT / "config.example.yaml").read_text("utf-8")
        text = text.replace("https://api.ottolearn.io", ottolearn.url).replace("username: bridge-api", "username: api")
        text = text.replace("trusted_networks: []", "trusted_networks: [127.0.0.0/8]")
        (folder / "config.yaml").write_text(text, "utf-8")
        # For `doctor`: without the LMSs of the example, which are nowhere and would be waited for.
        before, after = text.split("\nconnections:\n")
        (any_lms,) = re.findall(r"^  any-lms:\n(?:    .*\n|\n|  #.*\n)*", after, re.M)
        (folder / "few.yaml").write_text(f"{before}\nconnections:\n{any_lms}", "utf-8")
        run_process(folder, "ottobridge db upgrade")  # an empty database is not backed up
        yield folder


def environment(workspace: Path) -> dict[str, str]:
    names = re.findall(r"\$\{([A-Z_]+)\}", (workspace / "config.yaml").read_text("utf-8"))
    secrets = dict.fromkeys(names, SECRET) | {"OTTOLEARN_PASSWORD": "api"}
    home = {"HOME": str(workspace), "XDG_RUNTIME_DIR": str(workspace)}
    return {**os.environ, **secrets, **home, "PYTHONPATH": str(ROOT)}


def run_process(workspace: Path, line: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "bridge", *shlex.split(line)[1:]]
    return subprocess.run(
        words, cwd=workspace, env=environment(workspace), capture_output=True, text=True, timeout=120, check=False
    )


def run(workspace: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The exit code, and all that was written; nobody answers at the terminal."""
    few = ["--config", "few.yaml"] if "doctor" in line else []
    monkeypatch.chdir(workspace)
    monkeypatch.setattr(sys, "argv", ["ottobridge", *few, *shlex.split(line)[1:]])
    with CliRunner().isolation(env=environment(workspace)) as (_, _, both), pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, both.getvalue().decode()


@pytest.mark.parametrize(("page", "line"), [entry for entry in COMMANDS if " serve" not in entry[1]])
def test_a_command_of_the_documentation_runs(
    workspace: Path, page: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, written = run(workspace, line, monkeypatch)
    allowed = next((exits for words, exits in EXITS.items() if f"ottobridge {words}" in line), {0})
    assert code in allowed, f"{page}: {line}\n{written}"
    assert "Traceback" not in written


def test_the_readmes_student_is_found(workspace: Path) -> None:
    assert "matched" in run_process(workspace, "ottobridge learners find 25499339").stdout


@pytest.mark.parametrize(("page", "line"), [entry for entry in COMMANDS if " serve" in entry[1]])
def test_the_bridge_of_the_documentation_serves(workspace: Path, page: str, line: str) -> None:
    port = free_port()
    words = shlex.split(re.sub(r"--port \d+", f"--port {port}", line))[1:]
    process = subprocess.Popen([sys.executable, "-m", "bridge", *words], cwd=workspace, env=environment(workspace))
    try:
        assert answers(f"http://127.0.0.1:{port}/readyz"), f"{page}: {line}"
        assert requests.get(f"http://127.0.0.1:{port}/metrics", timeout=90).status_code == 200
        long_hint = f"http://127.0.0.1:{port}/lti/campus-canvas/login?lti_message_hint={'x' * 8000}"
        assert requests.get(long_hint, timeout=90).status_code == 400  # refused by a page of ours, and not by gunicorn
        assert [*workspace.rglob("gunicorn*")] == []  # no door beside its own
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(600) == 0


def answers(url: str) -> bool:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        try:
            if requests.get(url, timeout=90).status_code == 200:
                return True
        except requests.RequestException:
            pass
        time.sleep(0.05)
    return False
