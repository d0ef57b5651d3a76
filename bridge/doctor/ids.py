"""Whether launches and the roster of a connection name people by the same ID, and what to change where they do not.

The commonest reason why people are synced and nobody gets in: the LMS sends one ID at launch and lists another. Worse
is an ID that is one person's at launches and another's on the roster: so names are compared, too.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from bridge.contracts import PLACE, RECORD, Observation, RosterMember, State, Student
from bridge.identifiers import loose_key
from bridge.learners.students import differ

PEOPLE: Final = 10
"""People who are shown, from launches and from the roster each."""
LOOKED_AT: Final = 20_000
"""People of the roster among whom those of the launches are looked for."""
_NO_CANDIDATES: Final = {PLACE, RECORD, "student_id", "first_name", "last_name"}


class _Whose(enum.IntEnum):
    """What the names say of two records with one value; the larger is the better."""

    ANOTHERS = 0
    UNSAID = 1
    THEIRS = 2


@dataclass
class _Seen:
    """Where the roster holds the IDs of launches."""

    exact: dict[str, dict[str, _Whose]] = field(default_factory=dict)
    """Launch ID -> fields with exactly this value, and whose it is there."""
    near: dict[str, set[str]] = field(default_factory=dict)
    """Launch ID -> fields with this value but for letter case and leading zeros."""
    sample: list[str] = field(default_factory=list)
    """Student IDs of the first people of the roster."""
    people: int = 0


class _Candidate(NamedTuple):
    """How many launch IDs a field of the roster has."""

    agreeing: int
    """Of somebody with the same name, or whose name is not known."""
    by_name: int
    """Of those, with the same name."""
    of_others: int
    """Of somebody with another name."""


def compare_ids(
    launched: Sequence[Student], roster: Iterable[RosterMember], own: str, attribute_of: Callable[[str], str]
) -> Iterator[Observation]:
    """Compare students of recent launches, newest first and with the IDs that are looked up, with people of a roster.

    `own` is the connection's `student_id`; `attribute_of` says which Username attribute in OttoLearn holds an ID, empty
    for none. Yields one observation for each person, one for each field that holds an ID of a launch, then what follows
    from all of them. Raises what reading raises.
    """
    newest = {student.student_id: student for student in reversed(launched)}
    wanted = list(dict.fromkeys(student.student_id for student in launched))[:PEOPLE]
    seen = _look_for([newest[student_id] for student_id in wanted], islice(roster, LOOKED_AT), own)
    for student_id in wanted:
        yield _launched(student_id, seen, own, attribute_of(student_id))
    for student_id in seen.sample:
        yield _listed(student_id, attribute_of(student_id))
    candidates = _candidates(wanted, seen, own)
    for name, candidate in candidates.items():
        yield _candidate(name, candidate, len(wanted))
    yield _conclusion(wanted, seen, own, candidates)


def _look_for(wanted: Sequence[Student], roster: Iterable[RosterMember], own: str) -> _Seen:
    students = {student.student_id: student for student in wanted}
    seen = _Seen({name: {} for name in students}, {name: set() for name in students})
    loose = {_loosely(name): name for name in students}
    for member in roster:
        seen.people += 1
        if len(seen.sample) < PEOPLE and member.student.student_id:
            seen.sample.append(member.student.student_id)
        for name, value in _ids(member, own):
            if value in students:
                whose = _whose(students[value], member.student)
                seen.exact[value][name] = max(whose, seen.exact[value].get(name, whose))
            elif value and (launched := loose.get(_loosely(value))):
                seen.near[launched].add(name)
    return seen


def _ids(member: RosterMember, own: str) -> Iterator[tuple[str, str]]:
    yield own, member.student.student_id
    for name, value in member.fields.items():
        if name != own and name not in _NO_CANDIDATES:
            yield name, value


def _whose(launched: Student, listed: Student) -> _Whose:
    one, other = (" ".join(student[1:]).strip() for student in (launched, listed))
    if not one or not other:
        return _Whose.UNSAID
    return _Whose.ANOTHERS if differ(one, other) else _Whose.THEIRS


def _loosely(student_id: str) -> str:
    return loose_key(student_id).lstrip("0")


def _launched(student_id: str, seen: _Seen, own: str, attribute: str) -> Observation:
    fields = seen.exact[student_id]
    listed = ", ".join(
        f"{name} of somebody with another name" if fields[name] == _Whose.ANOTHERS else name for name in sorted(fields)
    )
    near = ", ".join(sorted(seen.near[student_id]))
    place = f"the roster has it as {listed}" if fields else "the roster has it in no field"
    if near and not fields:
        place = f"the roster has it as {near}, in other letter case or with other leading zeros"
    state: State = "ok" if fields.get(own, _Whose.ANOTHERS) != _Whose.ANOTHERS and attribute else "look"
    return Observation(f"launch of {student_id}", state, f"{place}; {_in_ottolearn(attribute)}")


def _listed(student_id: str, attribute: str) -> Observation:
    return Observation(f"on the roster: {student_id}", "ok" if attribute else "look", _in_ottolearn(attribute))


def _in_ottolearn(attribute: str) -> str:
    return f"OttoLearn has it as {attribute}" if attribute else "OttoLearn has it in no Username attribute"


def _candidates(wanted: Sequence[str], seen: _Seen, own: str) -> dict[str, _Candidate]:
    """The configured field and every other that holds an ID of a launch, the best first."""
    names = {own, *(name for fields in seen.exact.values() for name in fields)} if wanted else set()
    found = {}
    for name in names:
        whose = [seen.exact[student_id][name] for student_id in wanted if name in seen.exact[student_id]]
        others = whose.count(_Whose.ANOTHERS)
        found[name] = _Candidate(len(whose) - others, whose.count(_Whose.THEIRS), others)
    return dict(sorted(found.items(), key=lambda item: (-item[1].agreeing, item[0] != own, item[0])))


def _candidate(name: str, found: _Candidate, launches: int) -> Observation:
    detail = f"{found.agreeing} of {launches} launch IDs are somebody's {name}"
    detail += f", {found.by_name} of them with the same name" if found.by_name else ""
    detail += f"; {found.of_others} are the {name} of somebody with another name" if found.of_others else ""
    return Observation(f"candidate {name}", "ok" if found.agreeing == launches else "look", detail)


def _conclusion(wanted: Sequence[str], seen: _Seen, own: str, candidates: dict[str, _Candidate]) -> Observation:
    what = "launch and roster"
    if not wanted:
        return Observation(what, "look", "nobody has launched yet", "launch once, and ask again")
    chosen = candidates[own]
    best, found = next(iter(candidates.items()))
    if chosen.agreeing == len(wanted):
        return Observation(what, "ok", f"{len(wanted)} of {len(wanted)} launch IDs are the {own} of somebody")
    if found.agreeing > chosen.agreeing:
        detail = f"{found.agreeing} of {len(wanted)} launches carry what the roster calls {best}, not {own}"
        advice = f"set `student_id: {best}` in the connection, or let the LMS send {own} at launch"
        return Observation(what, "failed", detail, advice)
    if chosen.of_others > chosen.agreeing:
        detail = f"{chosen.of_others} of {len(wanted)} launch IDs are the {own} of somebody with another name"
        advice = f"{own} is another number than the one that the LMS sends at launch: do not sync by it"
        return Observation(what, "failed", detail, advice)
    rest = [student_id for student_id in wanted if own not in seen.exact[student_id]]
    if any(own in seen.near[student_id] for student_id in rest):
        detail = "launches and roster write the same IDs differently: letter case, or leading zeros"
        return Observation(what, "look", detail, "make them one with `student_id_rules` in the connection")
    missing = len(wanted) - chosen.agreeing
    detail = f"{missing} of {len(wanted)} launch IDs are in no field of the {seen.people:,} people looked at"
    advice = (
        f"these people are not on this roster, or the LMS sends another ID than {own} at launch: compare one person"
    )
    return Observation(what, "look", detail, advice)
