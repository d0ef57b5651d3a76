"""What identity providers ask for most, by the shortest way: the library validates, evaluates and applies, and what is
stored is sent as it is stored. Whatever else is asked for goes the library's whole way.

What is answered is the same (tests/bridge/scim/test_handler.py holds both against each other).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
from scim2_models import PatchOp, Resource, ResourceType
from scim2_server.conditions import Conditions
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from bridge.scim.membership import read_difference
from bridge.scim.rows import etag, same_document, wire_text
from bridge.scim.service import Service
from bridge.scim.storage import Storage
from bridge.store.scim_resources import GROUP, USER, Row

_PROJECTION: Final = ("attributes", "excludedAttributes")


class Handler(ScimHandler):
    """Handles the requests to one connection."""

    service: Service
    storage: Storage

    def __init__(self, service: Service, storage: Storage) -> None:
        super().__init__(service, storage)
        kinds = {kind.name: kind for kind in service.provider.resource_types}
        self._users, self._groups = kinds[USER], kinds[GROUP]

    def create(self, request: ScimRequest) -> ScimResponse:
        """Create a user."""
        if not self._concerns(request, self._users):
            return super().create(request)
        with self.service.provider:
            resource = self.service.read_creation(self._users, request.body, request.header("Content-Type"))
            return _created(request, self.storage.keep(self._users, resource))

    def query(self, request: ScimRequest) -> ScimResponse:
        """Return a user."""
        if not self._concerns(request, self._users):
            return super().query(request)
        row = self.storage.row(self._users, _id(request))
        if not self.service.read_conditions(request).check(etag(row), "GET"):
            return ScimResponse(HTTPStatus.NOT_MODIFIED, None, {"ETag": etag(row)})
        return _shown(request, row)

    def replace(self, request: ScimRequest) -> ScimResponse:
        """Replace a user (PUT)."""
        if not self._concerns(request, self._users):
            return super().replace(request)
        with self.service.provider:
            row = self.storage.row(self._users, _id(request))
            user: Any = self.service.read_replacement(self._users, request.body, request.header("Content-Type"))
            self.service.read_conditions(request).check(etag(row), "PUT")
            if user.active is None:  # as in Service.apply_replacement
                user.active = msgspec.json.decode(row.document).get("active")
            return _shown(request, self.storage.write(self._users, row, user, unless=same_document))

    def patch(self, request: ScimRequest) -> ScimResponse:
        """Patch a user, or the members of a group."""
        if self._concerns(request, self._users):
            return self._patch_user(request)
        if self._concerns(request, self._groups):
            return self._patch_group(request)
        return super().patch(request)

    def _patch_user(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            patch = self.service.read_patch(self._users, request.body, request.header("Content-Type"))
            row = self.storage.row(self._users, _id(request))
            resource = self.storage.resource(self._users, row)
            if self.service.apply_patch(resource, patch, self.service.read_conditions(request)) is not None:
                row = self.storage.write(self._users, row, resource)
        return ScimResponse(HTTPStatus.NO_CONTENT, None, {"ETag": etag(row)})

    def _patch_group(self, request: ScimRequest) -> ScimResponse:
        with self.service.provider:
            patch = self.service.read_patch(self._groups, request.body, request.header("Content-Type"))
            parts = read_difference(self.service.get_model(self._groups), patch)
            if parts is None:
                self.service.limit_odd_operations(patch)
                return super().patch(request)
            conditions = self.service.read_conditions(request)
            row = self.storage.row(self._groups, _id(request))
            conditions.check(etag(row), "PATCH")
            parts.difference.exactly = _is_conditional(conditions)
            others = patch.model_copy(update={"operations": parts.others})
            row = self.storage.change_group(row, parts.difference, self._changed_by(others, row))
        return ScimResponse(HTTPStatus.NO_CONTENT, None, {"ETag": etag(row)})

    def _changed_by(self, patch: PatchOp[Any], row: Row) -> Resource[Any] | None:
        """The group without its members as the patch leaves it; None where it changes nothing."""
        if not patch.operations:
            return None
        group = self.storage.resource(self._groups, row, with_members=False)
        return group if patch.patch(group) else None

    def _concerns(self, request: ScimRequest, kind: ResourceType) -> bool:
        """Whether it is about a resource of this type, as a whole."""
        endpoint = self.service.match(request).endpoint or ""
        is_of_kind = endpoint.casefold() == self.service.endpoint_of(kind).casefold()
        return is_of_kind and not any(name in request.query for name in _PROJECTION)


def _id(request: ScimRequest) -> str:
    return cast("str", Service.match(request).resource_id)


def _is_conditional(conditions: Conditions) -> bool:
    return bool((conditions.if_match or conditions.if_none_match or "").strip())


def _created(request: ScimRequest, row: Row) -> ScimResponse:
    answer = _shown(request, row)
    answer.status = HTTPStatus.CREATED
    answer.headers["Location"] = answer.headers["Content-Location"]
    return answer


def _shown(request: ScimRequest, row: Row) -> ScimResponse:
    location = f"{request.base_url}/Users/{row.id}"
    headers = {"Content-Location": location, "ETag": etag(row)}
    return ScimResponse(HTTPStatus.OK, cast("Any", msgspec.Raw(wire_text(USER, row, location))), headers)
