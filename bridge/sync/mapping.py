"""The configured mapping from the fields of a roster member to attributes of an OttoLearn user."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Final

import msgspec

from bridge.contracts import FIRST_NAME, LAST_NAME, RECORD, RosterMember, Student
from bridge.errors import ConfigError
from bridge.identifiers import UNDECODED, is_no_id, key, normalize
from bridge.ottolearn.api import Attribute
from bridge.roster.settings import Roster, fill
from bridge.store.sync_people import VALUES_DIGEST

DIGEST_BYTES = 16
HALF = VALUES_DIGEST
NAMES = {FIRST_NAME: "first_name", LAST_NAME: "last_name"}
"""Filled by default."""
_EMPTY: Final = hashlib.blake2b(digest_size=HALF)
Compute = Callable[[RosterMember], str]


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """The attributes that one member of a roster should have in OttoLearn."""

    key: str
    """The `bridge.identifiers.key` of the student ID: what identifies a person within a connection."""
    student_id: str
    """Normalized."""
    digest: bytes
    """Of the student ID and all values; its second half is of the record alone where the source names records."""
    values: tuple[str, ...]
    """In the order of `AttributeMap.names`; empty where the LMS has none."""
    record: str = ""
    """The source's own lasting name of the person; empty where it has none."""


class AttributeMap:
    """Which field fills which attribute of OttoLearn, for one connection."""

    def __init__(
        self,
        fields: Mapping[str, str],
        computed: Mapping[str, Compute],
        usernames: Sequence[str],
        carriers: Sequence[str],
        *,
        ignore_case: bool,
    ) -> None:
        """`fields`: attribute -> roster field. `usernames` and `carriers`: see the attributes of these names."""
        self._ignore_case = ignore_case
        of_student = {name: Student._fields.index(field) for name, field in fields.items() if field in Student._fields}
        plain = {name: field for name, field in fields.items() if name not in of_student}
        self.names = (*of_student, *plain, *computed)
        self.usernames = tuple(name for name in usernames if name in self.names)
        """The Username attributes that are filled, in order of trust."""
        self.carriers = tuple(carriers)
        """Those of them that hold the student ID."""
        self._of_student = _picking(list(of_student.values()))
        self._plain = tuple(plain.values())
        self._computed = tuple(computed.values())
        names = hashlib.blake2b("\x1f".join(self.names).encode(), digest_size=16).digest()
        self._digest = hashlib.blake2b(digest_size=DIGEST_BYTES, person=names)

    def want(self, member: RosterMember) -> Wanted:
        """What `member` should be in OttoLearn. The digest covers the names of the attributes, too."""
        student, fields, _ = member
        values = (*self._of_student(student), *[fields.get(name, "") for name in self._plain])
        if self._computed:
            values += tuple(compute(member) for compute in self._computed)
        digest = self._digest.copy()
        digest.update("\x1f".join((student[0], *values)).encode("utf-8", "surrogatepass"))
        record = fields.get(RECORD, "")
        whole = digest.digest() if not record else digest.digest()[:HALF] + _record_digest(record)
        student_id = normalize(student[0])
        return Wanted(key(student_id, ignore_case=self._ignore_case), student_id, whole, values, record)

    def attributes(self, wanted: Wanted) -> dict[str, str]:
        """The attributes to write. Left out are empty values (an attribute is never emptied), values that could not be
        decoded, and values of Username attributes that are no ID, such as "none".
        """
        named = zip(self.names, wanted.values, strict=True)
        there = {name: value for name, value in named if value and UNDECODED not in value}
        return {name: value for name, value in there.items() if name not in self.usernames or not is_no_id(value)}


def build_map(
    roster: Roster, student_id: str, username_attributes: Sequence[str], *, ignore_case: bool = False
) -> AttributeMap:
    """The mapping of one connection, `student_id` being its field of that meaning.

    Names, and the student ID in the first Username attribute, are filled unless the configuration says otherwise.
    Raises ConfigError where no Username attribute would hold the student ID: nobody could launch.
    """
    fields = dict(roster.attributes)
    taken = {*fields, *roster.constants, *roster.templates}
    own = {student_id, "student_id"}
    if not any(fields.get(name) in own for name in username_attributes) and username_attributes[0] not in taken:
        fields[username_attributes[0]] = "student_id"
    carriers = [name for name in username_attributes if fields.get(name) in own]
    if not carriers:
        names = ", ".join(username_attributes)
        raise ConfigError([f"roster.attributes: none of {names} is filled from {student_id}; nobody could launch"])
    fields |= {name: field for name, field in NAMES.items() if name not in taken}
    read = {name: "student_id" if field in own else field for name, field in fields.items()}
    computed = {name: _constant(text) for name, text in roster.constants.items()}
    computed |= {name: _template(text) for name, text in roster.templates.items()}
    return AttributeMap(read, computed, username_attributes, carriers, ignore_case=ignore_case)


def mistakes_in(known: Sequence[Attribute], mapped: AttributeMap) -> list[str]:
    """The mistakes of a mapping, in sentences, given the attributes `known` to OttoLearn; empty for none."""
    names = {attribute.name for attribute in known}
    unknown = [f"OttoLearn has no attribute {name}" for name in mapped.names if name not in names]
    keyless = [
        f"{attribute.name} is not a Username attribute in OttoLearn: nobody could launch by it"
        for attribute in known
        if attribute.name in mapped.carriers and not attribute.is_username
    ]
    return unknown + keyless


def same_record(one: bytes, other: bytes) -> bool:
    """Whether two digests are of the same record of the source."""
    return one[HALF:] == other[HALF:]


def _picking(places: Sequence[int]) -> Callable[[Student], tuple[str, ...]]:
    """A function that picks the values at `places`; an `itemgetter` for speed, since it runs for every member."""
    return itemgetter(*places) if len(places) > 1 else lambda student: tuple(student[place] for place in places)


def _record_digest(record: str) -> bytes:
    digest = _EMPTY.copy()  # three times as quick as making one, and rosters hold millions
    digest.update(record.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _constant(text: str) -> Compute:
    return lambda member: text  # noqa: ARG005 -- the same for all members


def _template(template: str) -> Compute:
    def read(member: RosterMember) -> str:
        return fill(template, {**member.student._asdict(), **member.fields})

    return read
