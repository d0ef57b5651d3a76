"""`make lint` goes on where nobody can be asked about vulnerabilities, and does not call that sound."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT


def test_an_audit_that_cannot_ask_says_so_in_one_line_and_holds_nothing_up() -> None:
    environ = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_PROXY": ""}
    environ["no_proxy"] = ""
    environ["PIP_NO_INDEX"] = "1"  # an index that is reached without the proxy would be installed from
    environ.pop("PIP_FIND_LINKS", None)
    command = ["sh", str(ROOT / "scripts" / "audit"), sys.prefix]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "audit: PyPI's advisories cannot be had from here; known vulnerabilities were not looked up"
    ]
