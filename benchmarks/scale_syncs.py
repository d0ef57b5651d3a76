"""Rosters of sixteen connections, made in an OttoLearn that takes 50 ms a call, by one, two and four workers."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from benchmarks.scale_processes import counted, processes_of
from benchmarks.sync import served
from bridge.store import sync_runs
from bridge.store.engine import migrate, open_database
from sandbox.demo_config import ottolearn_part, signed_link_part
from sandbox.schools import connection_to, create_schools
from sandbox.serving import serve
from tests.faults.postgresql import Cluster, cluster
from tests.faults.standing import children, wait_for

CALL = 0.05
SCHOOLS = 16
KEY = "a key of the schools"
SHARE = 0.9


def configuration(folder: Path, database: str, schools: str, ottolearn: str, writes: int) -> Path:
    path, secret = folder / "config.yaml", "0123456789abcdef0123456789abcdef"
    tree: dict[str, Any] = {
        "bridge": {
            "public_url": "http://127.0.0.1:9",
            "secret_key": secret,
            "database_url": database,
            "workers": "true",
            "trusted_networks": ["127.0.0.0/8"],
        },
        "ottolearn": ottolearn_part(ottolearn, "api", signed_link_part(ottolearn, secret)),
        "connections": {f"school-{at}": connection_to(schools, KEY, f"school-{at}") for at in range(SCHOOLS)},
    }
    for connection in tree["connections"].values():
        connection["roster"] |= {"every": "1d", "writes_at_once": str(writes)}
    path.write_text(yaml.safe_dump(tree), "utf-8")
    path.chmod(0o600)
    return path


def measure(server: Cluster, workers: int, people: int, writes: int) -> float:
    """Seconds from the first roster's beginning to the last one's end."""
    engine = open_database(server.database(f"syncs_{workers}"))
    migrate(engine)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        schools = stack.enter_context(serve(create_schools(KEY, people))).url
        ottolearn = stack.enter_context(served("writes", CALL, "free"))
        url = engine.url.render_as_string(hide_password=False)
        config = configuration(folder, url, schools, ottolearn, writes)
        command = [sys.executable, "-m", "bridge", "--config", str(config), "worker", "--at-once", str(workers)]
        log = stack.enter_context((folder / "log").open("wb"))
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            pids = lambda: [process.pid, *children(process.pid)]  # noqa: E731
            with counted(pids) as ours, counted(lambda: processes_of(server)) as theirs:
                wait_for(lambda: _ended(engine), (folder / "log").read_text()[-1000:], 600)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        runs = sync_runs.newest(engine, 4 * SCHOOLS)
    engine.dispose()
    made = sum(run.summary.get("created", 0) for run in runs)
    starts, ends = [run.started_at for run in runs], [run.ended_at or 0.0 for run in runs]
    took = max(ends) - min(starts)
    least = made * CALL / (writes * workers)
    print(
        f"{workers} workers: {made:,} people of {SCHOOLS} schools in {took:.1f} s, {made / took:.0f} a second;"
        f" {least:.1f} s of it are waiting for OttoLearn, which is {least / took:.2f} of all; processor:"
        f" {ours[0]:.1f} s ours, of {time.perf_counter() - began:.0f} s with start and end;"
        f" {theirs[0]:.1f} s PostgreSQL",
        flush=True,
    )
    return took


def _ended(engine: Any) -> bool:
    runs = sync_runs.newest(engine, 4 * SCHOOLS)
    return len({run.connection for run in runs if run.ended_at is not None}) == SCHOOLS


def run(people: int = 200, writes: int = 2, counts: tuple[int, ...] = (1, 2, 4)) -> bool:
    """All of them; whether many workers are as much faster as they are more."""
    print(f"syncs: {SCHOOLS} connections, {people} people each, {CALL * 1000:.0f} ms a call, {writes} calls at once")
    with cluster() as server:
        took = {workers: measure(server, workers, people, writes) for workers in counts}
    first = counts[0]
    shares = {workers: took[first] * first / (took[workers] * workers) for workers in counts}
    print("of linear: " + ", ".join(f"{workers} workers {share:.2f}" for workers, share in shares.items()), flush=True)
    return all(share >= SHARE for share in shares.values())
