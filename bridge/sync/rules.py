"""The rules of a run: what the configuration says, checked against what OttoLearn records."""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import ConfigError, RemoteRefused
from bridge.identifiers import loose_key
from bridge.ottolearn.api import Attribute
from bridge.sync.apply import Surroundings
from bridge.sync.facts import Rules
from bridge.sync.mapping import mistakes_in
from bridge.sync.subject import Subject


def rules_of(subject: Subject, around: Surroundings, *, override: bool) -> Rules:
    """What holds for every person of a run. Raises ConfigError for a mapping that OttoLearn could not take."""
    required = frozenset(attribute.name for attribute in _required(subject, around))
    return replace(configured_rules(subject, override=override), required=required)


def configured_rules(subject: Subject, *, override: bool = False) -> Rules:
    """The rules without what only OttoLearn can say: which attributes it requires of new users."""
    roster = subject.roster
    protected = (*roster.protected_users, subject.api_user)
    return Rules(
        source=subject.source,
        usernames=subject.usernames,
        filled=subject.mapped.usernames,
        owned_by_ottolearn=frozenset(roster.owned_by_ottolearn),
        ignore_case=subject.connection.ignore_case,
        follows_ids=subject.connection.follows_ids,
        replaces_ids=subject.connection.replaces_ids,
        protect=roster.protect and not override,
        protected=frozenset(loose_key(name) for name in protected if name),
        grace_days=roster.grace.days,
        grace_reads=roster.grace.complete_reads,
    )


def _required(subject: Subject, around: Surroundings) -> list[Attribute]:
    """The attributes that OttoLearn requires of a user whom this connection may create."""
    try:
        known = around.ottolearn.attributes()
    except RemoteRefused as error:
        around.notice(f"OttoLearn's attributes cannot be checked: {error}")
        return []
    problems = mistakes_in(known, subject.mapped)
    if subject.link is not None and subject.link.attribute not in {attribute.name for attribute in known}:
        problems.append(f"OttoLearn has no attribute {subject.link.attribute}, by which people are to be found")
    if problems:
        raise ConfigError([f"connections.{subject.connection.name}.roster: {problem}" for problem in problems])
    if subject.link is not None:
        return []
    required = [attribute for attribute in known if attribute.required]
    if unfilled := [attribute.name for attribute in required if attribute.name not in subject.mapped.names]:
        around.notice(f"nobody can be created: OttoLearn requires {', '.join(unfilled)}, and nothing fills it")
    return required
