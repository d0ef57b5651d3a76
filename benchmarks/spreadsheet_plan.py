"""The plan of a sheet, made by the command itself against a sandbox OttoLearn; `spreadsheet.py` measures it.

    python benchmarks/spreadsheet_plan.py CONFIG        # one plan, in this process, and then what it took

Everything counts: OttoLearn's list over HTTP, the directory, the comparing, the plan file, the report.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SECRET = "a secret of thirty-two bytes or more"
MAPPED = {
    "link": {"employeeId": "student_id"},
    "roster": {"username": "student_id", "emailAddress": "email"},
}


def peak_megabytes() -> float:
    """This process's own peak: `ru_maxrss` also holds what the parent had when it started us (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this benchmark reads its memory from /proc, so it needs Linux")


@contextmanager
def ottolearn(folder: Path, people: Iterator[Sequence[str]]) -> Iterator[str]:
    """The address of a sandbox OttoLearn that has everybody, all with another last name and no employee ID."""
    seeds = folder / "seeds.jsonl"
    with seeds.open("w", encoding="utf-8") as file:
        for number, (student_id, first_name, _, email, *_) in enumerate(people, start=1):
            names = {"firstName": first_name, "lastName": "Before", "username": student_id, "emailAddress": email}
            file.write(json.dumps({"id": number, "active": True, "attribute": names}) + "\n")
    names = ["--username-attributes", "username,employeeId"]
    command = [sys.executable, "-m", "bridge", "sandbox", "ottolearn", "--port", "0", "--seed-file", seeds, *names]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr is not None
        try:
            yield process.stderr.readline().split()[2]
        finally:
            process.kill()


def planned(folder: Path, url: str, sheet: Path, mode: str, count: int) -> tuple[float, float]:
    """Seconds and megabytes of planning the sync of `sheet`, which would change all of its `count` people."""
    config = folder / f"{mode}.json"  # JSON is YAML
    config.write_text(json.dumps(_configuration(folder, url, sheet, mode)), "utf-8")
    done = subprocess.run([sys.executable, __file__, config], check=True, capture_output=True, text=True)
    run, took = map(json.loads, done.stdout.strip().rsplit("\n", 1))
    assert (run["status"], run["read"], run["updated"]) == ("planned", count, count), run
    return took["seconds"], took["megabytes"]


def _configuration(folder: Path, url: str, sheet: Path, mode: str) -> dict[str, object]:
    roster = {"attributes": MAPPED[mode], "limits": {"updates": {"percent": None}}}
    return {
        "bridge": {
            "public_url": "https://bridge.example.edu",
            "secret_key": SECRET,
            "database_url": f"sqlite:///{folder / mode}.db",
            "trusted_networks": ["127.0.0.0/8"],
        },
        "ottolearn": {
            "api_url": url,
            "organization_id": 1,
            "username": "api",
            "password": "api",
            "username_attributes": ["username", "employeeId"],
            "learner_url": f"{url}/learn",
            "sign_in": {"method": "signed_link", "url": f"{url}/learn", "secret": SECRET},
        },
        "connections": {
            "sheet": {"adapter": "spreadsheet", "file": str(sheet), "mode": mode, "match": "email", "roster": roster}
        },
    }


def plan_here(config: str) -> None:
    """What the child process does."""
    from bridge.cli import cli

    began = time.perf_counter()
    wanted = ["--config", config, "sync", "spreadsheet", "sheet", "--plan", "--json"]
    failed = cli(wanted, standalone_mode=False)
    print(json.dumps({"seconds": time.perf_counter() - began, "megabytes": peak_megabytes()}))
    sys.exit(failed)


if __name__ == "__main__":
    plan_here(sys.argv[1])
