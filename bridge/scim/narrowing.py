"""Which rows a filter can match at all: what the database looks up, before the filter itself decides.

Only an equality that the whole filter demands narrows; whatever else it says, the library evaluates it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from scim2_models import ScimFilter
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator, ValuePath

from bridge.store.scim_resources import GROUP, SEVERAL, USER, digest, exact, folded


class Narrowed(NamedTuple):
    """The rows that can match."""

    column: str
    """Of digests, or `id`, or `member`."""
    one: bytes = b""
    other: bytes = b""
    value: str = ""


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


def narrowed(connection: str, kind: str, scim_filter: ScimFilter[Any] | None) -> Narrowed | None:
    """The first equality that narrows; None where every row must be looked at."""
    if scim_filter is None:
        return None
    return next(
        (found for path, value in _demanded(scim_filter.ast) if (found := _by(connection, kind, path, value))), None
    )


def _by(connection: str, kind: str, path: str, value: str) -> Narrowed | None:
    if path == "id":
        return Narrowed("id", value=value)
    if kind == GROUP and path in {"members", "members.value"}:
        return Narrowed("member", value=value)
    if path not in _COLUMNS[kind]:
        return None
    column, fold = _COLUMNS[kind][path]
    one = digest(connection, kind, column, fold(value))
    return Narrowed(column, one, SEVERAL if column == "mail" else one)


def _demanded(node: FilterNode, within: str = "") -> Iterator[tuple[str, str]]:
    """The equalities with a text without which nothing matches: path in lower case, and the text."""
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_:
        for term in node.terms:
            yield from _demanded(term, within)
    elif isinstance(node, ValuePath) and not within:
        yield from _demanded(node.val_filter, node.attr_path.attr.lower())
    elif isinstance(node, Comparison) and node.op == CompareOperator.eq and isinstance(node.value, str):
        parts = (within, node.attr_path.attr, node.attr_path.sub_attr)
        yield ".".join(part.lower() for part in parts if part), node.value
