"""A PostgreSQL cluster of one's own, to be stopped and started."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.postgresql import PASSWORD, NoPostgresql, account, find_programs, run_program, start_cluster
from tests.faults.standing import children, stand_still
from tests.fixtures_database import create_database


@dataclass(frozen=True)
class Cluster:
    """A server on loopback, and where it lives."""

    programs: Path
    place: Path
    owner: pwd.struct_passwd | None
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/postgres"

    def database(self, name: str) -> str:
        """The URL of a new database of this name."""
        return create_database(self.url, name)

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is a crash."""
        self._control("stop", "-m", mode)

    def start(self) -> None:
        """Start it as it was started first."""
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._control("start", "-l", str(self.place / "log"), "-o", settings)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Within the block nobody answers."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block the server's processes stand still, and the system goes on taking what comes for them."""
        master = int((self.place / "data" / "postmaster.pid").read_text().split()[0])
        stopped = [master]
        try:
            stand_still(master)  # it starts no other process between
            for pid in children(master):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    stopped.append(pid)
            yield
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _control(self, what: str, *more: str) -> None:
        command: list[str | Path] = [self.programs / "pg_ctl", what, "-w", "-D", self.place / "data", *more]
        run_program(command, self.place, self.owner)


@contextmanager
def cluster(folder: Path | None = None) -> Iterator[Cluster]:
    """A cluster below `folder`, by default in the system's place for such things; gone after the block."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are missing; to enable: apt-get install postgresql")
    place, owner = Path(tempfile.mkdtemp(prefix="ottobridge-faults-", dir=folder)), account()
    try:
        if owner:
            os.chown(place, owner.pw_uid, owner.pw_gid)
        found = Cluster(programs, place, owner, start_cluster(programs, place, owner))
        try:
            yield found
        finally:
            with suppress(NoPostgresql):  # it may be stopped
                found.stop("immediate")
    finally:
        shutil.rmtree(place)
