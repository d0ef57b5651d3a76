"""`make demo-scale`: the bridge on PostgreSQL with two processes that serve behind nginx, and two workers.

Everything runs on loopback and in one temporary folder. Eight schools are synced across the workers, which are shown at
it; nginx passes what comes to either of the two that serve.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
import yaml
from rich.console import Console
from rich.live import Live
from rich.table import Table

from bridge.store import sync_runs
from bridge.store.engine import migrate, open_database
from bridge.store.sync_runs import Run
from sandbox.demo import CannotStart
from sandbox.demo_config import ottolearn_part, signed_link_part
from sandbox.ottolearn import create_sandbox
from sandbox.postgresql import NoPostgresql, cluster, free_port
from sandbox.schools import connection_to, create_schools
from sandbox.serving import serve

SCHOOLS: Final = tuple(f"school-{number}" for number in range(1, 9))
PEOPLE: Final = 200
"""In each of them."""
SERVING: Final = 2
WORKERS: Final = 2
PATIENCE: Final = 900.0
"""Seconds for everything to be up, and for all schools to be synced."""
NGINX: Final = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream ottobridge {{ {servers} }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://ottobridge;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_next_upstream off;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class ScaleDemo:
    """A running one."""

    url: str
    """Where nginx listens."""
    database_url: str
    folder: Path

    def runs(self) -> Mapping[str, Run]:
        """The newest run of each school."""
        engine = open_database(self.database_url)
        try:
            found = sync_runs.newest(engine, 4 * len(SCHOOLS))
        finally:
            engine.dispose()
        return {run.connection: run for run in reversed(found)}

    def are_synced(self) -> bool:
        """Whether every school is in OttoLearn."""
        runs = self.runs()
        return all(school in runs and runs[school].status == "done" for school in SCHOOLS)


@contextmanager
def run_demo_scale() -> Iterator[ScaleDemo]:
    """Start everything, and end it with the block. Raises CannotStart."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        raise CannotStart("nginx is missing; as root on Debian: apt-get install nginx-light")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ottobridge-scale-")))
        try:
            database_url = stack.enter_context(cluster())
        except NoPostgresql as error:
            raise CannotStart(str(error)) from error
        port, ports = free_port(), [free_port() for _ in range(SERVING)]
        key = secrets.token_urlsafe(24)
        schools = stack.enter_context(serve(create_schools(key, PEOPLE))).url
        password = secrets.token_urlsafe(24)
        ottolearn = stack.enter_context(serve(create_sandbox(password=password))).url
        config = folder / "config.yaml"
        config.write_text(yaml.safe_dump(_tree(port, database_url, ottolearn, password, schools, key)), "utf-8")
        config.chmod(0o600)
        bridge = [sys.executable, "-m", "bridge", "--config", str(config)]
        for one in ports:
            _start(stack, folder, f"serve-{one}", [*bridge, "serve", "--port", str(one), "--workers", "1"])
        for number in range(WORKERS):
            _start(stack, folder, f"worker-{number}", [*bridge, "worker", "--at-once", "1"])
        conf = folder / "nginx.conf"
        servers = " ".join(f"server 127.0.0.1:{one};" for one in ports)
        conf.write_text(NGINX.format(folder=folder, servers=servers, port=port), "utf-8")
        _start(stack, folder, "nginx", [nginx, "-p", str(folder), "-c", str(conf)])
        running = ScaleDemo(f"http://127.0.0.1:{port}", database_url, folder)
        _await_ready(running)
        yield running


def _tree(port: int, database_url: str, ottolearn: str, password: str, schools: str, key: str) -> dict[str, Any]:
    return {
        "bridge": {
            "public_url": f"http://127.0.0.1:{port}",
            "secret_key": secrets.token_hex(32),
            "database_url": database_url,
            "workers": "true",
            "trusted_networks": ["127.0.0.0/8"],
        },
        "ottolearn": ottolearn_part(ottolearn, password, signed_link_part(ottolearn, secrets.token_hex(32))),
        "connections": {school: connection_to(schools, key, school) for school in SCHOOLS},
    }


def _start(stack: ExitStack, folder: Path, name: str, command: list[str]) -> None:
    log = stack.enter_context((folder / f"{name}.log").open("wb"))
    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)  # noqa: S603 -- our own words
    stack.callback(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_ready(running: ScaleDemo) -> None:
    engine = open_database(running.database_url)
    migrate(engine)  # whoever comes first does so; then the runs can be asked for
    engine.dispose()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(requests.RequestException):
            if requests.get(f"{running.url}/readyz", timeout=5).ok:
                return
        time.sleep(0.2)
    said = "".join(log.read_text("utf-8", "replace")[-400:] for log in sorted(running.folder.glob("*.log")))
    raise CannotStart(f"the bridge did not come up in {PATIENCE:.0f} s: {said}")


def _table(runs: Mapping[str, Run]) -> Table:
    table = Table("school", "run", "status", "created", title=f"{WORKERS} workers, {len(SCHOOLS)} schools")
    for school in SCHOOLS:
        run = runs.get(school)
        created = str(run.summary.get("created", "")) if run else ""
        table.add_row(school, str(run.id) if run else "-", run.status if run else "waits", created)
    return table


def main() -> int:
    """Show it until Ctrl-C; with `--check` until all schools are synced, exit 1 where they are not in time."""
    console = Console(stderr=True)
    try:
        with run_demo_scale() as running, Live(_table({}), console=console) as live:
            deadline = time.monotonic() + PATIENCE
            while not running.are_synced() and time.monotonic() < deadline:
                live.update(_table(running.runs()))
                time.sleep(0.5)
            live.update(_table(running.runs()))
            if "--check" in sys.argv[1:]:
                return 0 if running.are_synced() else 1
            console.print(f"The bridge: {running.url}/readyz  (logs: {running.folder})  Ctrl-C stops all of it.")
            signal.pause()
    except CannotStart as error:
        console.print(str(error))
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
