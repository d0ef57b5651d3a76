"""systemd's units and the container's files: what they start exists, and what they start can do little harm."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from sandbox.postgresql import free_port
from tests.conftest import ROOT
from tests.deploy.conftest import DEPLOY, program
from tests.faults.standing import PATIENCE, standing
from tests.test_docs import test_every_command_exists_with_the_options_the_page_gives_it as require_command

UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
OPTIONS = re.compile(r"^(\w+)=(.*)$", re.M)


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [program("systemd-analyze", "systemd"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def name(path: Path) -> str:
    return path.name


def test_systemd_understands_every_line_of_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text("utf-8").replace("/opt/ottobridge/bin/ottobridge", "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
    done = analyze("verify", "--recursive-errors=no", *(tmp_path / unit.name for unit in UNITS))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", SERVICES, ids=name)
def test_whoever_breaks_into_the_bridge_gets_little_further(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--no-pager", "--threshold=20", unit)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_bridge_is_started_again_whatever_ends_it_and_the_sync_by_its_timer() -> None:
    serve = dict(OPTIONS.findall((DEPLOY / "systemd/ottobridge.service").read_text("utf-8")))
    assert (serve["Restart"], serve["StartLimitIntervalSec"]) == ("always", "0")
    sync = dict(OPTIONS.findall((DEPLOY / "systemd/ottobridge-sync.service").read_text("utf-8")))
    assert sync["Type"] == "oneshot"  # systemd knows no Restart=always for such; the timer does it
    timer = dict(OPTIONS.findall((DEPLOY / "systemd/ottobridge-sync.timer").read_text("utf-8")))
    assert {"OnCalendar", "Persistent"} <= set(timer)


def test_the_bridge_tells_systemd_when_it_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Type=notify\n" in (DEPLOY / "systemd/ottobridge.service").read_text("utf-8")
    # a name of Linux's own kind: that of a folder of the tests may be too long
    place = f"@ottobridge-{tmp_path.name}-{free_port()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{place[1:]}")
        systemd.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", place)
        with standing(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}") as world:
            world.start()
            assert b"READY=1" in systemd.recv(1024)


@pytest.mark.parametrize("unit", SERVICES, ids=name)
def test_a_unit_starts_a_command_that_there_is(unit: Path) -> None:
    (line,) = re.findall(r"^ExecStart=/opt/ottobridge/bin/(ottobridge .*)$", unit.read_text("utf-8"), re.M)
    require_command(unit.name, line)


def test_the_containers_start_commands_that_there_are() -> None:
    image = (DEPLOY / "Dockerfile").read_text("utf-8")
    entry, words = (json.loads(re.findall(rf"^{what} (\[.*\])$", image, re.M)[0]) for what in ("ENTRYPOINT", "CMD"))
    require_command("Dockerfile", " ".join([*entry, *words]))
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    (line,) = re.findall(r"ottobridge sync [^;]*", services["sync"]["entrypoint"][-1])
    require_command("compose.yaml", line)


def test_the_image_is_made_from_what_is_there() -> None:
    image = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", image, re.M) for word in line.split()]
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("file", ["Dockerfile", "compose.yaml"])
def test_nobody_takes_for_tried_what_was_not(file: str) -> None:
    assert "read it as an example" in (DEPLOY / file).read_text("utf-8").partition("\n\n")[0]
