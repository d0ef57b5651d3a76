"""The protocol as the library has it, with what it leaves to a service, and without work that nobody asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from scim2_models import Reference, Resource, ResourceType, ResponseParameters, ScimProvider
from scim2_server.conditions import Conditions
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Target
from scim2_server.service import ScimService

from bridge.scim.provider import kind_of
from bridge.store.scim_resources import USER


@dataclass
class Asked(ScimRequest):
    """A request that remembers what it asks for."""

    target: Target | None = None


class Service(ScimService):
    """Our SCIM service."""

    def __init__(self, provider: ScimProvider) -> None:
        super().__init__(provider)
        self._plain: dict[str, ResponseParameters[Any]] = {}

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
        name = resource_type.name or ""
        if "attributes" in query or "excludedAttributes" in query or name not in self._plain:
            found = super().read_response_parameters(resource_type, query)
            if found.attributes or found.excluded_attributes:
                return found
            self._plain[name] = found
        return self._plain[name]

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
        said: Any = replacement
        if kind_of(type(current)) == USER and said.active is None:
            said.active = getattr(current, "active", None)
        return super().apply_replacement(current, replacement, conditions)
