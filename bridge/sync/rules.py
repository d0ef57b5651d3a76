"""The rules of a run: what the configuration says, checked against what OttoLearn records."""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import ConfigError, RemoteRefused
from bridge.identifiers import loose_key
from bridge.ottolearn.api import Attribute
from bridge.sync.context import RunContext
from bridge.sync.facts import Rules
from bridge.sync.mapping import mistakes_in
from bridge.sync.target import SyncTarget


def rules_of(target: SyncTarget, context: RunContext, *, override: bool) -> Rules:
    """What holds for every person of a run. Raises ConfigError for a mapping that OttoLearn could not take."""
    required = frozenset(attribute.name for attribute in _required(target, context))
    return replace(configured_rules(target, override=override), required=required)


def configured_rules(target: SyncTarget, *, override: bool = False) -> Rules:
    """The rules without what only OttoLearn can say: which attributes it requires of new users."""
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
