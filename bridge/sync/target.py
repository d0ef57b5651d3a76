"""The target of a sync: one connection, its roster settings and mapping, fixed for the duration of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from bridge.contracts import Assurance, Connection, ReaderContext, RosterPages
from bridge.errors import ConfigError, RemoteRefused, RosterIncomplete
from bridge.identifiers import loose_key
from bridge.ottolearn.api import Attribute
from bridge.roster.settings import Link, Roster
from bridge.store import sync_people
from bridge.store.database import Engine
from bridge.store.people import Origin, Source
from bridge.sync.context import RunContext
from bridge.sync.facts import Rules
from bridge.sync.link import only_linking
from bridge.sync.mapping import AttributeMap, build_map, mistakes_in


@dataclass(frozen=True, slots=True)
class SyncTarget:
    """One connection with a roster, and how its people map to OttoLearn's."""

    connection: Connection[Any]
    read_roster: Callable[[Any, ReaderContext], RosterPages]
    read_changes: Callable[[Any, ReaderContext, float], RosterPages] | None
    source: int
    """The connection's number in the database."""
    roster: Roster
    link: Link | None
    """Given where the roster only links."""
    mapped: AttributeMap
    usernames: tuple[str, ...]
    """OttoLearn's Username attributes."""
    api_user: str
    """The username of the bridge itself in OttoLearn, which is never written to."""

    @property
    def ledger(self) -> Source:
        """The namespace and origin of this roster's records in the ledger of persons."""
        connection = self.connection
        origin = Origin.CLAIM if connection.adapter.claims_roster(connection.settings) else Origin.ROSTER
        return Source(connection.name, connection.adapter.roster_namespace, origin)

    def fingerprint(self) -> str:
        """A digest of everything in the configuration, and of the file that is read, that a plan depends on."""
        parts = [
            self.connection.name,
            self.connection.settings.student_id,
            self.connection.ignore_case,
            self.connection.follows_ids,
            self.connection.replaces_ids,
            list(self.usernames),
            self.roster.model_dump(
                mode="json",
                exclude={"every", "full_every", "writes_at_once", "calls_per_second", "limits", "on_exceed"},
            ),
            None if self.link is None else self.link.model_dump(),
            self._file(),
        ]
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()

    def tells_changes(self) -> bool:
        """Whether the source can be asked what has changed; a file is always read whole."""
        tells = self.connection.adapter.tells_changes(self.connection.settings)
        return self.read_changes is not None and tells and not self._file()

    @contextmanager
    def unchanged_file(self) -> Iterator[None]:
        """Raise RosterIncomplete where the file behind the roster is another one at the end of the block."""
        before = self._file()
        yield
        if self._file() != before:
            raise RosterIncomplete("the file was changed while it was read")

    def _file(self) -> str:
        """A digest of the file behind the roster; empty where there is none, or none that can be read."""
        fingerprint = self.connection.adapter.fingerprint
        try:
            return "" if fingerprint is None else fingerprint(self.connection.settings)
        except RosterIncomplete:
            return ""  # reading it says why


def target_of(
    connection: Connection[Any], username_attributes: Sequence[str], api_user: str, engine: Engine
) -> SyncTarget:
    """The target that the configuration of `connection` describes.

    Raises ConfigError for a connection without a roster, or with one that would let nobody launch.
    """
    read_roster = connection.adapter.read_roster
    if read_roster is None:
        raise ConfigError([f"connections.{connection.name}: {connection.adapter.title} has no roster to read"])
    if connection.adapter.claims_roster(connection.settings) and Assurance.CLAIMED not in connection.accepts:
        raise ConfigError([_claimed(connection)])
    roster: Roster = getattr(connection.settings, "roster", None) or Roster()
    link: Link | None = getattr(connection.settings, "link", None)
    student_id, usernames = connection.settings.student_id, tuple(username_attributes)
    mapping = roster if link is None else only_linking(roster, student_id, usernames, link)
    return SyncTarget(
        connection=connection,
        read_roster=read_roster,
        read_changes=connection.adapter.read_changes if link is None else None,
        source=sync_people.source_id(engine, connection.name),
        roster=roster,
        link=link,
        mapped=build_map(mapping, student_id, usernames, ignore_case=connection.ignore_case),
        usernames=usernames,
        api_user=api_user,
    )


def _claimed(connection: Connection[Any]) -> str:
    return (
        f"connections.{connection.name}: whoever edits a course can write {connection.settings.student_id}, so that a "
        "roster by it would let them give anybody's ID to anybody; choose a student_id that the LMS fills by itself, "
        "or let accepts take claimed, if you trust every course author"
    )


def rules_of(target: SyncTarget, context: RunContext, *, override: bool) -> Rules:
    """The rules of a run, with the attributes that OttoLearn requires. Raises ConfigError for an impossible mapping."""
    required = frozenset(attribute.name for attribute in _required(target, context))
    return replace(configured_rules(target, override=override), required=required)


def configured_rules(target: SyncTarget, *, override: bool = False) -> Rules:
    """The rules by the configuration alone, without the attributes that OttoLearn requires of new users."""
    roster = target.roster
    protected = (*roster.protected_users, target.api_user)
    return Rules(
        source=target.source,
        usernames=target.usernames,
        filled=target.mapped.usernames,
        owned_by_ottolearn=frozenset(roster.owned_by_ottolearn),
        ignore_case=target.connection.ignore_case,
        follows_ids=target.connection.follows_ids,
        replaces_ids=target.connection.replaces_ids,
        protect=roster.protect and not override,
        protected=frozenset(loose_key(name) for name in protected if name),
        grace_days=roster.grace.days,
        grace_reads=roster.grace.complete_reads,
    )


def _required(target: SyncTarget, context: RunContext) -> list[Attribute]:
    """The attributes that OttoLearn requires of a user whom this connection may create."""
    try:
        known = context.ottolearn.attributes()
    except RemoteRefused as error:
        context.notice(f"OttoLearn's attributes cannot be checked: {error}")
        return []
    problems = mistakes_in(known, target.mapped)
    if target.link is not None and target.link.attribute not in {attribute.name for attribute in known}:
        problems.append(f"OttoLearn has no attribute {target.link.attribute}, by which people are to be found")
    if problems:
        raise ConfigError([f"connections.{target.connection.name}.roster: {problem}" for problem in problems])
    if target.link is not None:
        return []
    required = [attribute for attribute in known if attribute.required]
    if unfilled := [attribute.name for attribute in required if attribute.name not in target.mapped.names]:
        context.notice(f"nobody can be created: OttoLearn requires {', '.join(unfilled)}, and nothing fills it")
    return required
