"""Where the SCIM server keeps what one identity provider pushes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, Union, cast

from scim2_models import (
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    ScimProvider,
    SearchRequest,
    TooManyException,
    UniquenessException,
)
from scim2_server.storage import ScimStorage, SearchPage
from scim2_server.utils import parametrize

from bridge.scim.prefilter import PARTS, Prefilter, comparisons, prefilters
from bridge.scim.rows import Members, document_of, is_member, keys_of, members_of, meta_of, resource_from, version_of
from bridge.store import scim_groups, scim_resources
from bridge.store.database import Engine
from bridge.store.scim_groups import Difference, Rewriting
from bridge.store.scim_resources import GROUP, NameTaken, Row

_ID: Final = re.compile(r"[0-9a-f]{32}")
"""What `uuid4().hex` makes."""
MOST_CANDIDATES: Final = 10_000
"""Resources on which one filter is evaluated, or which are sorted, at a seventh of a millisecond each."""
MOST_COMPARISONS: Final = 50_000
"""Values that one filter compares, of all these resources together, at up to thirty microseconds each."""
TOO_MANY: Final = (
    f"More than {MOST_CANDIDATES:,} resources of type {{}}, or {MOST_COMPARISONS:,} values of them, would have to be "
    "compared. Filter by `eq` of id, userName, "
    "externalId, employeeNumber, emails.value, displayName or members.value, by `active eq false`, or by a closer "
    "meta.lastModified; without filter and sortBy, everybody is listed page by page"
)


class Storage(ScimStorage):
    """The users and groups of one connection."""

    def __init__(self, engine: Engine, connection: str, provider: ScimProvider, now: Callable[[], float]) -> None:
        self._engine = engine
        self._connection = connection
        self._provider = provider
        self._now = now

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """A resource; of a group whose members are not asked for, they are not read."""
        return self.resource(resource_type, self.row(resource_type, resource_id), _wants_members(response_parameters))

    def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """One page, in the order in which the resources came, or sorted."""
        del position
        asked, start = search_request, search_request.start_index_0 or 0
        members = _wants_members(asked) or (asked.filter is not None and "members" in str(asked.filter).lower())
        if asked.filter is None and asked.sort_by is None and len(resource_types) == 1:
            kind = resource_types[0]
            total, rows = scim_resources.page(self._engine, self._connection, _name(kind), start, asked.count)
            return SearchPage(total, [self.resource(kind, row, members) for row in rows])
        found = list(self._matching(resource_types, asked.filter, members))
        if asked.sort_by is not None:
            found = asked.sort(found)
        stop = None if asked.count is None else start + asked.count
        return SearchPage(len(found), list(islice(found, start, stop)))

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Keep a new resource."""
        return _kept(resource, resource_type, self.keep(resource_type, resource))

    def keep(self, resource_type: ResourceType, resource: Resource[Any]) -> Row:
        """The same; its row."""
        kind, now, id_, keys = _name(resource_type), self._now(), uuid.uuid4().hex, keys_of(self._connection, resource)
        document = document_of(resource)
        if kind == GROUP:
            members = members_of(resource)
            scim_groups.create(self._engine, self._connection, id_, keys, document, members, now)
        else:
            values = scim_resources.values_of(self._connection, kind, id_, keys, document, now)
            with _as_conflict():
                scim_resources.create(self._engine, values)
        return Row(0, id_, document, 1, now, now)

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Write a resource anew."""
        row = self._as_read(resource, expected_version)
        row = row or self._expected(resource_type, resource.id or "", expected_version)
        if _name(resource_type) == GROUP:
            now, keys, document = self._now(), keys_of(self._connection, resource), document_of(resource)
            members = members_of(resource)
            if not scim_groups.replace(self._engine, self._connection, row, keys, document, members, now):
                raise PreconditionFailedException
            row = row._replace(version=row.version + 1, modified_at=now)
        else:
            row = self.write(resource_type, row, resource)
        return _kept(resource, resource_type, row)

    def write(
        self,
        resource_type: ResourceType,
        row: Row,
        user: Resource[Any],
        unless: Callable[[str, str], bool] | None = None,
    ) -> Row:
        """Write a user over their row; nothing where `unless` finds both documents alike.

        Raises PreconditionFailedException where somebody else has written or deleted it since.
        """
        now, keys, document = self._now(), keys_of(self._connection, user), document_of(user)
        if unless is not None and unless(row.document, document):
            return row
        values = scim_resources.changes_of(self._connection, _name(resource_type), row, keys, document, now)
        with _as_conflict():
            done = scim_resources.replace(self._engine, values)
        if not done:
            raise PreconditionFailedException
        return row._replace(document=document, version=row.version + 1, modified_at=now)

    def change_group(self, row: Row, difference: Difference, group: Resource[Any] | None = None) -> Row:
        """Let members of a group come and go, and write it anew where `group` is given.

        Raises PreconditionFailedException where somebody else has deleted it since, or has written what must be the
        same still.
        """
        rewriting = None if group is None else Rewriting(keys_of(self._connection, group), document_of(group))
        changed = scim_groups.change(self._engine, self._connection, row, difference, rewriting, self._now())
        if changed is None:
            raise PreconditionFailedException
        return changed

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Let a resource be gone; a user stays known to the sync for a while, as somebody who left."""
        row, now = self._expected(resource_type, resource_id, expected_version), self._now()
        if _name(resource_type) == GROUP:
            done = scim_groups.remove(self._engine, self._connection, row, now)
        else:
            done = scim_resources.delete(self._engine, self._connection, _name(resource_type), row, now)
            scim_groups.leave_all(self._engine, self._connection, resource_id)
        if not done:
            raise PreconditionFailedException

    def row(self, resource_type: ResourceType, resource_id: str) -> Row:
        """The row of a living resource. Raises NotFoundException."""
        row = self._found(_name(resource_type), resource_id)
        if row is None:
            raise NotFoundException(detail=f"{_name(resource_type)} {resource_id[:64]!r} not found")
        return row

    def _found(self, kind: str, id_: str) -> Row | None:
        is_ours = _ID.fullmatch(id_) is not None  # PostgreSQL takes no text with a NUL in it, not even to look for it
        return scim_resources.find(self._engine, self._connection, kind, id_) if is_ours else None

    @staticmethod
    def _as_read(resource: Resource[Any], expected_version: str | None) -> Row | None:
        """The row of a resource that was just read and changed; writing it shows whether it is the same still."""
        meta = resource.meta
        if expected_version is None or meta is None or meta.version != expected_version or meta.created is None:
            return None
        created = meta.created.timestamp()
        return Row(0, resource.id or "", "", version_of(expected_version), created, created)

    def _expected(self, resource_type: ResourceType, resource_id: str, version: str | None) -> Row:
        row = self.row(resource_type, resource_id)
        if version is not None and meta_of(_name(resource_type), row).version != version:
            raise PreconditionFailedException
        return row

    def resource(self, resource_type: ResourceType, row: Row, with_members: bool = True) -> Resource[Any]:
        """The resource of a row."""
        members: Members | None = None
        if with_members and _name(resource_type) == GROUP:
            members = scim_groups.members_of(self._engine, row.id)
        return resource_from(self._model(resource_type), row, members)

    def _model(self, resource_type: ResourceType) -> type[Resource[Any]]:
        return cast("type[Resource[Any]]", self._provider.model_for(resource_type))

    def _matching(
        self, resource_types: list[ResourceType], scim_filter: ScimFilter[Any] | None, members: bool
    ) -> Iterator[Resource[Any]]:
        if scim_filter is not None and not scim_filter.models:
            models = tuple(self._model(kind) for kind in resource_types)
            scim_filter = parametrize(ScimFilter, Union[models])(str(scim_filter))  # noqa: UP007
        for kind in resource_types:
            for row in self._candidates(_name(kind), scim_filter):
                resource = self.resource(kind, row, members)
                if scim_filter is None or scim_filter.match(resource):
                    yield resource

    def _candidates(self, kind: str, scim_filter: ScimFilter[Any] | None) -> Iterable[Row]:
        ways, each = prefilters(self._connection, kind, scim_filter), comparisons(scim_filter.ast) if scim_filter else 1
        if ways is None:
            candidates = scim_resources.count(self._engine, self._connection, kind, MOST_CANDIDATES + 1)
            _limit(kind, candidates, candidates * each)
            return (row for rows in scim_resources.everything(self._engine, self._connection, kind) for row in rows)
        found = {row.number: row for by in ways for row in self._found_by(kind, by)}
        _limit(kind, 0, len(found) * each)
        return [found[number] for number in sorted(found)]

    def _found_by(self, kind: str, by: Prefilter) -> Iterable[Row]:
        if by.column in PARTS:
            most = MOST_CANDIDATES + 1
            rows = scim_resources.part(self._engine, self._connection, kind, by.column, by.at, most)
            _limit(kind, len(rows))
            return rows
        if by.column == "id":
            row = self._found(kind, by.value)
            return [] if row is None else [row]
        if by.column == "member" and not is_member(by.value):
            return []
        if by.column == "member":
            return scim_resources.groups_with(self._engine, self._connection, by.value)
        if by.column == "mail":
            rows = scim_resources.with_mail(self._engine, self._connection, kind, by.one, by.value)
            _limit(kind, len(rows))
            return rows
        return scim_resources.having(self._engine, self._connection, kind, by.column, by.one)


def _limit(kind: str, candidates: int, compared: int = 0) -> None:
    if candidates > MOST_CANDIDATES or compared > MOST_COMPARISONS:
        raise TooManyException(detail=TOO_MANY.format(kind))


@contextmanager
def _as_conflict() -> Iterator[None]:
    try:
        yield
    except NameTaken:
        raise UniquenessException(detail="This userName is taken") from None


def _name(resource_type: ResourceType) -> str:
    return resource_type.name or ""


def _kept(resource: Resource[Any], resource_type: ResourceType, row: Row) -> Resource[Any]:
    """A copy of what was sent, as it is kept."""
    kept = resource.model_copy()
    kept.id, kept.meta = row.id, meta_of(_name(resource_type), row)
    if hasattr(kept, "password"):
        kept.password = None
    return kept


def _wants_members(asked: ResponseParameters[Any] | None) -> bool:
    if asked is None:
        return True
    if asked.excluded_attributes and any(str(path).lower() == "members" for path in asked.excluded_attributes):
        return False
    return not asked.attributes or any("members" in str(path).lower() for path in asked.attributes)
