"""A search in OttoLearn itself for an ID that the directory does not have.

No endpoint for this is documented (docs/ottolearn-api.md), so it is used only where `ottolearn.api.search` configures
one. The full list is still read afterwards: a wrong setting costs a call, and hides nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from bridge.contracts import Learner
from bridge.errors import RemoteRefused
from bridge.ottolearn.api import OttoLearnApi
from bridge.store import rates
from bridge.store.database import Engine

log = logging.getLogger(__name__)

SPAN: Final = 30.0
MOST: Final = 60
"""Searches in `SPAN` seconds over all processes; each ID at most once."""

Search = Callable[[str], Sequence[Learner]]


def no_search(_student_id: str) -> Sequence[Learner]:
    """The search where none is configured: it finds nobody."""
    return ()


def remote_search(
    engine: Engine, ottolearn: OttoLearnApi, attributes: Sequence[str], now: Callable[[], float]
) -> Search:
    """A search for an ID in every Username attribute, so that two users who share it are both found.

    It raises RemoteUnavailable.
    """

    def search(student_id: str) -> Sequence[Learner]:
        if not ottolearn.can_search or not _may_ask(engine, student_id, now()):
            return ()
        found: dict[int, Learner] = {}
        try:
            for attribute in attributes:
                found |= {person.user_id: person for person in ottolearn.search(attribute, student_id)}
        except RemoteRefused as error:
            log.warning("OttoLearn cannot be asked for one user as ottolearn.api.search says: %s", error)
            return ()
        return list(found.values())

    return search


def _may_ask(engine: Engine, student_id: str, now: float) -> bool:
    again = rates.count(engine, "search of an ID", student_id, now=now, span=SPAN) > 1
    return not again and rates.count(engine, "searches", "", now=now, span=SPAN) <= MOST
