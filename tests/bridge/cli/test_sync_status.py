"""`ottobridge sync status`: a roster that has gone stale is seen before people cannot get in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.ottolearn import Faults, create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.test_sync import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    faults = Faults()
    with serve(create_sandbox(faults=faults)) as served:
        yield Site(tmp_path, served.url, faults)


def test_a_connection_that_was_never_synced_is_due(site: Site) -> None:
    code, [found], _ = site.run("sync", "status", "--json")
    assert (code, found["connection"], found["people"], found["last_whole"], found["lag_seconds"]) == (
        *(0, "campus", 0),
        *("", None),
    )
    assert "now (full run)" in site.run("sync", "status")[1]


def test_what_was_read_is_told_and_when_it_is_next(site: Site) -> None:
    site.roster("s1", "s2")
    site.run("sync", "run", "campus")
    _, [found], _ = site.run("sync", "status", "--json")
    assert (found["people"], found["last_status"], found["looked_up"]) == (2, "done", 0)
    assert found["last_whole"] <= found["next_due"]
    out = site.run("sync", "status")[1]
    assert "in 24 h" in out
    assert json.dumps(found)


def test_a_run_that_was_held_back_is_said_to_be(site: Site) -> None:
    site.roster(*(f"s{n}" for n in range(20)))
    site.run("sync", "run", "campus")
    site.roster("s1")
    site.run("sync", "run", "campus")
    assert site.run("sync", "status", "--json")[1][0]["last_status"] == "held_back limit_exceeded"
