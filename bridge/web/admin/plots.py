"""Plots, drawn here as SVG: no script, no other host. Words stand around the picture, so that they keep their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

WIDTH, HEIGHT = 1000, 200
GAP: Final = 0.2
"""Of a column's width."""
TICKS: Final = 4
LABELS: Final = 5
"""Words below the plot, at most; between them nothing is said on a narrow screen either."""


class Series(NamedTuple):
    """One colour of the bars: `s1` to `s6` of admin.css."""

    name: str
    colour: str


class Column(NamedTuple):
    """One bar: its word below the plot (many may share one: their day), what it says when it is pointed at, where it
    leads, a value for each series."""

    label: str
    title: str
    values: Sequence[int]
    href: str = ""


def stacked_bars(title: str, series: Sequence[Series], columns: Sequence[Column]) -> Markup:
    """A figure of stacked bars, with its legend, and the same figures as a table."""
    top = _round_up(max((sum(column.values) for column in columns), default=0))
    lines = Markup().join(
        Markup('<path class="grid" d="M0 {0}H{1}"/>').format(HEIGHT * at // TICKS, WIDTH) for at in range(TICKS)
    )
    bars = _bars(top, series, columns) + Markup().join(
        _place(at, len(columns), series, column) for at, column in enumerate(columns)
    )
    picture = Markup(
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="group" aria-label="{}">{}{}</svg>'
    ).format(WIDTH, HEIGHT, title, lines, bars)
    scale = Markup().join(Markup("<span>{:,}</span>").format(top * (TICKS - at) // TICKS) for at in (0, 2, 4))
    return Markup(
        '<figure class="plot"><div class="area"><div class="scale" aria-hidden="true">{}</div>{}</div>'
        '<div class="below" aria-hidden="true">{}</div>{}</figure>'
    ).format(scale, picture, _labels(columns), _legend(series)) + _table(title, series, columns)


def _bars(top: int, series: Sequence[Series], columns: Sequence[Column]) -> Markup:
    """All bars of one colour as one shape: an element for each bar would be most of a page's weight."""
    width = WIDTH / max(1, len(columns))
    shapes: list[list[str]] = [[] for _ in series]
    for at, column in enumerate(columns):
        floor, x, wide = float(HEIGHT), (at + GAP / 2) * width, width * (1 - GAP)
        for shape, value in zip(shapes, column.values, strict=True):
            if value:
                height = HEIGHT * value / top
                floor -= height
                shape.append(f"M{x:.0f} {floor:.1f}h{wide:.0f}v{height:.1f}h-{wide:.0f}z")
    return Markup().join(
        Markup('<path class="{}" d="{}"/>').format(one.colour, "".join(shape))
        for one, shape in zip(series, shapes, strict=True)
        if shape
    )


def _place(at: int, count: int, series: Sequence[Series], column: Column) -> Markup:
    """Where a column is pointed at: what it says then, and where it leads."""
    width = WIDTH / count
    description = f"{column.title}: " + (_values_text(series, column) or "none")
    room = Markup('<rect class="room" x="{:.0f}" y="0" width="{:.0f}" height="{}"/>').format(at * width, width, HEIGHT)
    inner = Markup("<title>{}</title>{}").format(description, room)
    if column.href and sum(column.values):
        return Markup('<a href="{}">{}</a>').format(column.href, inner)
    return Markup("<g>{}</g>").format(inner)


def _values_text(series: Sequence[Series], column: Column) -> str:
    return ", ".join(f"{value:,} {one.name}" for one, value in zip(series, column.values, strict=True) if value)


def _labels(columns: Sequence[Column]) -> Markup:
    """Below the column where a new word begins, so that a day stands below its first column; the newest is named."""
    words = [column.label for column in columns]
    begins = [at for at in range(1, len(words)) if words[at] and words[at] != words[at - 1]] or [0]
    named = set(begins[:: -max(1, -(-len(begins) // LABELS))])
    near_end = len(words) * (1 - 1 / (2 * LABELS))
    plain, at_end = Markup("<span>{}</span>"), Markup('<span class="at-end">{}</span>')
    spans = ((at_end if at > near_end else plain).format(words[at] if at in named else "") for at in range(len(words)))
    return Markup().join(spans)


def _legend(series: Sequence[Series]) -> Markup:
    items = Markup().join(
        Markup('<li><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="{}" width="12" height="12" rx="2"/></svg>')
        .format(one.colour) + Markup("<bdi>{}</bdi></li>").format(one.name)
        for one in series
    )  # fmt: skip
    return Markup("<figcaption><ul>{}</ul></figcaption>").format(items)


def _table(title: str, series: Sequence[Series], columns: Sequence[Column]) -> Markup:
    head = Markup().join(Markup('<th scope="col">{}</th>').format(one.name) for one in series)
    rows = Markup().join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            column.title, Markup().join(Markup('<td class="number">{:,}</td>').format(value) for value in column.values)
        )
        for column in columns
        if sum(column.values)
    )
    return Markup(
        '<details class="figures"><summary>As a table</summary><div class="scroll" role="region" tabindex="0" '
        'aria-label="{0}"><table><caption class="unseen">{0}</caption><thead><tr><th scope="col">When</th>{1}</tr>'
        "</thead><tbody>{2}</tbody></table></div></details>"
    ).format(title, head, rows)


def _round_up(most: int) -> int:
    """The next number that parts well."""
    size = 1
    while True:
        for step in (4, 8, 12, 20):
            if most <= step * size:
                return step * size
        size *= 10
