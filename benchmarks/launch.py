"""How fast a launch is: bare Flask, two floors, PyLTI1p3, its live fork, and the bridge, interleaved in one run.

    python benchmarks/launch.py [--rounds 5] [--turns 10] [--times 20]

A pair is a login and a launch (id_token RS256-2048, about 2.4 kB) through Flask's test client; the client's own
signing is not timed. The peers verify, with cached keys, and answer the three fields; ours also spends the nonce in the
database, finds the learner among 10,000, and writes the record. The floors (launch_floor.py) are written by hand: one
does the protocol's least and nothing of that, the other all of that and nothing else.

The sides take turns of a few pairs, so that what a host does beside strikes all of them alike; each ratio is that of
one turn, and the median of all turns is the figure. Each round has new processes: of two with the same code one may be
a tenth slower.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, cast

from joserfc.jwk import RSAKey

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ["floor", "storing floor"]
PEERS = {"PyLTI1p3": "PyLTI1p3==2.0.0", "pylti1p3next": "pylti1p3next==2.0.2"}
GOALS = {"pair": 8.5, "launch 1.1": 4.0}
"""At most so many times one bare request."""
FASTER_THAN_PYLTI1P3 = 1.3
KEY_AS_JSON = "LAUNCH_BENCHMARK_KEY"
FIRST_PORT = 8871
WARM_UP = 20
"""Pairs before the first turn."""


def environment(name: str) -> str:
    """A Python with the peer installed."""
    folder = ROOT / "build" / "benchmarks" / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    packages = [PEERS[name], "flask", "flask-caching", "gunicorn", "joserfc", "oauthlib"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return str(python)


Turn = dict[str, dict[str, float]]
"""By side and what it did, the median in seconds."""


def play(pythons: dict[str, str], turns: int, times: int) -> list[Turn]:
    """One round: a new process for each side, and turns of `times` pairs."""
    with ExitStack() as stack:
        sides = {name: stack.enter_context(worker(python, name)) for name, python in pythons.items()}
        for side in sides.values():
            measure(side, WARM_UP)
        return [with_pairs({name: measure(side, times) for name, side in sides.items()}) for _ in range(turns)]


def worker(python: str, name: str) -> subprocess.Popen[str]:
    """A side that waits for its turns, and ends where it gets no more."""
    command = [python, str(ROOT / "benchmarks" / "launch_worker.py"), name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def measure(side: subprocess.Popen[str], times: int) -> dict[str, float]:
    asks, answers = cast(IO[str], side.stdin), cast(IO[str], side.stdout)
    print(times, file=asks, flush=True)
    line = answers.readline()
    if not line:
        raise SystemExit(f"{side.args} ended")
    return dict(json.loads(line))


def with_pairs(turn: Turn) -> Turn:
    return {
        name: found | ({"pair": found["login"] + found["launch"]} if "launch" in found else {})
        for name, found in turn.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    names = ["bare", *FLOORS, *PEERS, "ours"]
    os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}"
    os.environ[KEY_AS_JSON] = json.dumps(RSAKey.generate_key(2048, {"kid": "platform-1"}).as_dict(private=True))
    pythons = {name: environment(name) if name in PEERS else sys.executable for name in names}
    turns = [turn for _ in range(options.rounds) for turn in play(pythons, options.turns, options.times)]
    served_sides = {name: pythons[name] for name in (FLOORS[1], "PyLTI1p3", "ours")}
    served = [turn for _ in range(options.rounds) for turn in serve(served_sides, options.turns, options.times)]
    return report(turns, served)


def serve(pythons: dict[str, str], turns: int, times: int) -> list[dict[str, float]]:
    """One round under gunicorn: for each turn and side, seconds of the worker's processor for a pair."""
    from launch_served import Served

    with ExitStack() as stack:
        sides: dict[str, Served] = {}
        for port, (name, python) in enumerate(pythons.items(), FIRST_PORT):
            sides[name] = stack.enter_context(closing(Served(name, python, port)))
            sides[name].seconds_a_pair(WARM_UP)
        return [{name: side.seconds_a_pair(times) for name, side in sides.items()} for _ in range(turns)]


def report(turns: list[Turn], served: list[dict[str, float]]) -> int:
    def micros(name: str, what: str) -> int:
        return round(statistics.median(turn[name][what] for turn in turns) * 1e6)

    def ratio(one: tuple[str, str], other: tuple[str, str] = ("bare", "request")) -> float:
        return statistics.median(turn[one[0]][one[1]] / turn[other[0]][other[1]] for turn in turns)

    print(f"bare Flask: {micros('bare', 'request')} µs a request")
    for name, found in turns[0].items():
        if name != "bare":
            figures = (f"{what} {micros(name, what)} µs ({ratio((name, what)):.1f}x)" for what in found)
            print(f"{name}:", ", ".join(figures))
    middle = {name: statistics.median(turn[name] for turn in served) for name in served[0]}
    print("a pair under gunicorn:", ", ".join(f"{name} {t * 1e6:.0f} µs of the worker" for name, t in middle.items()))
    faster = {
        "the test client": ratio(("PyLTI1p3", "pair"), ("ours", "pair")),
        "gunicorn": statistics.median(turn["PyLTI1p3"] / turn["ours"] for turn in served),
    }
    for where, times in faster.items():
        print(f"ours makes {times:.2f} times PyLTI1p3's pairs under {where} (goal {FASTER_THAN_PYLTI1P3})")
    kept = all(times >= FASTER_THAN_PYLTI1P3 for times in faster.values())
    for what, most in GOALS.items():
        costs = ratio(("ours", what))
        kept = kept and costs <= most
        print(f"ours, {what}: {costs:.1f} times a bare request (goal {most})")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
