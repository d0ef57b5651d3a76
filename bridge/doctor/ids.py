"""Whether launches and the roster of a connection name people by the same ID, and what to change where they do not.

The commonest reason why everybody is synced and nobody gets in: the LMS sends one ID at launch and lists another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, NamedTuple

from bridge.contracts import PLACE, RosterMember
from bridge.identifiers import loose_key

PEOPLE: Final = 10
"""People who are shown, from launches and from the roster each."""
LOOKED_AT: Final = 20_000
"""People of the roster among whom those of the launches are looked for."""

State = Literal["ok", "look", "failed"]


class IdFinding(NamedTuple):
    """One thing that was compared: what, how it stands, and what to do."""

    what: str
    state: State
    detail: str
    advice: str = ""


@dataclass
class _Seen:
    """Where the roster holds the IDs of launches."""

    exact: dict[str, set[str]] = field(default_factory=dict)
    """Launch ID -> fields with exactly this value."""
    near: dict[str, set[str]] = field(default_factory=dict)
    """Launch ID -> fields with this value but for letter case and leading zeros."""
    sample: list[str] = field(default_factory=list)
    """Student IDs of the first people of the roster."""
    people: int = 0


def compare_ids(
    launched: Sequence[str], roster: Iterable[RosterMember], own: str, attribute_of: Callable[[str], str]
) -> Iterator[IdFinding]:
    """Compare IDs of recent launches, newest first and as they are looked up, with the people of a roster.

    `own` is the connection's `student_id`; `attribute_of` says which Username attribute in OttoLearn holds an ID, empty
    for none. Yields one finding for each person, then what follows from all of them. Raises what reading raises.
    """
    wanted = list(dict.fromkeys(launched))[:PEOPLE]
    seen = _look_for(wanted, islice(roster, LOOKED_AT), own)
    for student_id in wanted:
        yield _launched(student_id, seen, own, attribute_of(student_id))
    for student_id in seen.sample:
        yield _listed(student_id, attribute_of(student_id))
    yield _conclusion(wanted, seen, own)


def _look_for(wanted: Sequence[str], roster: Iterable[RosterMember], own: str) -> _Seen:
    seen = _Seen({name: set() for name in wanted}, {name: set() for name in wanted})
    loose = {_loosely(name): name for name in wanted}
    for member in roster:
        seen.people += 1
        if len(seen.sample) < PEOPLE and member.student.student_id:
            seen.sample.append(member.student.student_id)
        for name, value in _ids(member, own):
            if value in seen.exact:
                seen.exact[value].add(name)
            elif value and (launched := loose.get(_loosely(value))):
                seen.near[launched].add(name)
    return seen


def _ids(member: RosterMember, own: str) -> Iterator[tuple[str, str]]:
    yield own, member.student.student_id
    for name, value in member.fields.items():
        if name not in {own, "student_id", PLACE}:
            yield name, value


def _loosely(student_id: str) -> str:
    return loose_key(student_id).lstrip("0")


def _launched(student_id: str, seen: _Seen, own: str, attribute: str) -> IdFinding:
    fields = ", ".join(sorted(seen.exact[student_id]))
    near = ", ".join(sorted(seen.near[student_id]))
    place = f"the roster has it as {fields}" if fields else "the roster has it in no field"
    if near and not fields:
        place = f"the roster has it as {near}, in other letter case or with other leading zeros"
    state: State = "ok" if own in seen.exact[student_id] and attribute else "look"
    return IdFinding(f"launch of {student_id}", state, f"{place}; {_in_ottolearn(attribute)}")


def _listed(student_id: str, attribute: str) -> IdFinding:
    return IdFinding(f"on the roster: {student_id}", "ok" if attribute else "look", _in_ottolearn(attribute))


def _in_ottolearn(attribute: str) -> str:
    return f"OttoLearn has it as {attribute}" if attribute else "OttoLearn has it in no Username attribute"


def _conclusion(wanted: Sequence[str], seen: _Seen, own: str) -> IdFinding:
    what = "launch and roster"
    if not wanted:
        return IdFinding(what, "look", "nobody has launched yet", "launch once, and ask again")
    rest = [student_id for student_id in wanted if own not in seen.exact[student_id]]
    if not rest:
        return IdFinding(what, "ok", f"{len(wanted)} of {len(wanted)} launch IDs are the {own} of somebody")
    if found := Counter(name for student_id in rest for name in sorted(seen.exact[student_id])).most_common(1):
        name, count = found[0]
        detail = f"{count} of {len(wanted)} launches carry what the roster calls {name}, not {own}"
        advice = f"set `student_id: {name}` in the connection, or let the LMS send {own} at launch"
        return IdFinding(what, "failed", detail, advice)
    if any(own in seen.near[student_id] for student_id in rest):
        detail = "launches and roster write the same IDs differently: letter case, or leading zeros"
        return IdFinding(what, "look", detail, "make them one with `student_id_rules` in the connection")
    detail = f"{len(rest)} of {len(wanted)} launch IDs are in no field of the {seen.people:,} people looked at"
    advice = (
        f"these people are not on this roster, or the LMS sends another ID than {own} at launch: compare one person"
    )
    return IdFinding(what, "look", detail, advice)
