"""Whatever is killed, and whenever: nobody is lost, nobody is there twice, and nobody enters as somebody else.

The long version: python -m tests.faults.test_random_kills MINUTES [SEED]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.launching import AGAIN, AT_ONCE, CUT, MATCHED, REFUSED
from tests.faults.postgresql import cluster
from tests.faults.site import PATIENCE, Site
from tests.faults.standing import wait_for
from tests.fixtures_database import create_database

SEED, KILLS, BETWEEN = 17, 8, 12
"""So many kills, each after so many more calls to OttoLearn: by progress, and not by time."""


def check_everything(site: Site) -> Counter[str]:
    """Let everything come to rest, and hold it to what must be; how the launches ended."""
    wait_for(lambda: site.done() >= set(site.names), "every roster was read to its end", PATIENCE)
    for crowd in site.crowds:
        wait_for(lambda crowd=crowd: crowd.launch().what == MATCHED, "people get in", PATIENCE)
    wait_for(lambda: not site.under_way(), "every run and every job has ended", PATIENCE)
    site.check_people()
    counts = sum((crowd.counts() for crowd in site.crowds), Counter[str]())
    assert set(counts) <= {MATCHED, AGAIN, CUT, REFUSED}, counts
    return counts


@pytest.mark.postgresql
def test_random_kills_lose_nobody_double_nobody_and_let_nobody_in_as_another(
    tmp_path: Path, postgresql_server: str
) -> None:
    chance = random.Random(SEED)
    with ExitStack() as stack:
        site = Site(tmp_path, create_database(postgresql_server), stack, schools=4, people=40, call=0.02)
        site.start()
        with site.crowds[0].launching(0.3, AT_ONCE), site.crowds[1].launching(0.3, AT_ONCE):
            for _ in range(KILLS):
                before = site.calls.calls
                wait_for(_more(site, before), "the syncs go on", PATIENCE)
                site.kill_some(chance)
        assert check_everything(site)[MATCHED] > 0


def _more(site: Site, before: int) -> Callable[[], bool]:
    """Whether OttoLearn was called some more, or there is nothing left to do."""
    return lambda: site.calls.calls >= before + BETWEEN or site.done() >= set(site.names)


def long_version(minutes: float, seed: int) -> None:
    """Kill at random for so long, while rosters of eight schools are synced each minute and people launch."""
    chance, kills = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, cluster() as server, ExitStack() as stack:
        site = Site(Path(folder), server.url, stack, schools=8, people=600, call=0.05)
        site.start()
        until = time.monotonic() + minutes * 60
        with site.crowds[0].launching(every=0.5), site.crowds[1].launching(every=0.5):
            while time.monotonic() < until:
                time.sleep(chance.uniform(0.5, 12.0))
                kills[site.kill_some(chance)] += 1
        counts = check_everything(site)
        said = f"seed {seed}, {minutes} minutes, {dict(kills)}: launches {dict(counts)}, {len(site.ledger())} people"
        sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    long_version(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SEED)
