"""The runs of a connection, drawn: what each has changed, and how many people it has read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from flask import url_for
from markupsafe import Markup

from bridge.store.sync_runs import UNDER_WAY, Run, Status
from bridge.web.admin.plots import Column, Series, stacked_bars
from bridge.web.admin.sync_words import KINDS

CHANGED: Final = {"created": "s1", "updated": "s6", "reactivated": "s4", "deactivated": "s3", "quarantined": "s2"}
"""What the bars are made of, and their colours."""
READ: Final = (Series("people read", "s6"),)
FEWEST: Final = 24
"""Bars of a plot, at least: two runs do not fill the page."""


def plot_changes(runs: Sequence[Run]) -> Markup:
    """What these runs, newest first, have changed, plans being none that did; empty where they have changed nothing."""
    acted = [run for run in runs if run.status not in {Status.PLANNED, *UNDER_WAY}]
    used = [name for name in CHANGED if any(run.summary.get(name) for run in acted)] or ["created"]
    series = [Series(name, CHANGED[name]) for name in used]
    return _plot("What the runs have changed", series, acted, used)


def plot_read(runs: Sequence[Run]) -> Markup:
    """How many people the full runs among these have read."""
    whole = [run for run in runs if run.kind == "whole" and run.status not in UNDER_WAY]
    return _plot("How many people each full run has read", READ, whole, ["read"])


def _plot(title: str, series: Sequence[Series], runs: Sequence[Run], names: Sequence[str]) -> Markup:
    columns = [_column(run, names) for run in reversed(runs)]
    if not any(sum(column.values) for column in columns):
        return Markup()
    nothing = [0] * len(names)
    empty = [Column("", "no run", nothing) for _ in range(FEWEST - len(columns))]
    return stacked_bars(title, series, [*empty, *columns])


def _column(run: Run, names: Sequence[str]) -> Column:
    moment = datetime.fromtimestamp(run.started_at, UTC)
    title = f"{moment:%Y-%m-%d %H:%M UTC}, run {run.id}, {KINDS[run.kind]}"
    values = [int(run.summary.get(name, 0)) for name in names]
    return Column(moment.strftime("%b %-d"), title, values, url_for("admin.sync.run", run=run.id))
