"""`ottobridge sandbox ottolearn`: comes up, says where, and goes away when asked."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest
from click.testing import CliRunner

from bridge.cli.sandbox import sandbox

COMMAND = [sys.executable, "-c", "from bridge.cli.sandbox import sandbox; sandbox()", "ottolearn", "--port", "0"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_on_the_printed_address_and_ends_cleanly(how: signal.Signals):
    with subprocess.Popen([*COMMAND, "--users", "3"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[2]
        login = json.dumps({"organizationId": 1, "username": "api", "password": "api"}).encode()
        with urllib.request.urlopen(f"{url}/authenticate/login", data=login) as answer:
            assert json.load(answer)["sessionToken"]
        process.send_signal(how)
        assert process.wait(timeout=90) == 0


@pytest.mark.parametrize("option", [["--username-attributes", " , "], ["--seed-file", "absent.jsonl"]])
def test_a_wrong_option_is_wrong_usage(option: list[str]):
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        assert CliRunner().invoke(sandbox, ["ottolearn", *option]).exit_code == 2
    finally:
        signal.signal(signal.SIGINT, handlers[0])
        signal.signal(signal.SIGTERM, handlers[1])


def test_a_taken_port_is_a_failure_and_not_a_traceback():
    with subprocess.Popen(COMMAND, stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr is not None
        port = first.stderr.readline().split()[2].rpartition(":")[2]
        second = subprocess.run([*COMMAND, "--port", port], stderr=subprocess.PIPE, text=True, check=False)
        first.send_signal(signal.SIGTERM)
    assert second.returncode == 1
    assert second.stderr.startswith("Error: cannot listen on")
