"""Prefilters: database look-ups for the rows that a SCIM filter can match, before the filter is evaluated on them.

A condition is used where all of the filter, or every alternative of an `or`, requires it; the library evaluates the
rest.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple

from scim2_models import ScimFilter
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator, Not, ValuePath

from bridge.store.scim_resources import GROUP, USER, digest, exact, folded

MAX_ALTERNATIVES: Final = 50
"""Look-ups for one filter; a filter of more alternatives is evaluated on all resources."""
_SLACK: Final = 1.0
"""Seconds of tolerance: the filter compares times as they are sent, the database as they are stored."""


def comparisons(node: FilterNode) -> int:
    """How many values a filter compares, for one resource, at most."""
    if isinstance(node, LogicalExpr):
        return sum(map(comparisons, node.terms))
    if isinstance(node, ValuePath):
        return comparisons(node.val_filter)
    return comparisons(node.expr) if isinstance(node, Not) else 1


class Prefilter(NamedTuple):
    """One look-up of rows that can match."""

    column: str
    """Of digests, `id`, `member`, or a name of `scim_resources.part`."""
    one: bytes = b""
    value: str = ""
    at: float = 0.0


PARTS: Final = frozenset({"since", "until", "inactive"})
"""What `scim_resources.part` reads: they may be many, so they are the last choice."""
_COLUMNS: Final[dict[str, dict[str, tuple[str, Callable[[str], str]]]]] = {
    USER: {
        "username": ("taken", folded),
        "externalid": ("external", exact),
        "employeenumber": ("employee", folded),
        "emails": ("mail", folded),
        "emails.value": ("mail", folded),
    },
    GROUP: {"displayname": ("name", folded), "externalid": ("external", exact)},
}
_SINCE: Final = {CompareOperator.gt, CompareOperator.ge, CompareOperator.eq}
_UNTIL: Final = {CompareOperator.lt, CompareOperator.le}


def prefilters(connection: str, kind: str, scim_filter: ScimFilter[Any] | None) -> list[Prefilter] | None:
    """The look-ups that together find whoever can match; None where every row must be looked at."""
    if scim_filter is None:
        return None
    alternatives = _alternatives(connection, kind, scim_filter.ast)
    return None if alternatives is None or len(alternatives) > MAX_ALTERNATIVES else alternatives


def _alternatives(connection: str, kind: str, node: FilterNode, within: str = "") -> list[Prefilter] | None:
    if isinstance(node, LogicalExpr):
        found = [_alternatives(connection, kind, term, within) for term in node.terms]
        sure = [alternatives for alternatives in found if alternatives is not None]
        if node.op == LogicalOperator.and_:
            return min(sure, key=_cost, default=None)
        return list(chain.from_iterable(sure)) if len(sure) == len(found) else None
    if isinstance(node, ValuePath) and not within:
        return _alternatives(connection, kind, node.val_filter, node.attr_path.attr.lower())
    if not isinstance(node, Comparison):
        return None
    parts = (within, node.attr_path.attr, node.attr_path.sub_attr)
    one = _by(connection, kind, ".".join(part.lower() for part in parts if part), node)
    return None if one is None else [one]


def _cost(alternatives: list[Prefilter]) -> tuple[bool, int]:
    return any(way.column in PARTS for way in alternatives), len(alternatives)


def _by(connection: str, kind: str, path: str, comparison: Comparison) -> Prefilter | None:
    if path == "meta.lastmodified":
        return _by_time(comparison)
    if comparison.op != CompareOperator.eq:
        return None
    if path == "active" and kind == USER and comparison.value is False:
        return Prefilter("inactive")
    return _by_text(connection, kind, path, comparison.value) if isinstance(comparison.value, str) else None


def _by_text(connection: str, kind: str, path: str, value: str) -> Prefilter | None:
    if path == "id":
        return Prefilter("id", value=value)
    if kind == GROUP and path in {"members", "members.value"}:
        return Prefilter("member", value=value)
    if path not in _COLUMNS[kind]:
        return None
    column, fold = _COLUMNS[kind][path]
    one = digest(connection, kind, column, fold(value))
    return Prefilter(column, one, value)


def _by_time(comparison: Comparison) -> Prefilter | None:
    """None for what is no time of a known zone: the library says what becomes of it."""
    try:
        time = datetime.fromisoformat(comparison.value) if isinstance(comparison.value, str) else None
        if time is None or time.tzinfo is None:
            return None
        if comparison.op in _SINCE:
            return Prefilter("since", at=time.timestamp() - _SLACK)
        return Prefilter("until", at=time.timestamp() + _SLACK) if comparison.op in _UNTIL else None
    except (ValueError, OverflowError):
        return None
