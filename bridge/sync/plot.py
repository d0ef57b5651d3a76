"""The course of a run as one inline SVG: people read and written over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

WIDTH, HEIGHT, MARGIN = 640, 240, 48
LINES: Final = (("read", "#0b5cad", "none"), ("written", "#a6400b", "6 3"))
"""Name, colour, dashes: told apart without colour too. Both colours have a contrast of 4.5 and more on white."""


def plot(samples: Sequence[Sequence[float]]) -> str:
    """The SVG, with a text for those who do not see it; empty for fewer than two samples (seconds, read, written)."""
    if len(samples) < 2:
        return ""
    seconds = max(sample[0] for sample in samples) or 1.0
    most = max(max(sample[1:3]) for sample in samples) or 1.0
    last = samples[-1]
    text = f"{int(last[1])} people read and {int(last[2])} written in {seconds:.1f} seconds."
    lines = "".join(
        _line([(s[0] / seconds, s[place] / most) for s in samples], colour, dashes)
        for place, (_, colour, dashes) in enumerate(LINES, start=1)
    )
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{_axes(seconds, most)}{lines}{_legend()}</svg>'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _at(across: float, up: float) -> tuple[float, float]:
    return (
        round(MARGIN + across * (WIDTH - 2 * MARGIN), 1),
        round(HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN), 1),
    )


def _line(points: Sequence[tuple[float, float]], colour: str, dashes: str) -> str:
    path = " ".join(f"{x},{y}" for x, y in (_at(*point) for point in points))
    return f'<polyline fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}" points="{path}"/>'


def _axes(seconds: float, most: float) -> str:
    (left, bottom), (right, top) = _at(0, 0), _at(1, 1)
    return (
        f'<path d="M{left},{top}V{bottom}H{right}" fill="none" stroke="#555"/>'
        f'<g font-size="12" fill="#333"><text x="{left}" y="{bottom + 16}">0 s</text>'
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{seconds:.1f} s</text>'
        f'<text x="{left}" y="{top - 6}">{int(most):,} people</text></g>'
    )


def _legend() -> str:
    parts = []
    for place, (name, colour, dashes) in enumerate(LINES):
        x = WIDTH - MARGIN - 200 + 110 * place
        parts.append(
            f'<path d="M{x},20h24" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
            f'<text x="{x + 30}" y="24" font-size="12" fill="#333">{name}</text>'
        )
    return "".join(parts)
