"""What Prometheus is told: all of it, from the first scrape on, and never at the cost of a launch."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge.contracts import Kind, Outcome
from bridge.reasons import REASONS
from bridge.store.launch_lines import LaunchLine
from bridge.web.gauges import Gauges
from bridge.web.metrics import Metrics
from tests.bridge.web.conftest import Bridge
from tests.conftest import ROOT
from tests.fakes.lti_platform import NOW


def scrape(bridge: Bridge) -> dict[str, dict[tuple[str, ...], float]]:
    """The value of each series, by its name and the values of its labels, in the order of their names."""
    answer = bridge.client.get("/metrics")
    assert answer.status_code == 200
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        found.setdefault(family.name, {})
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def documented() -> set[str]:
    return set(re.findall(r"^\| `(ottobridge_\w+)`", (ROOT / "docs/metrics.md").read_text("utf-8"), re.M))


def families(bridge: Bridge) -> set[str]:
    return set(re.findall(r"^# TYPE (\w+)", bridge.client.get("/metrics").text, re.M))


def test_every_metric_is_on_the_page_for_operators_and_no_other(bridge: Bridge) -> None:
    assert families(bridge) == documented()


def test_a_rate_misses_no_first_count_because_every_series_begins_at_zero(bridge: Bridge) -> None:
    found = scrape(bridge)
    launches = found["ottobridge_launches_total"]
    for outcome in Outcome:
        assert launches["campus", "lti13", outcome] == 0
        assert launches["campus", "lti11", outcome] == 0
        assert launches["packages", "scorm12", outcome] == 0
        for kind in Kind:
            assert found["ottobridge_launch_seconds_count"][kind, outcome] == 0
    assert ("packages", "lti13", "matched") not in launches
    assert set(found["ottobridge_launches_refused_total"]) == {(reason,) for reason in REASONS}
    assert set(found["ottobridge_requests_refused_total"]) == {(reason,) for reason in REASONS}
    assert set(found["ottobridge_responses_total"]) == {("2xx",), ("3xx",), ("4xx",), ("5xx",)}
    assert ("unavailable", "ottolearn") in found["ottobridge_call_seconds_count"]
    assert set(found["ottobridge_unmatched_students"]) == {
        (name,) for name in bridge.services.configuration.connections
    }


def test_very_many_connections_make_no_series_until_somebody_launches(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.web.metrics.MOST_AT_ZERO", 1)
    metrics = Metrics(bridge.services.configuration)
    known = list(bridge.services.configuration.connections)
    begun = {sample.labels["connection"] for sample in launches_of(metrics)}
    assert begun == {known[0], "unknown"}
    metrics.count_launch(LaunchLine(NOW, known[-1], "scorm12", "E1", "A", "B", Outcome.MATCHED, "", ""))
    assert {sample.labels["connection"] for sample in launches_of(metrics) if sample.value} == {known[-1]}


def launches_of(metrics: Metrics) -> list[Any]:
    families = text_string_to_metric_families(metrics.text().decode())
    return [sample for family in families for sample in family.samples if sample.name == "ottobridge_launches_total"]


def test_a_launch_is_counted_with_the_time_it_took(bridge: Bridge) -> None:
    bridge.launch13()
    found = scrape(bridge)
    assert found["ottobridge_launches_total"]["campus", "lti13", "matched"] == 1
    assert found["ottobridge_launch_seconds_count"]["lti13", "matched"] == 1
    assert 0 < found["ottobridge_launch_seconds_sum"]["lti13", "matched"] < 60
    assert found["ottobridge_responses_total"]["3xx",] == 2  # the login and the launch


def test_a_student_who_did_not_get_in_and_an_error_without_one_are_told_apart(bridge: Bridge) -> None:
    bridge.launch13(lis={"person_sourcedid": "nobody"})
    bridge.client.post("/lti/campus/launch", data={"id_token": "x", "state": "y"})
    bridge.client.get("/nowhere")
    found = scrape(bridge)
    refused = {reason for (reason,), n in found["ottobridge_launches_refused_total"].items() if n}
    strangers = {reason for (reason,), n in found["ottobridge_requests_refused_total"].items() if n}
    assert refused == {"no_match"}
    assert strangers == {"state_unknown", "not_found"}
    assert found["ottobridge_unmatched_students"]["campus",] == 1


def test_a_crash_of_ours_is_counted_as_one(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(type(bridge.services.directory), "find", crash)
    bridge.launch13()
    found = scrape(bridge)
    assert found["ottobridge_responses_total"]["5xx",] == 1
    assert found["ottobridge_launches_refused_total"]["internal",] == 1


def test_probes_do_not_hide_what_people_meet(bridge: Bridge) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        bridge.client.get(path)
    assert set(scrape(bridge)["ottobridge_responses_total"].values()) == {0}


@pytest.mark.parametrize("what", ["_launches", "_seconds", "_answers", "_refused", "_in_use"])
def test_what_cannot_be_counted_costs_no_launch(bridge: Bridge, what: str) -> None:
    class Broken:
        def labels(self, *_: str) -> None:
            raise OSError(28, "No space left on device")

        inc = set = labels

    setattr(bridge.services.metrics, what, Broken())
    assert bridge.launch13().status_code == 303


def test_a_database_that_is_away_takes_only_its_own_figures_along(bridge: Bridge) -> None:
    bridge.launch13()
    with bridge.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE key_set")
    found = scrape(bridge)
    assert found["ottobridge_database_up"] == {(): 0}
    assert found["ottobridge_launches_total"]["campus", "lti13", "matched"] == 1
    assert "ottobridge_directory_age_seconds" not in found


def test_a_database_that_hangs_keeps_no_scrape_waiting_and_one_thread_at_most(bridge: Bridge) -> None:
    reached, going_on, asked = threading.Event(), threading.Event(), []

    class Hanging:
        configured: Mapping[str, Any] = MappingProxyType({})

        def registered(self) -> Iterator[Any]:
            asked.append(1)
            reached.set()
            going_on.wait(60)
            return iter(())

    gauges = Gauges(bridge.engine, Hanging(), lambda: NOW, lambda _: None, limit=0.05)
    for _ in range(3):
        assert b"ottobridge_database_up 0.0" in gauges.text()
    assert reached.wait(60)
    assert len(asked) == 1
    going_on.set()
    gauges._limit = 60
    assert b"ottobridge_database_up 1.0" in gauges.text()


def test_ages_are_counted_from_what_was_last_read(bridge: Bridge) -> None:
    bridge.launch13()
    bridge.now += 90
    found = scrape(bridge)
    assert found["ottobridge_directory_age_seconds"] == {(): 90}
    assert found["ottobridge_directory_learners"] == {(): 4}
    assert found["ottobridge_key_set_age_seconds"]["campus",] == 90
    assert found["ottobridge_key_set_age_seconds"]["learning",] == 90  # the same platform
    assert ("bare",) not in found["ottobridge_key_set_age_seconds"]


def test_what_was_never_read_is_too_old_for_every_alert(bridge: Bridge) -> None:
    with bridge.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE directory SET current = NULL")
    found = scrape(bridge)
    assert found["ottobridge_directory_age_seconds"] == {(): float("inf")}
    assert found["ottobridge_key_set_age_seconds"]["campus",] == float("inf")


def test_the_connections_in_use_come_back(bridge: Bridge) -> None:
    bridge.launch13()
    with bridge.engine.connect():
        assert scrape(bridge)["ottobridge_database_connections_in_use"] == {(): 1}
    assert scrape(bridge)["ottobridge_database_connections_in_use"] == {(): 0}


def test_a_name_that_cannot_be_looked_up_is_counted_as_unknown(bridge: Bridge) -> None:
    with bridge.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE connection")
    line = bridge_line("registered-lms")
    bridge.services.metrics.count_launch(line)
    assert scrape(bridge)["ottobridge_launches_total"]["unknown", "lti13", "rejected"] == 1


def test_a_database_that_is_away_is_not_asked_once_more_for_a_name(bridge: Bridge) -> None:
    asked: list[object] = []

    class Registered:
        def __contains__(self, name: object) -> bool:
            asked.append(name)
            return True

    bridge.services.metrics.know(Registered())
    bridge.services.metrics.count_launch(bridge_line("registered-lms", "database_unavailable"))
    assert asked == []
    bridge.services.metrics.count_launch(bridge_line("registered-lms", "expired"))
    assert asked == ["registered-lms"]


def bridge_line(connection: str, reason: str = "expired") -> Any:
    from bridge.store.launch_lines import LaunchLine

    return LaunchLine(NOW, connection, "lti13", "", "", "", "rejected", reason, "reference")
