"""The report of a run as files: JSON for programs, a page for people, and the records to try again."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import msgspec

from bridge.files.private import make_private
from bridge.store import sync_items
from bridge.store.database import Engine
from bridge.store.sync_items import WRITES, Kind, State
from bridge.store.sync_runs import Run
from bridge.sync.planfile import iso, item_line

SHOWN: Final = 200
"""People named on the page; the plan file and `runs show` have them all."""
COUNTS: Final = (
    *("read", "created", "updated", "reactivated", "deactivated", "unchanged"),
    *("conflicts", "skipped", "quarantined", "held"),
)
STYLE: Final = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1a1a1a; }
table { border-collapse: collapse; margin: 1rem 0; } caption { text-align: start; font-weight: bold; }
th, td { border: 1px solid #767676; padding: .25rem .75rem; text-align: start; vertical-align: top; }
td.n { text-align: end; font-variant-numeric: tabular-nums; } svg { max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { body { background: #121212; color: #eee; } }
"""
WIDTH, HEIGHT, MARGIN = 640, 240, 48
LINES: Final = (("read", "#0b5cad", "none"), ("written", "#a6400b", "6 3"))
"""Name, colour, dashes: told apart without colour too. Both colours have a contrast of 4.5 and more on white."""


def write_report(engine: Engine, run: Run, directory: Path) -> tuple[Path, Path | None]:
    """Write the report of `run` into `directory`; the page, and the retry file where somebody is in quarantine.

    Raises OSError. The files are readable by their owner alone: they name people's IDs.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"{run.connection}-{run.id}"
    _write(directory / f"{stem}.json", iter([msgspec.json.format(msgspec.json.encode(document(run)), indent=2)]))
    page = directory / f"{stem}.html"
    _write(page, (part.encode() for part in _page(engine, run)))
    retry = directory / f"{stem}.retry.jsonl"
    lines = lines_of(engine, run.id, states=(State.QUARANTINED,))
    first = next(lines, None)
    if first is None:
        return page, None
    _write(retry, (msgspec.json.encode(line) + b"\n" for line in chain([first], lines)))
    return page, retry


def document(run: Run) -> dict[str, Any]:
    """A run as JSON shows it."""
    return {
        **run.summary,
        "run": run.id,
        "connection": run.connection,
        "kind": run.kind,
        "status": run.status,
        "reason": run.reason,
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at),
        "full": run.full,
        **({} if run.since is None else {"changes_since": iso(run.since)}),
    }


def lines_of(
    engine: Engine, run: int, *, kinds: tuple[Kind, ...] = (), states: tuple[State, ...] = ()
) -> Iterator[dict[str, Any]]:
    """The items of a run as people read them, with the state of each."""
    for page in sync_items.pages(engine, run, kinds=kinds, states=states):
        for item in page:
            yield {**item_line(item), "state": item.state}


def _write(path: Path, parts: Iterator[bytes]) -> None:
    make_private(path)
    with path.open("wb") as file:
        file.writelines(parts)


def _page(engine: Engine, run: Run) -> Iterator[str]:
    summary = run.summary
    title = html.escape(f"Sync of {run.connection}, run {run.id}: {run.status}")
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
    yield f"<style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    yield f"<p>{iso(run.started_at)} to {iso(run.ended_at)}: {_reach(run)}.</p>"
    if notices := summary.get("notices"):
        yield f"<h2>To know</h2><ul>{''.join(f'<li>{html.escape(text)}</li>' for text in notices)}</ul>"
    yield _figures("People", {name: summary.get(name, 0) for name in COUNTS})
    yield _figures("Reasons", summary.get("reasons", {}))
    yield _figures("Seconds", {**summary.get("durations", {}), "in all": summary.get("seconds", 0)})
    yield plot(summary.get("samples", []))
    yield from _people(engine, run.id)
    yield "</main></body></html>\n"


def _reach(run: Run) -> str:
    """What was read and compared."""
    if run.look_up:
        return "one person, whom the LMS was asked for because of a launch"
    if run.since is not None:
        return f"an incremental run, of what the LMS changed since {iso(run.since)} by its own clock"
    return "the whole roster, everything compared with OttoLearn" if run.full else "the whole roster"


def _figures(caption: str, figures: dict[str, float]) -> str:
    if not figures:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{html.escape(name.replace("_", " "))}</th><td class="n">{value:,}</td></tr>'
        for name, value in figures.items()
    )
    return f"<table><caption>{caption}</caption><tbody>{rows}</tbody></table>"


def _people(engine: Engine, run: int) -> Iterator[str]:
    kinds = (Kind.CONFLICT, Kind.SKIPPED, *WRITES)
    lines = list(islice(lines_of(engine, run, kinds=kinds), SHOWN + 1))
    if not lines:
        return
    more = f", the first {SHOWN}" if len(lines) > SHOWN else ""
    yield f"<table><caption>Who{more}</caption><thead><tr>"
    yield "".join(f'<th scope="col">{name}</th>' for name in ("Student ID", "What", "State", "OttoLearn user", "Why"))
    yield "</tr></thead><tbody>"
    for line in lines[:SHOWN]:
        cells = (line["student_id"], line["kind"], line["state"], line["user_id"] or "", _why(line))
        yield "<tr>" + "".join(f"<td><bdi>{html.escape(str(cell))}</bdi></td>" for cell in cells) + "</tr>"
    yield "</tbody></table>"


def _why(line: dict[str, Any]) -> str:
    changes = "; ".join(f"{name}: {before!r} → {after!r}" for name, (before, after) in line.get("changes", {}).items())
    texts = [line.get(name, "") for name in ("where", "reason", "note")]
    return " · ".join(part for part in (*texts, changes) if part)


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
