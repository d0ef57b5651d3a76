"""Whether one person can be looked up at a launch, tried with somebody who is on the roster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from bridge.contracts import RECORD, Connection, ReaderContext, RosterMember
from bridge.errors import ConfigError, OttoBridgeError
from bridge.identifiers import normalize
from bridge.sync.look_up import LIMITS
from bridge.sync.verdict import people_with

WHAT = "look-up at launch"


class LookUpFinding(NamedTuple):
    """The result: see `bridge.doctor.checks.Finding`."""

    what: str
    state: str
    detail: str
    advice: str = ""


def try_look_up(source: Connection[Any], context: ReaderContext, roster: Iterable[RosterMember]) -> LookUpFinding:
    """Look up the first person of the roster who has an ID, and compare. The result holds no name and no ID."""
    began = context.now()
    try:
        known = next((member for member in roster if member.active and member.student.student_id), None)
        if known is None:
            return LookUpFinding(WHAT, "look", "nobody on the roster has an ID to try it with")
        began = context.now()
        found = people_with(source, context, normalize(known.student.student_id))
    except ConfigError as error:
        return LookUpFinding(WHAT, "failed", "; ".join(error.problems))
    except OttoBridgeError as error:
        return LookUpFinding(WHAT, "failed", str(error), "until it works, such launches end with a page, as before")
    return _judged(known, found, context.now() - began)


def _judged(known: RosterMember, found: list[RosterMember], took: float) -> LookUpFinding:
    if len(found) != 1:
        detail = f"somebody of the roster, asked for by their ID, is {len(found)} people"
        return LookUpFinding(WHAT, "failed", detail, "compare `student_id`, and the rights of the API's user")
    if found[0].fields.get(RECORD) != known.fields.get(RECORD):
        return LookUpFinding(WHAT, "failed", "the LMS's API names another record than the roster for the same ID")
    if took > LIMITS.answer / 2:
        return LookUpFinding(WHAT, "look", f"it took {took:.1f} s; a launch waits {LIMITS.answer:.0f} s for all of it")
    return LookUpFinding(WHAT, "ok", f"somebody of the roster was found by their ID in {took * 1000:.0f} ms")
