"""Everybody Docebo shows to the user of its API. It cannot be asked for what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.docebo.listing import read_items
from adapters.docebo.people import RIGHTS, People
from adapters.docebo.settings import Api, Settings
from adapters.docebo.signin import session
from bridge.contracts import ReaderContext, RosterMember, RosterPages
from bridge.errors import ConfigError
from bridge.roster.completeness import require_complete


def require_api(settings: Settings) -> Api:
    """The API of a connection. Raises ConfigError where it has none."""
    if settings.api is None:
        raise ConfigError(["a Docebo roster needs the key `api` in its connection, with `url` and an OAuth2 app"])
    return settings.api


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises what `bridge.errors` names."""
    return require_complete(_pages(settings, require_api(settings), context), settings.student_id, RIGHTS)


def _pages(settings: Settings, api: Api, context: ReaderContext) -> Iterator[Sequence[RosterMember]]:
    people = People(settings, context.now(), context.notice)
    for items in read_items(api, session(api, context)):
        yield people.page(items)
    people.require_fields()
