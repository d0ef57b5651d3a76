"""How fast a launch is: bare Flask, two floors, PyLTI1p3, its live fork, and the bridge, interleaved in one run.

    python benchmarks/launch.py [--rounds 5] [--times 200]

A pair is a login and a launch (id_token RS256-2048, about 2.4 kB) through Flask's test client; the client's own
signing is not timed. The peers verify, with cached keys, and answer the three fields; ours also spends the nonce in the
database, finds the learner among 10,000, and writes the record. The floors (launch_floor.py) are written by hand: one
does the protocol's least and nothing of that, the other all of that and nothing else. Figures are medians of the
rounds' medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path

from joserfc.jwk import RSAKey

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ["floor", "storing floor"]
PEERS = {"PyLTI1p3": "PyLTI1p3==2.0.0", "pylti1p3next": "pylti1p3next==2.0.2"}
GOALS = {"pair": 8.5, "launch 1.1": 4.0}
"""At most so many times one bare request."""
FASTER_THAN_PYLTI1P3 = 1.3
KEY_AS_JSON = "LAUNCH_BENCHMARK_KEY"
FIRST_PORT = 8871


def environment(name: str) -> str:
    """A Python with the peer installed."""
    folder = ROOT / "build" / "benchmarks" / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    packages = [PEERS[name], "flask", "flask-caching", "gunicorn", "joserfc", "oauthlib"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return str(python)


def measure(python: str, name: str, times: int) -> dict[str, float]:
    """Medians of one side, in a process that is new each time: of two with the same code one may be a tenth slower."""
    worker = [python, str(ROOT / "benchmarks" / "launch_worker.py"), name, str(times)]
    done = subprocess.run(worker, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    names = ["bare", *FLOORS, *PEERS, "ours"]
    os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}"
    os.environ[KEY_AS_JSON] = json.dumps(RSAKey.generate_key(2048, {"kid": "platform-1"}).as_dict(private=True))
    pythons = {name: environment(name) if name in PEERS else sys.executable for name in names}
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            rounds[name].append(measure(pythons[name], name, options.times))
    served = serve({name: pythons[name] for name in (FLOORS[1], "PyLTI1p3", "ours")}, options.rounds, options.times)
    return report({name: middle(found) for name, found in rounds.items()}, served)


def serve(pythons: dict[str, str], rounds: int, times: int) -> dict[str, float]:
    """Seconds of a gunicorn worker's processor for a pair: medians of interleaved rounds."""
    from launch_served import Served

    took: dict[str, list[float]] = {name: [] for name in pythons}
    for _ in range(rounds):
        for port, (name, python) in enumerate(pythons.items(), FIRST_PORT):
            side = Served(name, python, port)
            side.seconds_a_pair(20)
            took[name].append(side.seconds_a_pair(times))
            side.stop()
    return {name: statistics.median(found) for name, found in took.items()}


def middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    found = {name: statistics.median(row[name] for row in rounds) for name in rounds[0]}
    return found | ({"pair": found["login"] + found["launch"]} if "launch" in found else {})


def report(found: dict[str, dict[str, float]], served: dict[str, float]) -> int:
    bare = found["bare"]["request"]
    print(f"bare Flask: {bare * 1e6:.0f} µs a request")
    for name, row in found.items():
        if name != "bare":
            print(f"{name}:", ", ".join(f"{what} {t * 1e6:.0f} µs ({t / bare:.1f}x)" for what, t in row.items()))
    print("a pair under gunicorn:", ", ".join(f"{name} {t * 1e6:.0f} µs of the worker" for name, t in served.items()))
    faster = {
        "the test client": found["PyLTI1p3"]["pair"] / found["ours"]["pair"],
        "gunicorn": served["PyLTI1p3"] / served["ours"],
    }
    for where, ratio in faster.items():
        print(f"ours makes {ratio:.2f} times PyLTI1p3's pairs under {where} (goal {FASTER_THAN_PYLTI1P3})")
    kept = all(ratio >= FASTER_THAN_PYLTI1P3 for ratio in faster.values())
    for what, most in GOALS.items():
        ratio = found["ours"][what] / bare
        kept = kept and ratio <= most
        print(f"ours, {what}: {ratio:.1f} times a bare request (goal {most})")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
