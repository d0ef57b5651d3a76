"""How fast, and in how much memory, a roster is synced; against bare reading of the same pages in the same run.

    python -m benchmarks.sync --people 100000                 # some minutes; 1000000 takes most of an hour
    python -m benchmarks.sync --people 20000 --only read writes storm

A fake Canvas and a stand-in OttoLearn run in processes of their own; every measured step runs in another one, which
reports its seconds and its peak memory. Rounds are interleaved and ratios are medians of rounds. canvasapi is put
into build/benchmarks. Exits 1 where a goal is missed. Goals: the issue "Roster sync".
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from benchmarks.sync_servers import ALLOWED, WINDOW

ROOT = Path(__file__).resolve().parent.parent
PEER_PEOPLE = 3_000
"""canvasapi takes a second for a thousand."""


class Goals:
    """What was found against what was promised."""

    def __init__(self) -> None:
        self.missed = 0

    def check(self, what: str, found: float, promised: float, *, at_most: bool) -> None:
        """Say whether the promise is kept."""
        kept = found <= promised if at_most else found >= promised
        self.missed += not kept
        sign = "<=" if at_most else ">="
        print(f"  {'kept  ' if kept else 'MISSED'} {what}: {found:.3f} ({sign} {promised:g})", flush=True)


def command(python: str, name: str, *arguments: object) -> list[str]:
    return [python, str(ROOT / "benchmarks/sync_steps.py"), name, *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def measure(name: str, *arguments: object, python: str = sys.executable) -> dict[str, Any]:
    """A step in a process of its own."""
    done = subprocess.run(
        command(python, name, *arguments), env=environment(), stdout=subprocess.PIPE, check=True, text=True
    )
    return dict(json.loads(done.stdout))


@contextmanager
def served(name: str, *arguments: object) -> Iterator[str]:
    """The address of a server in a process of its own."""
    serving = command(sys.executable, f"serve-{name}", *arguments)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(serving, env=environment(), text=True, **pipes) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def peer_python() -> str:
    """A Python that has canvasapi."""
    folder = ROOT / "build/benchmarks/canvasapi"
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "canvasapi"], check=True)
    return str(python)


def measure_reading(people: int, rounds: int, goals: Goals) -> None:
    """A no-change re-sync against the bare reading of the same pages, without latency; memory; a first full run."""
    print(f"reading {people:,} people without latency", flush=True)
    with TemporaryDirectory() as folder, served("canvas", people, 0) as canvas, served("ottolearn", people) as otto:
        measure("bare", canvas)  # the server makes its pages on the first reading
        first = measure("sync", folder, canvas, otto, "full")
        print(f"  first run, OttoLearn's list included: {_line(first)}", flush=True)
        pairs, faster = [], []
        for _ in range(rounds):
            bare, again = measure("bare", canvas), measure("sync", folder, canvas, otto, "incremental")
            few = measure("peer", canvas, min(people, PEER_PEOPLE), python=peer_python())
            pairs.append((bare, again))
            faster.append(people / again["seconds"] / (few["people"] / few["seconds"]))
            print(f"  bare {bare['seconds']:.2f} s, {bare['cpu']:.2f} s of CPU; re-sync {_line(again)}; ", end="")
            print(f"canvasapi {few['people'] / few['seconds']:.0f} people/s", flush=True)
        goals.check("re-sync / bare reading", median(s["seconds"] / b["seconds"] for b, s in pairs), 2.5, at_most=True)
        print(f"         of CPU: {median(s['cpu'] / b['cpu'] for b, s in pairs):.3f}", flush=True)
        beside = median(s["seconds"] - b["seconds"] for b, s in pairs)
        goals.check("seconds beside the network, for a million", beside * 1e6 / people, 15.0, at_most=True)
        goals.check("writes of a re-sync", sum(s["created"] + s["updated"] for _, s in pairs), 0, at_most=True)
        most = max(run["megabytes"] for run in [first, *(s for _, s in pairs)])
        goals.check("peak memory, MB", most, 128 + 16 * max(0, people / 1e6 - 1), at_most=True)
        goals.check("people a second / canvasapi's bare listing", median(faster), 50.0, at_most=False)


def measure_latency(people: int, delay: float, at_most: float, rounds: int, goals: Goals) -> None:
    """The same with a slow Canvas: everything beside the network happens while it is waited for."""
    print(f"reading {people:,} people with {delay * 1000:.0f} ms a page", flush=True)
    with TemporaryDirectory() as folder, served("canvas", people, delay) as canvas, served("ottolearn", people) as otto:
        measure("bare", canvas)
        measure("sync", folder, canvas, otto, "full")
        ratios = []
        for _ in range(rounds):
            bare = measure("bare", canvas)["seconds"]
            again = measure("sync", folder, canvas, otto, "incremental")["seconds"]
            ratios.append(again / bare)
            print(f"  bare {bare:.2f} s, re-sync {again:.2f} s", flush=True)
        goals.check("re-sync / bare reading", median(ratios), at_most, at_most=True)


def measure_writes(at_once: int, people: int, goals: Goals) -> None:
    """Creations at 50 ms a call."""
    print(f"creating {people:,} people, {at_once} at once, 50 ms a call", flush=True)
    with TemporaryDirectory() as folder, served("writes", 0.05, "free") as url:
        found = measure("writes", folder, url, people, at_once)
        rate = found["created"] / found["durations"]["writing"]
        print(f"  {rate:.0f}/s of {at_once / 0.05:.0f}/s, {found['cpu']:.2f} s of CPU", flush=True)
        goals.check("share of connections / latency", rate * 0.05 / at_once, 0.93, at_most=False)


def measure_storm(goals: Goals) -> None:
    """A server that takes so many calls a window and refuses the rest."""
    people = ALLOWED * 10
    print(f"creating {people:,} people where {ALLOWED} each {WINDOW:.0f} s are allowed", flush=True)
    with TemporaryDirectory() as folder, served("writes", 0.01, "limited") as url:
        found = measure("writes", folder, url, people, 8)
        with urlopen(f"{url}/count", timeout=10) as answer:
            refused = json.loads(answer.read())["refused"]
        rate = found["created"] / found["durations"]["writing"]
        seconds = found["durations"]["writing"]
        print(f"  {found['created']} in {seconds:.1f} s, refused by window: {refused}", flush=True)
        goals.check("share of what is allowed", rate / (ALLOWED / WINDOW), 0.8, at_most=False)
        goals.check("refusals after two windows", sum(refused[2:]), 0, at_most=True)


def _line(found: Mapping[str, Any]) -> str:
    return f"{found['seconds']:.2f} s, {found['cpu']:.2f} s of CPU, {found['megabytes']:.0f} MB, {found['status']}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parts = ["read", "latency", "writes", "storm"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    asked = parser.parse_args()
    goals = Goals()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores", flush=True)
    if "read" in asked.only:
        measure_reading(asked.people, asked.rounds, goals)
    if "latency" in asked.only:
        measure_latency(min(asked.people, 50_000), 0.02, 1.05, asked.rounds, goals)
        measure_latency(min(asked.people, 5_000), 0.3, 1 / 0.95, 1, goals)
    if "writes" in asked.only:
        for at_once in (8, 32):
            measure_writes(at_once, 300 * at_once, goals)
    if "storm" in asked.only:
        measure_storm(goals)
    return 1 if goals.missed else 0


if __name__ == "__main__":
    sys.exit(main())
