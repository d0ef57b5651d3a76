"""Alerts and dashboards: whatever they ask for is there, and they say what they are for."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.conftest import DEPLOY, program
from tests.faults.standing import Standing, wait_for
from tests.test_docs import test_every_command_exists_with_the_options_the_page_gives_it as require_command

BOARD = DEPLOY / "grafana/ottobridge.json"
ALERTS = DEPLOY / "alerts.yml"
OWN_LABELS = {"instance", "job"}
"""What Prometheus adds."""


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]


def asked() -> list[str]:
    """Every expression of the dashboard and the alerts."""
    panels = json.loads(BOARD.read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])] + [r["expr"] for r in rules()]


@pytest.fixture(scope="module")
def series(served: Standing) -> dict[str, set[str]]:
    """Each series of a bridge that has seen nobody yet, by its name, with its labels."""

    def scrape() -> str:
        text = requests.get(f"{served.url}/metrics", timeout=90).text
        return text if "ottobridge_database_up 1.0" in text else ""

    text = wait_for(scrape, "the database answers")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        found.setdefault(family.name, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("expression", asked())
def test_no_panel_and_no_alert_asks_for_what_is_not_there(expression: str, series: dict[str, set[str]]) -> None:
    names = re.findall(r"ottobridge_\w+", expression)
    assert names
    assert set(names) <= set(series)
    for name, matchers in re.findall(r"(ottobridge_\w+)\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= series[name]
    grouped = {label for labels in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.split(r",\s*", labels)}
    assert grouped <= set.union(OWN_LABELS, *(series[name] for name in names))


def promtool(*words: str | Path) -> None:
    done = subprocess.run(
        [program("promtool", "prometheus"), *words], cwd=DEPLOY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_rules_and_the_configuration() -> None:
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "prometheus.yml")


def test_each_alert_fires_when_it_must_and_not_before() -> None:
    promtool("test", "rules", "alerts.test.yml")
    tried = {
        case["alertname"]
        for test in yaml.safe_load((DEPLOY / "alerts.test.yml").read_text("utf-8"))["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert tried == {rule["alert"] for rule in rules()}


def test_prometheus_takes_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{n}", "expr": expression} for n, expression in enumerate(asked())]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}), "utf-8")
    promtool("check", "rules", tmp_path / "panels.yml")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do_in_commands_that_there_are(rule: dict[str, Any]) -> None:
    annotations = rule["annotations"]
    assert annotations["summary"]
    for command in re.findall(r"`(ottobridge[^`]*)`", annotations["action"]):
        require_command("deploy/alerts.yml", command)


def test_the_panels_of_the_dashboard_do_not_lie_on_one_another() -> None:
    panels = json.loads(BOARD.read_text("utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
