"""The record of launches: plotted, searched, and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from flask import Blueprint, Response, request, url_for
from markupsafe import Markup

from bridge.admin.roles import Role
from bridge.contracts import Outcome
from bridge.files.formulas import guarded
from bridge.identifiers import normalize
from bridge.reasons import REASONS
from bridge.store import launch_counts, launch_search
from bridge.store.database import Engine
from bridge.store.launch_counts import HOUR, OTHERS, Count
from bridge.store.launch_search import FAILED, Found, Wanted
from bridge.store.launches import REFERENCE_LENGTH, readings
from bridge.web.admin.access import note, requires
from bridge.web.admin.paging import ROWS, Page, Place, page_of, read_place
from bridge.web.admin.plots import Column, Series, stacked_bars
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

OUTCOMES: Final = tuple(Outcome)
COLOURS: Final = dict(zip(OUTCOMES, ("s1", "s2", "s3", "s4", "s5"), strict=False))
MOST_COLOURS: Final = 6
"""Of connections in one plot."""
MOST_EXPORTED: Final = 200_000
CHUNK: Final = 1_000
CSV: Final = ("time", "connection", "kind", "student_id", "first_name", "last_name", "outcome", "reason", "reference")
KINDS: Final = {
    "lti13": "LTI 1.3", "lti11": "LTI 1.1", "scorm12": "SCORM 1.2", "scorm2004": "SCORM 2004", "aicc": "AICC",
    "cmi5": "cmi5",
}  # fmt: skip


class Span(NamedTuple):
    """A stretch of time that is plotted: hours in all, and of one bar."""

    words: str
    hours: int
    bar: int


SPANS: Final[Mapping[str, Span]] = {
    "24h": Span("24 hours", 24, 1),
    "7d": Span("7 days", 7 * 24, 6),
    "30d": Span("30 days", 30 * 24, 24),
    "90d": Span("90 days", 90 * 24, 72),
}


@dataclass(frozen=True)
class Filters:
    """What the page was asked to show."""

    text: str
    connection: str
    outcome: str
    span: str
    by: str
    since: int
    until: int
    reason: str = ""

    @property
    def query(self) -> dict[str, Any]:
        """The same as an address says it."""
        said = {
            "q": self.text,
            "connection": self.connection,
            "outcome": self.outcome,
            "span": self.span,
            "by": self.by,
            "since": self.since,
            "until": self.until,
            "reason": self.reason,
        }
        usual = {"span": "7d", "by": "outcome"}
        return {name: value for name, value in said.items() if value and usual.get(name) != value}

    def without_time(self) -> dict[str, Any]:
        """The same, of all times."""
        return {name: value for name, value in self.query.items() if name not in {"since", "until"}}


def launch_pages(admin: AdminServices) -> Blueprint:
    """The routes of the record of launches."""
    pages = Blueprint("launches", __name__)
    engine = admin.app.engine

    @pages.get("/launches")
    @requires(Role.VIEWER)
    def show() -> Response:
        filters = read_filters(request.args)
        place: Place[tuple[float, int]] | None = read_place(request.args, tuple[float, int])
        plot, missing = _plot(engine, filters, admin.app.now())
        names = admin.app.connections.names()
        return render(
            "admin/launches.html",
            page=_page(engine, filters, place),
            plot=plot,
            missing=missing,
            filters=filters,
            connections=names,
            known=frozenset(names),
            outcomes=OUTCOMES,
            spans=SPANS,
            reasons=REASONS,
            kinds=KINDS,
        )

    @pages.get("/launches.csv")
    @requires(Role.VIEWER)
    def download() -> Response:
        filters = read_filters(request.args)
        wanted = wanted_by(engine, filters)
        asked = {name: value for name, value in filters.query.items() if name != "q"}  # which may name somebody
        note("export_launches", connection=filters.connection, filters=asked, searched=bool(filters.text))
        lines = _csv(engine, wanted) if wanted else iter([",".join(CSV) + "\r\n"])
        response = Response(lines, content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="launches.csv"'
        return response

    return pages


def read_filters(args: Mapping[str, str]) -> Filters:
    """What an address asks for; nonsense asks for nothing."""
    outcome, span = args.get("outcome", ""), args.get("span", "")
    return Filters(
        text=args.get("q", "").strip()[:200],
        connection=args.get("connection", "")[:255],
        outcome=outcome if outcome in {FAILED, *OUTCOMES} else "",
        span=span if span in SPANS else "7d",
        by="connection" if args.get("by") == "connection" else "outcome",
        since=_moment(args.get("since", "")),
        until=_moment(args.get("until", "")),
        reason=args["reason"] if args.get("reason") in REASONS else "",
    )


def wanted_by(engine: Engine, filters: Filters) -> Wanted | None:
    """The launches that the filters mean; None where nobody is meant by the text."""
    students: Sequence[str] = ()
    references: Sequence[str] = ()
    if filters.text:
        students = (normalize(filters.text), *launch_counts.students_named(engine, filters.text))
        letters = sum(letter.isalnum() for letter in filters.text)
        references = readings(filters.text) if letters == REFERENCE_LENGTH else ()
        students = [student for student in students if student]
        if not students and not references:
            return None
    return Wanted(
        filters.connection,
        filters.outcome,
        tuple(students),
        tuple(references),
        filters.since,
        filters.until,
        filters.reason,
    )


def _page(engine: Engine, filters: Filters, place: Place[tuple[float, int]] | None) -> Page[Found]:
    wanted = wanted_by(engine, filters)
    if wanted is None:
        return Page([])
    key, backward = (place.key, place.is_backward) if place else (None, False)
    found = launch_search.newest(engine, wanted, ROWS + 1, key=key, backward=backward)
    return page_of(found, place, lambda row: row.key)


def _plot(engine: Engine, filters: Filters, now: float) -> tuple[Markup, int]:
    span = SPANS[filters.span]
    last = int(now) // HOUR // span.bar
    first = last - span.hours // span.bar + 1
    outcomes = _outcomes(filters.outcome)
    own: Sequence[str] = ()
    if filters.by == "connection":
        own = _with_own_colour(
            [filters.connection]
            if filters.connection
            else launch_counts.busiest(engine, first * span.bar, MOST_COLOURS + 1, hours=span.bar, outcomes=outcomes)
        )
    counts, missing = launch_counts.counts_since(
        engine,
        first * span.bar,
        (filters.connection,) if filters.connection else (),
        hours=span.bar,
        outcomes=outcomes,
        named=own,
    )
    series, group = _series(counts, filters.by, own)
    table = {bar: [0] * len(series) for bar in range(first, last + 1)}
    for count in counts:
        bar = count.hour // span.bar
        if bar in table:  # one of tomorrow is by a clock that was wrong
            table[bar][group[getattr(count, filters.by)]] += count.launches
    columns = [_column(bar, values, span, filters) for bar, values in table.items()]
    return stacked_bars(f"Launches of the last {span.words} by {filters.by}", series, columns), missing


def _outcomes(outcome: str) -> Sequence[str]:
    """Those that a filter means; none where it means all."""
    if outcome == FAILED:
        return [one for one in OUTCOMES if one != Outcome.MATCHED]
    return [outcome] if outcome else ()


def _with_own_colour(names: Sequence[str]) -> Sequence[str]:
    """Of many connections the smaller ones share a colour."""
    return names if len(names) <= MOST_COLOURS else names[: MOST_COLOURS - 1]


def _series(counts: Sequence[Count], by: str, own: Sequence[str]) -> tuple[list[Series], dict[str, int]]:
    """The colours, and which one each outcome or connection has."""
    if by == "outcome":
        there = {count.outcome for count in counts}
        shown = [outcome for outcome in OUTCOMES if outcome in there] or [Outcome.MATCHED]
        return [Series(o.replace("_", " "), COLOURS[o]) for o in shown], {o: at for at, o in enumerate(shown)}
    there = {count.connection for count in counts}
    names = [name for name in (*own, OTHERS) if name in there]
    series = [
        Series("others", "s5") if name == OTHERS else Series(name or "no connection", f"s{(6, 1, 3, 4, 2, 5)[at]}")
        for at, name in enumerate(names)
    ]
    return series or [Series("launches", "s6")], {name: at for at, name in enumerate(names)}


def _column(bar: int, values: Sequence[int], span: Span, filters: Filters) -> Column:
    begins, ends = bar * span.bar * HOUR, (bar + 1) * span.bar * HOUR
    moment = datetime.fromtimestamp(begins, UTC)
    label = moment.strftime("%H:%M") if span.bar == 1 else moment.strftime("%b %-d")
    title = moment.strftime("%Y-%m-%d")
    if span.bar < 24:
        title += moment.strftime(" %H:%M") + datetime.fromtimestamp(ends, UTC).strftime("–%H:%M UTC")
    elif span.bar > 24:
        title += datetime.fromtimestamp(ends - 1, UTC).strftime(" to %Y-%m-%d")
    href = url_for("admin.launches.show", **{**filters.query, "since": begins, "until": ends}, _anchor="list")
    return Column(label, title, values, href)


def _csv(engine: Engine, wanted: Wanted) -> Iterator[str]:
    """The file, some rows at a time."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV)
    key: tuple[float, int] | None = None
    for _ in range(MOST_EXPORTED // CHUNK):
        found = launch_search.newest(engine, wanted, CHUNK, key=key)
        for row in found:
            line = row.line._asdict() | {"time": datetime.fromtimestamp(row.line.time, UTC).isoformat()}
            writer.writerow([guarded(str(line[name])) for name in CSV])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
        if len(found) < CHUNK:
            return
        key = found[-1].key


def _moment(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
