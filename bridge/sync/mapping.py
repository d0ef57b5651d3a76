"""The configured mapping: from what an LMS says of a person to what OttoLearn should say of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bridge.contracts import RosterMember
from bridge.errors import ConfigError
from bridge.ottolearn.api import FIRST_NAME, LAST_NAME, Attribute
from bridge.store.text import exact, fold
from bridge.sync.settings import Roster, fill

DIGEST_BYTES = 16
NAMES = {FIRST_NAME: "first_name", LAST_NAME: "last_name"}
"""Filled without being asked for, unless the mapping says otherwise."""
Read = Callable[[RosterMember], str]


class Wanted(NamedTuple):
    """What one member of a roster should be in OttoLearn."""

    key: str
    """The student ID, folded: what identifies a person within a connection."""
    student_id: str
    """The student ID in NFC."""
    digest: bytes
    """Of the student ID and every value."""
    values: tuple[str, ...]
    """In the order of `AttributeMap.names`; empty where the LMS has none."""


class AttributeMap:
    """Which attribute of OttoLearn is filled from where, for one connection."""

    def __init__(self, sources: Mapping[str, Read], usernames: Sequence[str], carriers: Sequence[str]) -> None:
        self.names = tuple(sources)
        self.usernames = tuple(name for name in usernames if name in sources)
        """The Username attributes that are filled, in order of trust."""
        self.carriers = tuple(carriers)
        """Those of them that hold the student ID."""
        self._reads = tuple(sources.values())
        self._person = hashlib.blake2b("\x1f".join(self.names).encode(), digest_size=16).digest()

    def want(self, member: RosterMember) -> Wanted:
        """What `member` should be. The digest depends on the names of the attributes too."""
        values = tuple([read(member) for read in self._reads])
        student_id = exact(member.student.student_id)
        text = "\x1f".join((student_id, *values)).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, digest_size=DIGEST_BYTES, person=self._person).digest()
        return Wanted(fold(student_id), student_id, digest, values)

    def attributes(self, wanted: Wanted) -> dict[str, str]:
        """What there is to write: attributes without a value are left alone, never emptied."""
        return {name: value for name, value in zip(self.names, wanted.values, strict=True) if value}


def build_map(roster: Roster, student_id: str, username_attributes: Sequence[str]) -> AttributeMap:
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
    sources = {name: _field("student_id" if field in own else field) for name, field in fields.items()}
    sources |= {name: _constant(text) for name, text in roster.constants.items()}
    sources |= {name: _template(text) for name, text in roster.templates.items()}
    return AttributeMap(sources, username_attributes, carriers)


def mistakes_in(known: Sequence[Attribute], mapped: AttributeMap) -> list[str]:
    """What is wrong with the mapping, in words, given what the organisation records; empty where nothing is."""
    names = {attribute.name for attribute in known}
    unknown = [f"OttoLearn has no attribute {name}" for name in mapped.names if name not in names]
    keyless = [
        f"{attribute.name} is not a Username attribute in OttoLearn: nobody could launch by it"
        for attribute in known
        if attribute.name in mapped.carriers and not attribute.is_username
    ]
    return unknown + keyless


def _field(name: str) -> Read:
    if name == "student_id":
        return lambda member: member.student.student_id
    if name == "first_name":
        return lambda member: member.fields.get("first_name") or member.student.first_name
    if name == "last_name":
        return lambda member: member.fields.get("last_name") or member.student.last_name
    return lambda member: member.fields.get(name, "")


def _constant(text: str) -> Read:
    return lambda member: text  # noqa: ARG005 -- the same for everybody


def _template(template: str) -> Read:
    def read(member: RosterMember) -> str:
        return fill(template, {**member.student._asdict(), **member.fields})

    return read
