"""A database that is restarted under syncs: they stop in words, and are resumed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bridge.store import sync_requests
from bridge.store.sync_requests import Act
from tests.faults.launching import AGAIN, AT_ONCE, MATCHED
from tests.faults.postgresql import Cluster, cluster
from tests.faults.site import PATIENCE, Site
from tests.faults.standing import wait_for

PEOPLE = 60


@pytest.fixture
def server() -> Iterator[Cluster]:
    with cluster() as found:
        yield found


@pytest.mark.postgresql
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_syncs_and_launches_outlive_a_restart_of_the_database(tmp_path: Path, server: Cluster, mode: str) -> None:
    with ExitStack() as stack:
        site = Site(tmp_path, server.url, stack, schools=3, people=PEOPLE, call=0.02)
        site.start()
        with site.crowds[0].launching(0.2, AT_ONCE), site.crowds[1].launching(0.2, AT_ONCE):
            wait_for(lambda: len(site.users()) > PEOPLE / 2, "rosters are being written", PATIENCE)
            server.stop(mode)
            wait_for(lambda: site.crowds[0].counts()[AGAIN] > 3, "people launch while it is away", PATIENCE)
            server.start()
            wait_for(lambda: _is_done(site), "every roster was read to its end", PATIENCE)
        for crowd in site.crowds:
            wait_for(lambda crowd=crowd: crowd.launch().what == MATCHED, "people get in again", PATIENCE)
            assert set(crowd.counts()) <= {MATCHED, AGAIN}
        wait_for(lambda: not site.under_way(), "every run and every job has ended", PATIENCE)
        site.check_people()


def _is_done(site: Site) -> bool:
    """Whether every roster was read to its end; the others are asked for as on a page, which is due before `every`."""
    left = set(site.names) - site.done()
    for name in left:
        sync_requests.add(site.engine, name, Act.SYNC, None, asked_by="an operator", now=time.time())
    return not left
