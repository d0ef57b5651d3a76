"""A throw-away PostgreSQL on loopback, of the programs that Debian installs."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PASSWORD = "a throw-away password"  # noqa: S105 -- of a server that only this machine reaches, for as long as it runs

PORTS = range(10_240, 32_768)
"""Below those that Linux gives away."""
_numbers = itertools.count(os.getpid() * 257)  # processes that look at the same time look far from each other


class NoPostgresql(Exception):
    """The server's programs are missing, or one of them failed; the message says what to do."""


@contextmanager
def cluster() -> Iterator[str]:
    """The URL of an empty cluster, gone when the block ends. Raises NoPostgresql."""
    programs = find_programs()
    if programs is None:
        raise NoPostgresql("PostgreSQL's server programs are missing; to enable: apt-get install postgresql")
    # Not below a folder of our own: root's may be closed to everybody else, and PostgreSQL refuses to run as root.
    place = Path(tempfile.mkdtemp(prefix="ottobridge-postgresql-"))
    owner = account()
    try:
        if owner:
            os.chown(place, owner.pw_uid, owner.pw_gid)
        port = start_cluster(programs, place, owner)
        try:
            yield f"postgresql+psycopg://postgres:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/postgres"
        finally:
            run_program([programs / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", place / "data"], place, owner)
    finally:
        shutil.rmtree(place)


def find_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`: the newest that Debian has, or what is on the path."""
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    return next((p for p in on_path + debian if (p / "initdb").exists() and (p / "pg_ctl").exists()), None)


def account() -> pwd.struct_passwd | None:
    """Whom the server runs as: an unprivileged account when we are root, else ourselves."""
    if os.geteuid() != 0:
        return None
    known = {account.pw_name: account for account in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def run_program(command: list[str | Path], place: Path, account: pwd.struct_passwd | None) -> None:
    """Run a program to its end as this account. Raises NoPostgresql with what it said."""
    # Into a file: the server that pg_ctl starts would keep a pipe open for as long as it lives.
    with (place / "output").open("ab") as output:
        who: dict[str, Any] = {}
        if account:
            who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        done = subprocess.run(command, cwd=place, stdout=output, stderr=output, check=False, **who)  # noqa: S603 -- our own
    if done.returncode != 0:
        raise NoPostgresql((place / "output").read_text())


def start_cluster(programs: Path, place: Path, account: pwd.struct_passwd | None) -> int:
    """Make a cluster in `place` and start it; its port."""
    secret = place / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)  # inside a directory that only the account can enter
    options = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username=postgres", "--no-sync"]
    run_program([programs / "initdb", *options, f"--pwfile={secret}", "-D", place / "data"], place, account)
    port = free_port()
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    run_program(
        [programs / "pg_ctl", "start", "-w", "-D", place / "data", "-l", place / "log", "-o", settings], place, account
    )
    return port


def free_port() -> int:
    """A port of loopback where nobody listens, and another one each time.

    None of those that the system gives to whoever asks for any: such a port may go to somebody else, or to a connection
    that goes out, before the server that it was found for starts, or while that server is stopped for a moment.
    """
    for number in itertools.islice(_numbers, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", PORTS[number % len(PORTS)]))
            return PORTS[number % len(PORTS)]
    raise OSError(f"no port of {PORTS.start} to {PORTS.stop - 1} is free")
