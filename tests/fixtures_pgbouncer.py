"""PgBouncer in transaction mode before the throw-away PostgreSQL: a session of ours is nobody's session there."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

from sandbox.postgresql import PASSWORD, account, free_port

FEWEST = 4
"""Sessions of PostgreSQL for all of PgBouncer's clients: few, so that the clients change places."""


@pytest.fixture(scope="session")
def pgbouncer_server(postgresql_server: str) -> Iterator[int]:
    """The port of a PgBouncer in transaction mode before the cluster, gone when the tests are over."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is missing; to enable: apt-get install pgbouncer")
    place = Path(tempfile.mkdtemp(prefix="ottobridge-pgbouncer-"))
    who = account()
    try:
        port = _configure(place, make_url(postgresql_server))
        if who:
            for path in (place, *place.iterdir()):
                os.chown(path, who.pw_uid, who.pw_gid)
        run_as = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}
        with (place / "output").open("ab") as output:
            server = subprocess.Popen(
                [program, place / "pgbouncer.ini"], cwd=place, stdout=output, stderr=output, **run_as
            )
        try:
            _await(port, server, place / "output")
            yield port
        finally:
            server.kill()
            server.wait()
    finally:
        shutil.rmtree(place)


@pytest.fixture
def pooled_url(database_url: str, request: pytest.FixtureRequest) -> str:
    """`database_url`, which must be PostgreSQL's, through PgBouncer."""
    port: int = request.getfixturevalue("pgbouncer_server")
    return make_url(database_url).set(port=port).render_as_string(hide_password=False)


def _configure(place: Path, server: URL) -> int:
    port = free_port()
    (place / "users").write_text(f'"postgres" "{PASSWORD}"\n')
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": place / "users",
        "pool_mode": "transaction",
        "default_pool_size": FEWEST,
        "server_lifetime": 5,
        "max_client_conn": 500,
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    databases = f"[databases]\n* = host={server.host} port={server.port}\n"
    (place / "pgbouncer.ini").write_text(databases + "[pgbouncer]\n" + "\n".join(lines) + "\n")
    return port


def _await(port: int, server: subprocess.Popen[bytes], output: Path) -> None:
    ends = time.monotonic() + 90
    while time.monotonic() < ends:
        assert server.poll() is None, output.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(output.read_text())
