"""The roster's names are the launch's names, or the two would overwrite each other for ever."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from adapters.canvas.names import split_sortable_name


@pytest.mark.parametrize(
    ("sortable", "first", "last"),
    [
        ("Testcase, Avery", "Avery", "Testcase"),
        ("van der Sample, Bo", "Bo", "van der Sample"),
        ("Mononym", "Mononym", ""),
        ("Mononym,", "", "Mononym"),
        ("Fixture, Cleo, Jr.", "Cleo", "Fixture"),
        ("Fixture, Cleo III", "Cleo", "Fixture"),
        ("Sample, Vi", "Vi", "Sample"),
        ("Ho, Chi, Min", "Chi Min", "Ho"),
        ("Avery Testcase", "Avery", "Testcase"),
        ("Avery Testcase Esquire.", "Avery", "Testcase"),
        ("Avery Testcase, Jr.", "Jr.", "Avery Testcase"),
        ("  Sample ,  Bo  ", "Bo", "Sample"),
        ("名字", "名字", ""),
        ("", "", ""),
    ],
)
def test_a_name_is_split_as_canvas_splits_it_in_launches(sortable: str, first: str, last: str) -> None:
    assert split_sortable_name(sortable) == (first, last)


def test_every_sample_name_is_split_as_canvas_splits_it(canvas_samples: Path) -> None:
    with (canvas_samples / "name_cases.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = [split_sortable_name(row["sortable_name"] or "") for row in rows]
    assert found == [(row["first_name"] or "", row["last_name"] or "") for row in rows]
