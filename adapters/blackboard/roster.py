"""Everybody Blackboard shows to the application. It cannot be asked for what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.blackboard.api import Blackboard
from adapters.blackboard.people import RIGHTS, People
from adapters.blackboard.settings import Api, Settings
from bridge.contracts import ReaderContext, RosterMember, RosterPages
from bridge.errors import ConfigError
from bridge.roster.completeness import require_complete


def require_api(settings: Settings) -> Api:
    """The API of a connection. Raises ConfigError where it has none."""
    if settings.api is None:
        raise ConfigError(["a Blackboard roster needs the key `api` in its connection, with `url`, `key` and `secret`"])
    return settings.api


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises what `bridge.errors` names."""
    return require_complete(_pages(settings, require_api(settings), context), settings.student_id, RIGHTS)


def _pages(settings: Settings, api: Api, context: ReaderContext) -> Iterator[Sequence[RosterMember]]:
    blackboard, people = Blackboard(api, context), People(settings)
    for data_source in settings.roster.filters.data_sources or ("",):
        for users in blackboard.users(data_source):
            yield people.page(users)
    people.require_fields()
