"""A push that was answered is kept, whatever happens to the process that answered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
import yaml

from bridge.scim import tokens
from bridge.store import scim_resources
from bridge.store.engine import migrate, open_database
from sandbox.postgresql import free_port
from tests.conftest import ROOT
from tests.faults.standing import PATIENCE, wait_for

ENOUGH = 1_000
"""Pushes that are answered before the processes are killed."""


@contextmanager
def standing(folder: Path, database: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    config = folder / "config.yaml"
    nowhere = f"http://127.0.0.1:{free_port()}"
    tree = {
        "bridge": {
            "public_url": f"http://127.0.0.1:{port}",
            "secret_key": "a secret key of thirty-two bytes or more",
            "database_url": database,
            "trusted_networks": ["127.0.0.0/8"],
        },
        "ottolearn": {
            "api_url": nowhere,
            "organization_id": 1,
            "username": "api",
            "password": "api",
            "learner_url": nowhere,
            "sign_in": {"method": "signed_link", "url": nowhere, "secret": "x" * 32},
        },
        "connections": {"staff": {"adapter": "scim"}},
    }
    config.write_text(yaml.safe_dump(tree))
    command = [sys.executable, "-m", "bridge", "--config", str(config), "serve", "--port", str(port), "--workers", "2"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(port: int) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE).ok
    return False


def test_a_kill_loses_no_push_that_was_answered(tmp_path: Path, database_url: str) -> None:
    engine, port = open_database(database_url), free_port()
    migrate(engine)
    token = tokens.make(engine, "staff", time.time())
    taken: list[str] = []
    enough = threading.Event()
    with standing(tmp_path, database_url, port) as process:
        wait_for(lambda: answers(port), "the bridge answers")

        def push(who: int) -> None:
            session, number, url = requests.Session(), 0, f"http://127.0.0.1:{port}/scim/v2/staff/Users"
            session.headers.update({"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"})
            while True:
                name = f"person-{who}-{number}"
                body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name}
                try:
                    answer = session.post(url, data=json.dumps(body), timeout=PATIENCE)
                except requests.RequestException:
                    return  # killed
                assert answer.status_code == 201, answer.text
                taken.append(name)
                number += 1
                if len(taken) >= ENOUGH:
                    enough.set()

        threads = [threading.Thread(target=push, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        assert enough.wait(4 * PATIENCE)
        os.killpg(process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
    rows = [row for page in scim_resources.users(engine, "staff") for row in page]
    kept = [json.loads(row.document)["userName"] for row in rows]
    engine.dispose()
    assert set(taken) <= set(kept)
    assert len(kept) == len(set(kept))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_dies_takes_no_push_with_it_and_the_next_is_answered(tmp_path: Path, database_url: str) -> None:
    engine, port = open_database(database_url), free_port()
    token = tokens.make(engine, "staff", time.time())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    with standing(tmp_path, database_url, port) as process:
        wait_for(lambda: answers(port), "the bridge answers")
        url = f"http://127.0.0.1:{port}/scim/v2/staff/Users"
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"}
        assert requests.post(url, json=body, headers=headers, timeout=PATIENCE).status_code == 201
        found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert found
        for worker in found:
            with suppress(ProcessLookupError):
                os.kill(int(worker), signal.SIGKILL)
        wait_for(lambda: answers(port), "another worker answers")
        assert requests.post(url, json=body, headers=headers, timeout=PATIENCE).status_code == 409
    engine.dispose()
