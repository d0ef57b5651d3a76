"""The benchmark of more machines goes on running, in small: whether its promises hold is for a quiet machine to say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks import scale_connections, scale_launches, scale_record, scale_syncs
from sandbox.postgresql import find_programs

pytestmark = pytest.mark.postgresql


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (lambda: scale_launches.run(1, 0.5, (1,)), ["1 serving: ", "not in: 0"]),
        (lambda: scale_syncs.run(2, 2, (1,)), ["1 workers: 32 people of 16 schools", "of linear: 1 workers 1.00"]),
        (lambda: scale_connections.run(60, 200, 1_500, 0.5, times=1), ["60 connections", "one connection"]),
        (lambda: scale_record.run(300, 2_000, 0.5), ["not in: 0", "purge of the oldest week: "]),
    ],
    ids=["launches", "syncs", "connections", "record"],
)
def test_it_measures(part: Callable[[], bool], said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if find_programs() is None:
        pytest.skip("PostgreSQL's server programs are missing; to enable: apt-get install postgresql")
    part()
    found = capsys.readouterr().out
    assert [words for words in said if words not in found] == [], found
