"""The protocol as the library has it, with what it leaves to a service, and without work that nobody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Union

import msgspec
from scim2_models import (
    InvalidValueException,
    ListResponse,
    PatchOp,
    Reference,
    Resource,
    ResourceType,
    ResponseParameters,
    Schema,
    ScimProvider,
    SearchRequest,
)
from scim2_server.conditions import Conditions
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Target
from scim2_server.service import ScimService
from scim2_server.utils import parametrize

from bridge.scim.provider import kind_of
from bridge.store.scim_resources import USER

MOST_OPERATIONS: Final = 200
"""Operations of one PATCH: the time that many of them take grows with the square of their number."""
MOST_ODD_OPERATIONS: Final = 10
"""Operations of one PATCH that choose members of a group by something else than their value."""
MOST_ATTRIBUTES: Final = 50
"""Attributes that one request may name in `attributes` or `excludedAttributes`."""

LONGEST_TEXT: Final = 8_190
"""Characters of a filter, and of whatever else a search says: as many as a GET can bring."""
LONGEST_PATHS: Final = 16 * 1024
"""Characters of the paths of one PATCH: each comparison in one takes half a millisecond."""
MOST_NAMED: Final = 1_000
"""Attributes in the values of one PATCH."""
LARGE: Final = 16 * 1024
"""Bytes of a PATCH that is measured before it is read."""
_TOO_MANY_OPERATIONS: Final = f"More than {MOST_OPERATIONS} operations; send them in several requests"

LAST: Final = 2**53
"""The greatest startIndex: no database counts to the numbers that JSON can write."""


@dataclass
class Asked(ScimRequest):
    """A request that remembers what it asks for."""

    target: Target | None = None


class Service(ScimService):
    """Our SCIM service."""

    def __init__(self, provider: ScimProvider) -> None:
        super().__init__(provider)
        self._messages = self._message_models()
        self._plain: dict[str, ResponseParameters[Any]] = {}

    def _message_models(self) -> list[type[Any]]:
        """The models of what is sent and received, made before threads ask for them and held for as long as they may.

        The library makes one whenever nobody holds it, and CPython 3.11 makes no two at once: a parser of Python source
        in two threads raises SystemError (https://github.com/python/cpython/issues/106905).
        """
        models = list(self.get_models())
        lists: list[Any] = [Union[tuple(models)], *models]  # noqa: UP007
        makers: list[Any] = [ResponseParameters, SearchRequest, ListResponse]
        return [
            *(parametrize(PatchOp, model) for model in models),
            *(parametrize(maker, listed) for maker in makers for listed in lists),
            *(parametrize(ListResponse, described) for described in (ResourceType, Schema)),
        ]

    @staticmethod
    def match(request: ScimRequest) -> Target:
        """What a request asks for, found out once: the library asks twice."""
        if isinstance(request, Asked):
            request.target = request.target or ScimService.match(request)
            return request.target
        return ScimService.match(request)

    def read_response_parameters(
        self, resource_type: ResourceType, query: Mapping[str, str]
    ) -> ResponseParameters[Any]:
        """The attributes that are asked for; mostly nobody asks for any in particular."""
        _limit_attributes([query.get(asked, "").split(",") for asked in ("attributes", "excludedAttributes")])
        name = resource_type.name or ""
        if "attributes" in query or "excludedAttributes" in query or name not in self._plain:
            found = super().read_response_parameters(resource_type, query)
            if found.attributes or found.excluded_attributes:
                return found
            self._plain[name] = found
        return self._plain[name]

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """What is searched for, within bounds that the database and this process can bear."""
        _limit_texts(payload)
        asked, position = super().read_search(resource_types, payload)
        _limit_attributes([asked.attributes, asked.excluded_attributes])
        asked.start_index = min(asked.start_index or 1, LAST)
        return asked, position

    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> PatchOp[Any]:
        """The changes that are asked for, not too many at once; to count them takes a hundredth of reading them."""
        if len(body) > LARGE:
            _limit_patch(body)
        patch = super().read_patch(resource_type, body, content_type)
        if len(patch.operations or ()) > MOST_OPERATIONS:
            raise InvalidValueException(detail=_TOO_MANY_OPERATIONS)
        return patch

    def limit_odd_operations(self, patch: PatchOp[Any]) -> None:
        """Refuse many operations that the library applies to all members of a group, one after another."""
        if len(patch.operations or ()) > MOST_ODD_OPERATIONS:
            raise InvalidValueException(detail=f"More than {MOST_ODD_OPERATIONS} such operations on members at once")

    def publish(self, base_url: str, resource: Resource[Any]) -> Resource[Any]:
        """The resource as it is sent. The storage gives everybody a copy of their own, so it needs no further one."""
        if resource.meta is None or resource.id is None:
            raise ValueError("the storage gives every resource an id and a meta")
        kind = self.get_resource_type_of(resource)
        resource.meta.location = self.resource_location(base_url, kind, resource.id)
        for member in getattr(resource, "members", None) or ():
            place = "Groups" if member.type == "Group" else "Users"
            member.ref = Reference(f"{base_url}/{place}/{member.value}")
        return resource

    def patch_response(
        self, base_url: str, resource: Resource[Any], response_parameters: ResponseParameters[Any]
    ) -> ScimResponse:
        """204 with the new version, unless attributes are asked for."""
        if response_parameters.attributes or response_parameters.excluded_attributes or resource.meta is None:
            return super().patch_response(base_url, resource, response_parameters)
        return ScimResponse(HTTPStatus.NO_CONTENT, None, {"ETag": resource.meta.version or ""})

    def apply_replacement(
        self, current: Resource[Any], replacement: Resource[Any], conditions: Conditions
    ) -> Resource[Any] | None:
        """A replacement that does not say whether somebody is active leaves that as it was: nobody leaves, and nobody
        comes back, by what was left out (RFC 7644, section 3.5.1, lets the service choose)."""
        value: Any = replacement
        if kind_of(type(current)) == USER and value.active is None:
            value.active = getattr(current, "active", None)
        return super().apply_replacement(current, replacement, conditions)


def _limit_patch(body: bytes) -> None:
    """Refuse a PATCH that would take long, unread; whatever else is wrong with it, the library says."""
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return
    for name, operations in value.items() if isinstance(value, dict) else ():
        if name.lower() == "operations" and isinstance(operations, list):
            _limit_operations([one for one in operations if isinstance(one, dict)])


def _limit_operations(operations: Sequence[Mapping[str, object]]) -> None:
    members = [(name.lower(), value) for one in operations for name, value in one.items()]
    paths = sum(len(value) for name, value in members if name == "path" and isinstance(value, str))
    named = sum(len(value) for name, value in members if name == "value" and isinstance(value, dict))
    if len(operations) > MOST_OPERATIONS:
        raise InvalidValueException(detail=_TOO_MANY_OPERATIONS)
    if paths > LONGEST_PATHS:
        raise InvalidValueException(detail=f"The paths are longer than {LONGEST_PATHS} characters together")
    if named > MOST_NAMED:
        raise InvalidValueException(detail=f"More than {MOST_NAMED} attributes in the values of the operations")


def _limit_texts(payload: object) -> None:
    for name, value in payload.items() if isinstance(payload, dict) else ():
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise InvalidValueException(detail=f"{name[:40]} is longer than {LONGEST_TEXT} characters")
        if isinstance(value, list):
            _limit_attributes([value])


def _limit_attributes(lists: Iterable[Sequence[object] | None]) -> None:
    if any(names is not None and len(names) > MOST_ATTRIBUTES for names in lists):
        raise InvalidValueException(detail=f"More than {MOST_ATTRIBUTES} attributes are named")
