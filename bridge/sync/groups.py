"""The pages of a source in groups worth a question to the database, and the proof that they were all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bridge.contracts import RosterEnd, RosterMember, RosterPages
from bridge.errors import RosterIncomplete

BATCH: Final = 400
"""Members compared at a time: fewer cost more questions, more no longer fit into a processor's cache."""


def groups(pages: RosterPages) -> Iterator[Sequence[RosterMember]]:
    """The members of a whole roster in groups worth a question to the database.

    Raises what reading raises, and RosterIncomplete, after the last group, without proof of the roster's end.
    """
    end: RosterEnd | None = None
    read = 0
    for members in _regrouped(pages):
        if end is not None:
            raise RosterIncomplete("the source went on after its end")
        if isinstance(members, RosterEnd):
            end = members
            continue
        read += len(members)
        yield members
    if end is None:
        raise RosterIncomplete("the source ended without saying that this was everybody")
    if end.total != read:
        raise RosterIncomplete(f"the source says {end.total} people and sent {read}")


def _regrouped(pages: RosterPages) -> Iterator[Sequence[RosterMember] | RosterEnd]:
    """The pages of the source in groups worth a question to the database."""
    group: list[RosterMember] = []
    for page in pages:
        if isinstance(page, RosterEnd):
            if group:
                yield group
            group = []
            yield page
            continue
        group.extend(page)
        while len(group) >= BATCH:
            yield group[:BATCH]
            del group[:BATCH]
    if group:
        yield group
