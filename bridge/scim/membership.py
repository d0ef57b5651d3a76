"""The members that a PATCH adds to a group and removes from it: the work grows with them, not with the group.

The library applies each operation to the group as a whole, and looks through all its members for every one that is
removed: a thousand of ten thousand took it minutes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from scim2_models import PatchOp, Resource
from scim2_server.service import scim_exception_of

from bridge.scim.rows import Members, is_member, members_of

GROUP_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_WHOLE: Final = {"members", f"{GROUP_SCHEMA}:members".lower()}
_ONE: Final = re.compile(rf'(?:{re.escape(GROUP_SCHEMA)}:)?members\[value eq "([^"\\]*)"\]', re.IGNORECASE)
Model = type[Resource[Any]]


@dataclass
class Difference:
    """The change of a group's members."""

    everybody: bool = False
    """Whether all earlier members are removed, except those of `come`."""
    come: Members = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    exactly: bool = False
    """Whether it may be applied only to the version of the group that it was made for."""

    def add(self, members: Members) -> None:
        self.gone -= members.keys()
        self.come |= members

    def remove(self, members: set[str]) -> None:
        self.gone |= members
        for value in members:
            self.come.pop(value, None)

    def replace(self, members: Members) -> None:
        self.everybody, self.come, self.gone = True, dict(members), set()


class Parts(NamedTuple):
    """A PATCH of a group."""

    difference: Difference
    others: list[Any]
    """The operations that concern other attributes than the members."""


def read_difference(model: Model, patch: PatchOp[Any]) -> Parts | None:
    """The two parts; None where an operation belongs to both, or chooses members in a way that only the library knows.

    Raises SCIMException for a member that is none.
    """
    found, others = Difference(), []
    for operation in patch.operations or ():
        path = None if operation.path is None else str(operation.path)
        if not _concerns_members(path, operation.value):
            others.append(operation)
        elif not _read_operation(model, found, str(operation.op.value), path, operation.value):
            return None
    return Parts(found, others)


def _concerns_members(path: str | None, value: Any) -> bool:
    if path is not None:
        return "members" in path.lower()
    return isinstance(value, dict) and any("members" in str(name).lower() for name in value)


def _read_operation(model: Model, found: Difference, kind: str, path: str | None, value: Any) -> bool:
    """Whether the operation could be read."""
    if path is None:
        (name, value), *more = value.items()
        return not more and _read_operation(model, found, kind, str(name), value)
    if kind == "remove":
        return _read_removal(found, path, value)
    if path.lower() not in _WHOLE:
        return False
    members = _members(model, value)
    if kind == "add":
        found.add(members)
    else:
        found.replace(members)
    return True


def _read_removal(found: Difference, path: str, value: Any) -> bool:
    if one := _ONE.fullmatch(path):
        found.remove({one.group(1)})
        return value is None
    if path.lower() not in _WHOLE:
        return False
    if value is None:
        found.replace({})
        return True
    entries = value if isinstance(value, list) else [value]
    named = {entry["value"] for entry in entries if _is_named(entry) and is_member(entry["value"])}
    found.remove(named)
    return all(_is_named(entry) for entry in entries)


def _is_named(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("value"), str)


def _members(model: Model, value: Any) -> Members:
    """The members that an operation names, as the library reads those of a new group."""
    entries: Sequence[Any] = value if isinstance(value, list) else [value]
    try:
        group = model.model_validate({"schemas": [GROUP_SCHEMA], "displayName": "-", "members": list(entries)})
    except ValidationError as error:
        raise scim_exception_of(error) from error
    return members_of(group)
