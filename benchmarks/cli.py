"""How long a short command keeps a processor busy: seconds of CPU, and how often Python and click alone fit into them.

.venv/bin/python -m benchmarks.cli [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CONFIG = """
bridge: {{public_url: "https://bridge.example.edu", secret_key: {key}, database_url: "sqlite:///{folder}/bridge.db"}}
ottolearn:
  organization_id: 1
  username: api
  password: api
  learner_url: https://learn.example.com/acme
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: {key}}}
connections:
  campus: {{adapter: canvas, student_id: sis_user_id, lti11: {{consumer_key: k, shared_secret: {key}}}}}
"""
OTTOBRIDGE = "from bridge.cli import main; main()"
FILL = """
import sys, time
from bridge.store import launches
from bridge.store.engine import open_database
from bridge.store.launch_lines import LaunchLine
engine = open_database(sys.argv[1])
for n in range(1_000):
    launches.append(engine, LaunchLine(
        time.time(), "campus", "lti13", f"2549{n}", "Ada", "Lovelace", "matched", "", f"ABCD-{n}"))
engine.dispose()
"""
PEER = "import click; click.Command('peer').main([], standalone_mode=False)"


def seconds(program: str, words: list[str], environ: dict[str, str], rounds: int) -> float:
    """The median of the CPU seconds, user and system, that `python -c program WORDS` takes."""
    found = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program, *words], env=environ, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(CONFIG.format(folder=folder, key="k" * 40), "utf-8")
        plain = {**os.environ, "OTTOBRIDGE_CONFIG": str(path)}
        asked = {**plain, "_OTTOBRIDGE_COMPLETE": "bash_complete", "COMP_WORDS": "ottobridge la", "COMP_CWORD": "1"}
        completing = "from bridge.cli import cli; cli(prog_name='ottobridge')"
        subprocess.run([sys.executable, "-c", OTTOBRIDGE, "db", "upgrade"], env=plain, capture_output=True, check=True)
        floor = seconds(PEER, [], plain, rounds)
        print(f"Python with click alone: {floor:.2f} s")

        def tell(name: str, program: str, words: list[str], environ: dict[str, str] = plain) -> None:
            took = seconds(program, words, environ, rounds)
            print(f"{name:<32} {took:.2f} s, {took / floor:.1f} times that")

        tell("--help", OTTOBRIDGE, ["--help"])
        tell("--version", OTTOBRIDGE, ["--version"])
        tell("completion", completing, [], asked)
        tell("launches, none yet", OTTOBRIDGE, ["launches"])
        fill = [sys.executable, "-c", FILL, f"sqlite:///{folder}/bridge.db"]
        subprocess.run(fill, env=plain, capture_output=True, check=True)
        for words in (["launches"], ["launches", "--json"], ["launches", "--last", "1000"]):
            tell(f"{' '.join(words)}, of 1,000", OTTOBRIDGE, words)
        for words in (["runs"], ["keys", "list"], ["unmatched"]):
            tell(" ".join(words), OTTOBRIDGE, words)


if __name__ == "__main__":
    main()
