"""Launches at a steady rate while things break around a running bridge, and what became of each.

    python -m benchmarks.faults
    python -m benchmarks.faults --rate 20 --seconds 20 --only "PostgreSQL stopped"

The bridge is `ottobridge serve` with two workers. Every launch must end in OttoLearn, as the right person, or on a page
that says to try again, and stand in the log and in the record; where one does not, the script exits 1. A full disk is a
small one in memory, which takes root to make.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.faults.accounts import recorded, told
from tests.faults.launching import AGAIN, CUT, MATCHED, WRONG, Crowd
from tests.faults.postgresql import Cluster, cluster
from tests.faults.standing import Standing, standing, wait_for

BACK_WITHIN = 5.0
"""Seconds after the end of a fault by which every launch must get in."""
BEFORE, AFTER = 3.0, 8.0
"""Seconds of launches before and after a fault."""
GROWTH = 1.05
"""By so much the memory may have grown from the first tenth of the launches to the last."""

Break = Callable[[Standing, "Cluster | None", float], None]


class Result(NamedTuple):
    """What a fault did."""

    fault: str
    launches: int
    matched: int
    again: int
    cut: int
    other: int
    wrong: int
    missing: int
    back: float
    slowest: float

    @property
    def holds(self) -> bool:
        return not (self.other or self.wrong or self.missing) and self.back <= BACK_WITHIN


# ---- what breaks ----


def restart(mode: str) -> Break:
    def act(_: Standing, server: Cluster | None, __: float) -> None:
        assert server is not None
        server.stop(mode)
        server.start()

    return act


def stop(_: Standing, server: Cluster | None, seconds: float) -> None:
    assert server is not None
    server.stop()
    time.sleep(seconds)
    server.start()


def freeze(_: Standing, server: Cluster | None, seconds: float) -> None:
    assert server is not None
    with server.frozen():
        time.sleep(seconds)


def hang_ottolearn(world: Standing, _: Cluster | None, seconds: float) -> None:
    with world.ottolearn.hanging():
        time.sleep(seconds)


def hang_keys(world: Standing, _: Cluster | None, seconds: float) -> None:
    """And the bridge is restarted meanwhile: the keys must come from the database."""
    with world.campus.hanging():
        time.sleep(seconds / 2)
        world.send(signal.SIGHUP)
        time.sleep(seconds / 2)


def fill(world: Standing, server: Cluster | None, seconds: float) -> None:
    filler = Path(disk_of(world, server)) / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    time.sleep(seconds)
    filler.unlink()
    if server is not None:  # where it gave itself up, its operator starts it again
        with suppress(AssertionError):
            server.start()


def disk_of(world: Standing, server: Cluster | None) -> str:
    return str(server.place.parent) if server else world.database_url.removeprefix("sqlite:///").rpartition("/")[0]


def kill_workers(number: signal.Signals) -> Break:
    def act(world: Standing, _: Cluster | None, seconds: float) -> None:
        for _turn in range(int(seconds // 5)):
            time.sleep(5)
            with suppress(ProcessLookupError):
                os.kill(world.workers()[0], number)

    return act


def hang_up(world: Standing, _: Cluster | None, seconds: float) -> None:
    for _turn in range(int(seconds // 5)):
        world.send(signal.SIGHUP)
        time.sleep(5)


FAULTS: dict[str, tuple[str, Break]] = {
    "PostgreSQL restarted": ("postgresql", restart("fast")),
    "PostgreSQL crashed and started": ("postgresql", restart("immediate")),
    "PostgreSQL stopped": ("postgresql", stop),
    "PostgreSQL frozen": ("postgresql", freeze),
    "PostgreSQL's disk full": ("postgresql on a small disk", fill),
    "SQLite's disk full": ("sqlite on a small disk", fill),
    "OttoLearn hangs": ("postgresql", hang_ottolearn),
    "key sets hang, bridge restarted": ("postgresql", hang_keys),
    "a worker killed every 5 s": ("postgresql", kill_workers(signal.SIGKILL)),
    "a worker told to end every 5 s": ("postgresql", kill_workers(signal.SIGTERM)),
    "HUP every 5 s": ("postgresql", hang_up),
}


# ---- how it is measured ----


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="ottobridge-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)
        place.rmdir()


@contextmanager
def bridge_on(where: str) -> Iterator[tuple[Standing, Cluster | None]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ottobridge-faults-")))
        disk = stack.enter_context(small_disk(160 if "postgresql" in where else 8)) if "small" in where else None
        server = stack.enter_context(cluster(disk)) if "postgresql" in where else None
        database_url = server.url if server else f"sqlite:///{disk or folder}/bridge.db"
        yield stack.enter_context(standing(folder, database_url)), server


def measure(fault: str, rate: float, seconds: float) -> Result:
    where, act = FAULTS[fault]
    with bridge_on(where) as (world, server):
        world.start()
        crowd = Crowd(world)
        wait_for(crowd.ready, "the bridge is ready")
        for _ in range(6):
            crowd.launch()  # the platform's keys are known
        with crowd.launching(every=1 / rate):
            time.sleep(BEFORE)
            act(world, server, seconds)
            ended = time.time()
            time.sleep(AFTER)
        time.sleep(5)  # in which what waits is written
        return judged(fault, crowd, ended)


def judged(fault: str, crowd: Crowd, fault_ended: float) -> Result:
    counts = crowd.counts()
    named = (MATCHED, AGAIN, CUT, WRONG)
    lines = told(crowd.world)
    known = set(lines) | set(recorded(crowd.world))
    missing = sum((found.reference, "rejected") not in known for found in crowd.ended if found.what == AGAIN)
    missing += max(0, counts[MATCHED] - sum(outcome == MATCHED for _, outcome in known))
    late = [found.began + found.seconds - fault_ended for found in crowd.ended if found.what != MATCHED]
    for found in crowd.ended:
        if found.what not in named:
            print(f"{fault}: {found.what}", file=sys.stderr)
    return Result(
        fault,
        len(crowd.ended),
        *(counts[what] for what in (MATCHED, AGAIN, CUT)),
        other=sum(counts.values()) - sum(counts[what] for what in named),
        wrong=counts[WRONG],
        missing=missing,
        back=max([0.0, *late]),
        slowest=max(found.seconds for found in crowd.ended),
    )


def memory(launches: int, hands: int = 6) -> list[float]:
    """Megabytes of all workers after each tenth of so many launches."""
    found = []
    with bridge_on("postgresql") as (world, _):
        world.start()
        crowd = Crowd(world)
        wait_for(crowd.ready, "the bridge is ready")
        share = launches // 10 // hands
        for _turn in range(10):
            threads = [threading.Thread(target=lambda: [crowd.launch() for _ in range(share)]) for _ in range(hands)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            found.append(sum(resident(pid) for pid in world.workers()))
        assert set(crowd.counts()) == {MATCHED}, crowd.counts()
    return found


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rate", type=float, default=20, help="launches a second")
    options.add_argument("--seconds", type=float, default=20, help="how long a fault lasts")
    options.add_argument("--only", default="", help="faults with these words in their name; `memory` for that alone")
    options.add_argument("--memory", type=int, default=20_000, help="launches over which memory is watched; 0 for none")
    asked = options.parse_args()
    good = True
    print("| fault | launches | matched | try again | cut off | else | wrong person | missing | back after | slowest |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for fault in FAULTS:
        if asked.only in fault:
            found = measure(fault, asked.rate, asked.seconds)
            good &= found.holds
            print(f"| {' | '.join(map(str, found[:-2]))} | {found.back:.1f} s | {found.slowest:.1f} s |", flush=True)
    if asked.memory and asked.only in {"", "memory"}:
        grown = memory(asked.memory)
        good &= grown[-1] <= grown[0] * GROWTH
        print(f"\nmemory of the workers in MB after each tenth of {asked.memory} launches:", *map(round, grown))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
