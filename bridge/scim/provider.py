"""What our SCIM service is: its resources, what it announces, and what it tolerates of identity providers.

The schemas are those of RFC 7643 as documents. The library's classes of the same name are stricter: an address must be
one, and a manager must have a `$ref`. What identity providers send is kept as it is sent.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Patch,
    Resource,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)
from scim2_server.utils import load_default_resource_types, load_default_schemas

from bridge.store.scim_resources import GROUP, USER

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MOST_RESULTS: Final = 1_000
"""Resources of one page."""
POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


@cache  # its classes take longer to make than a request
def provider() -> ScimProvider:
    """The description of the service, the same for every connection."""
    schemas, kinds = load_default_schemas().values(), load_default_resource_types().values()
    return ScimProvider.from_discovery(schemas, kinds, config=_config(), policy=POLICY)


def kind_of(model: type[Resource[Any]]) -> str:
    """Whether a resource of this class is a user or a group."""
    return GROUP if str(model.__schema__).endswith(":Group") else USER


def _config() -> ServiceProviderConfig:
    supported: dict[str, Any] = {"supported": True}
    return ServiceProviderConfig(
        patch=Patch(**supported),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(**supported),
        etag=ETag(**supported),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="The token that `ottobridge scim token CONNECTION` prints.",
                primary=True,
            )
        ],
    )
