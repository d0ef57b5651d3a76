"""`make demo-scale`, whole: PostgreSQL, nginx, two that serve and two that work."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
import requests

from sandbox.demo_scale import PEOPLE, SCHOOLS, run_demo_scale
from sandbox.postgresql import find_programs
from tests.conftest import ROOT
from tests.deploy.conftest import program
from tests.faults.standing import wait_for

pytestmark = pytest.mark.postgresql


def test_the_schools_are_synced_across_the_workers_and_nginx_reaches_both_that_serve() -> None:
    program("nginx", "nginx-light")
    if find_programs() is None:
        pytest.skip("PostgreSQL's server programs are missing; to enable: apt-get install postgresql")
    with run_demo_scale() as running:
        wait_for(running.are_synced, "every school is in OttoLearn", patience=400)
        created = {school: run.summary["created"] for school, run in running.runs().items()}
        assert created == dict.fromkeys(SCHOOLS, PEOPLE)
        did = Counter(log.name for log in running.folder.glob("worker-*.log") for _ in _synced(log.read_text("utf-8")))
        assert len(did) == 2
        assert sum(did.values()) == len(SCHOOLS)
        assert requests.get(f"{running.url}/readyz", timeout=90).ok


def _synced(log: str) -> list[str]:
    return [line for line in log.splitlines() if ": sync: done" in line]


def test_the_command_of_the_makefile_ends_well() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "-m sandbox.demo_scale" in makefile
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.demo_scale", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(school in done.stderr for school in SCHOOLS)
