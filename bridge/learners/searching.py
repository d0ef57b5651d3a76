"""One user by an ID that the directory does not know, where OttoLearn can be asked for one.

That it can is known of no OttoLearn (docs/ottolearn-api.md), so it is asked only where `ottolearn.api.search` says how.
The whole list is read after that as ever: a wrong setting costs a call, and hides nobody.
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
"""IDs that OttoLearn is asked for in so many seconds, over all processes; the same one once."""

Search = Callable[[str], Sequence[Learner]]


def nobody(_student_id: str) -> Sequence[Learner]:
    """Where OttoLearn cannot be asked."""
    return ()


def searching(engine: Engine, ottolearn: OttoLearnApi, attributes: Sequence[str], now: Callable[[], float]) -> Search:
    """Asks for an ID in every Username attribute, so that two who share it are both known. Raises RemoteUnavailable."""

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
