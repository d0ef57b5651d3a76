"""The directory at size: reading OttoLearn's list into the database, and looking one learner up in it.

    python -m benchmarks.directory [USERS]

Three processes, so that each one's memory is its own: a stand-in OttoLearn that streams the list from a file; the
bridge's own loader (Outbound, ijson, SQLAlchemy, SQLite in a file); and the peer, which does what a script would do:
`requests.get(...).json()` into a dictionary. Goals at 1,000,000 users: loaded within 60 s and 250 MB, 0.3 ms a look-up.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.ottolearn.settings import OttoLearn
from bridge.store.engine import migrate, open_database
from sandbox.ottolearn import generated

ATTRIBUTES = ("username", "employeeId")
LOOKUPS = 20_000
MEBIBYTE = 1024 * 1024


def main() -> None:
    """Run all three processes, one after the other, and print what they measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("users", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--role", choices=["serve", "bridge", "peer"])
    parser.add_argument("--at", default="")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.role == "serve":
        serve(asked.folder / "users.json")
    elif asked.role:
        load = load_bridge if asked.role == "bridge" else load_peer
        print(json.dumps(load(asked.at, asked.users, asked.folder)))
    else:
        compare(asked.users)


def compare(users: int) -> None:
    """Print the bridge's figures, the peer's, and the ratios."""
    with tempfile.TemporaryDirectory(prefix="ottobridge-benchmark-") as name:
        folder = Path(name)
        size = write_list(folder / "users.json", users)
        print(f"{users:,} users, {size / MEBIBYTE:.0f} MiB of JSON")
        with subprocess.Popen(own("serve", folder, users), stdout=subprocess.PIPE, text=True) as server:
            try:
                at = server.stdout.readline().strip()
                found = {role: measured(role, folder, users, at) for role in ("bridge", "peer")}
            finally:
                server.terminate()
    for role, figures in found.items():
        print(f"{role:7}" + "".join(f"  {name} {value:,.4g}" for name, value in figures.items()))
    for name in found["peer"]:
        print(f"bridge / requests+json+dict, {name}: {found['bridge'][name] / found['peer'][name]:.2f}")


def own(role: str, folder: Path, users: int, at: str = "") -> list[str]:
    return [
        sys.executable,
        "-m",
        "benchmarks.directory",
        str(users),
        "--role",
        role,
        "--folder",
        str(folder),
        "--at",
        at,
    ]


def measured(role: str, folder: Path, users: int, at: str) -> dict[str, float]:
    done = subprocess.run(own(role, folder, users, at), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def write_list(path: Path, users: int) -> int:
    """Write the list as OttoLearn would send it; its bytes."""
    with path.open("w", encoding="utf-8") as file:
        before = "["
        for user in generated(users, ATTRIBUTES):
            file.write(before + json.dumps(user, ensure_ascii=False))
            before = ","
        file.write("]")
    return path.stat().st_size


def serve(path: Path) -> None:
    """Play OttoLearn: the login, and the list from a file."""

    class OttoLearnApiStandIn(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"sessionToken": "token"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            with path.open("rb") as file:
                while part := file.read(256 * 1024):
                    self.wfile.write(part)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), OttoLearnApiStandIn)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def load_bridge(at: str, users: int, folder: Path) -> dict[str, float]:
    """Read the list with the bridge's own parts, and look learners up."""
    sign_in = {"method": "signed_link", "url": at, "secret": "0123456789abcdef0123456789abcdef"}
    settings = OttoLearn(api_url=at, organization_id=1, username="api", password="api", learner_url=at, sign_in=sign_in)
    engine = open_database(f"sqlite:///{folder / 'bridge.db'}")
    migrate(engine)
    api = OttoLearnApi(settings, Outbound([ipaddress.ip_network("127.0.0.0/8")]))
    directory = Directory(engine, ATTRIBUTES, api.read_learners, time.time)
    began = time.perf_counter()
    count = directory.refresh().learners
    seconds = time.perf_counter() - began
    assert count == users
    peak, busy = peak_mebibytes(), time.process_time()
    found = timed(lambda number: directory.find(str(25_000_000 + number)), users)
    engine.dispose()
    return {"seconds": seconds, "cpu_seconds": busy, "peak_MiB": peak, **found}


def load_peer(at: str, users: int, _: Path) -> dict[str, float]:
    """The same by a script: everything into memory at once."""
    began = time.perf_counter()
    people = requests.get(f"{at}/v1/rest/user", timeout=60).json()
    known = {user["attribute"][name].casefold(): user for user in people for name in ATTRIBUTES}
    seconds = time.perf_counter() - began
    assert len(people) == users
    peak, busy = peak_mebibytes(), time.process_time()
    return {
        "seconds": seconds,
        "cpu_seconds": busy,
        "peak_MiB": peak,
        **timed(lambda number: known[str(25_000_000 + number)], users),
    }


def timed(look_up: Callable[[int], Any], users: int) -> dict[str, float]:
    """Milliseconds of a look-up of a random active learner: median, and the slowest but one in a hundred."""
    chosen = random.Random(1)
    taken = []
    for _ in range(LOOKUPS):
        number = chosen.randrange(1, users)
        number += number % 50 == 0  # every fiftieth generated user is inactive
        began = time.perf_counter()
        look_up(number)
        taken.append((time.perf_counter() - began) * 1000)
    return {"median_ms": statistics.median(taken), "p99_ms": statistics.quantiles(taken, n=100)[98]}


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
