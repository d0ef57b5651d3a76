"""The small parts: reading ahead, the set of users, the lock, the report."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bridge.errors import ConfigError
from bridge.roster.settings import Roster, fill, seconds
from bridge.store import sync_runs
from bridge.store.sync_lock import LockHeld, sync_lock
from bridge.sync.planfile import read_plan_file
from bridge.sync.report import plot, write_report


def test_one_connection_is_locked_and_another_is_not(engine) -> None:
    with sync_lock(engine, "one"):
        with pytest.raises(LockHeld), sync_lock(engine, "one"):
            pass
        with sync_lock(engine, "two"):
            pass
    with sync_lock(engine, "one"):
        pass


def test_a_failing_run_gives_its_lock_back(engine) -> None:
    with pytest.raises(KeyError), sync_lock(engine, "one"):
        raise KeyError
    with sync_lock(engine, "one"):
        pass


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": "often"},
        {"templates": {"a": "no field"}},
        {"templates": {"a": "{first_name"}},
        {"attributes": {"a": "x"}, "constants": {"a": "y"}},
        {"limits": {"deactivations": {"percent": 101}}},
        {"grace": {"complete_reads": 0}},
        {"on_leave": "delete"},
        {"deactivation_limit": 3},
    ],
)
def test_a_slip_in_the_settings_is_a_mistake_and_not_a_default(wrong) -> None:
    with pytest.raises(ValidationError):
        Roster.model_validate(wrong)


def test_spans_and_templates_mean_what_they_say() -> None:
    assert [seconds(span) for span in ("30m", "24h", "7d")] == [1800, 86_400, 604_800]
    assert fill("{a}.{b}@x", {"a": "ä", "b": "{a}"}) == "ä.{a}@x"
    assert fill("{a}.{b}@x", {"a": "ä"}) == ""
    assert Roster(attributes={"x": "a"}, templates={"y": "{b}{a}"}).fields == ("a", "b")


def test_the_report_shows_hostile_names_as_text_and_is_private(world, make_member) -> None:
    world.ottolearn.add(1, firstName="<script>alert(1)</script>", lastName="Lovelace", username="s<b>1")
    world.lms.members = [make_member("s<b>1"), make_member("", first="x")]
    outcome = world.run()
    run = sync_runs.find(world.engine, outcome.run)
    assert run is not None
    page, _ = write_report(world.engine, run, world.directory_path / "reports")
    page.chmod(0o644)
    page, retry = write_report(world.engine, run, world.directory_path / "reports")
    text = page.read_text()
    assert "<script" not in text
    assert "s&lt;b&gt;1" in text
    assert (retry, page.stat().st_mode & 0o077) == (None, 0)


def test_quarantined_records_stand_in_the_retry_file(world, people) -> None:
    from bridge.errors import RemoteRefused

    world.ottolearn.fail = lambda deed, attributes: RemoteRefused("no", status=400)
    world.lms.members = people(2)
    run = sync_runs.find(world.engine, world.run().run)
    assert run is not None
    _, retry = write_report(world.engine, run, world.directory_path)
    assert retry is not None
    assert [line.count('"refused_400"') for line in retry.read_text().splitlines()] == [1, 1]


def test_the_plot_can_be_read_without_being_seen() -> None:
    drawn = plot([(0.0, 0, 0), (1.0, 500, 0), (2.0, 500, 20)])
    assert 'aria-label="500 people read and 20 written in 2.0 seconds."' in drawn
    assert plot([(0.0, 1, 0)]) == ""


@pytest.mark.parametrize(
    "content", [b"", b"[]\n", b'{"format": "other"}\n', b"\xff\xfe", b'{"format":"ottobridge-plan-1","run":99}\n']
)
def test_what_is_no_plan_of_this_bridge_is_not_applied(world, tmp_path, content) -> None:
    file = tmp_path / "plan.jsonl"
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        read_plan_file(world.engine, file)


def test_old_details_are_forgotten_and_the_figures_stay(world, people) -> None:
    world.lms.members = people(2)
    first = world.run().run
    world.time += 91 * 86_400
    world.run()
    assert world.items(first) == []
    run = sync_runs.find(world.engine, first)
    assert run is not None
    assert run.summary["created"] == 2
