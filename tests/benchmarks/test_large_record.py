"""What benchmarks measure must be what the bridge itself would have written, or their figures say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, func, select

from benchmarks import pages
from benchmarks.large_record import USERNAMES, Size, is_active, write
from benchmarks.page_addresses import addresses
from bridge.learners.directory import Directory
from bridge.store import launch_counts, learners, schema, search_keys
from bridge.store.admin_schema import launch_count, launch_count_by_day, launch_name, launch_summed

NOW = 1_800_000_000.0
SMALL = Size(
    users=400,
    launches=3_000,
    connections=5,
    unmatched=20,
    runs=30,
    items=200,
    planned=60,
    pushed=40,
    refused=10,
    audit=100,
)


@pytest.fixture
def record(engine: Engine) -> Engine:
    write(engine, SMALL, NOW)
    return engine


def test_the_counts_and_names_are_those_that_the_bridge_makes_of_the_same_launches(record: Engine) -> None:
    def there() -> tuple[list[tuple[object, ...]], ...]:
        with record.connect() as connection:
            return tuple(
                sorted(tuple(row) for row in connection.execute(select(table)))
                for table in (launch_count, launch_count_by_day, launch_name)
            )

    by_statements = there()
    with record.begin() as connection:
        for table in (launch_count, launch_count_by_day, launch_name, launch_summed):
            connection.execute(delete(table))
    while launch_counts.count_some(record, NOW + 60):
        pass
    by_the_bridge = there()
    assert by_statements[:2] == by_the_bridge[:2]
    assert [row[:3] for row in by_statements[2]] == [row[:3] for row in by_the_bridge[2]]  # when seen, to a day only


def test_users_are_found_by_their_id_and_by_their_name(record: Engine) -> None:
    directory = Directory(record, USERNAMES, lambda: iter(()), lambda: NOW)
    found = directory.look("s17", ignore_case=True)
    assert found is not None
    assert found.learner.user_id == 17
    name = (found.learner.attributes["firstName"], found.learner.attributes["lastName"])
    assert 17 in [learner.user_id for learner in learners.by_search_key(record, search_keys.name_key(*name), 10)]
    assert directory.state().learners == SMALL.users
    with record.connect() as connection:
        active = connection.execute(select(schema.learner.c.user_id).where(schema.learner.c.active)).scalars().all()
    assert {*active} == {user for user in range(1, SMALL.users + 1) if is_active(user)}


def test_launches_are_spread_as_they_are_in_life(record: Engine) -> None:
    launch = schema.launch.c
    counted = select(func.count()).select_from(schema.launch)
    with record.connect() as connection:
        by_connection = sorted(connection.execute(counted.group_by(launch.connection)).scalars())
        matched = connection.execute(counted.where(launch.outcome == "matched")).scalar_one()
        times = connection.execute(select(launch.time).order_by(launch.id)).scalars().all()
    assert len(by_connection) == SMALL.connections
    assert by_connection[-1] > SMALL.launches / 3
    assert 0.9 < matched / SMALL.launches < 0.97
    assert times == sorted(times)
    assert NOW - 372 * 86_400 < times[0] < NOW - 360 * 86_400
    assert NOW - 4 * 86_400 < times[-1] < NOW


def test_every_page_of_the_benchmark_is_there(record: Engine, tmp_path: Path) -> None:
    found = pages.measure_all(record, tmp_path, SMALL, times=1)
    assert {*addresses(record, SMALL, NOW)} - {*found} == set()
    assert found["launches, a file, its beginning"].size > found["launches, by nobody's name"].size
