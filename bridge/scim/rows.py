"""SCIM resources as rows and back. What a row says in JSON is what was sent; a password is never kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from scim2_models import InvalidValueException, Meta, Resource

from bridge.scim.provider import ENTERPRISE, kind_of
from bridge.store.scim_resources import GROUP, SEVERAL, Keys, Row, digest, exact, folded

LONGEST: Final = 255
"""Letters of a userName, an externalId or the value of a member: as long as any ID of ours."""
_NOT_IN_THE_DOCUMENT: Final = {"id", "meta", "password", "groups", "members"}
Members = dict[str, str]


def keys_of(connection: str, resource: Any) -> Keys:
    """What a resource is looked up by. Raises InvalidValueException for an ID that is too long, or no userName."""
    kind = kind_of(type(resource))

    def key(column: str, value: str | None, fold: Callable[[str], str] = folded) -> bytes | None:
        return digest(connection, kind, column, fold(value)) if value else None

    external = key("external", _short("externalId", resource.external_id), exact)
    if kind == GROUP:
        return Keys(name=key("name", resource.display_name), external=external)
    if not (resource.user_name or "").strip():
        raise InvalidValueException(detail="userName is empty")
    mails = [str(mail.value) for mail in resource.emails or () if mail.value]
    enterprise = resource[ENTERPRISE]
    return Keys(
        taken=key("taken", _short("userName", resource.user_name)),
        external=external,
        employee=key("employee", enterprise.employee_number if enterprise else None),
        mail=SEVERAL if len(mails) > 1 else key("mail", mails[0]) if mails else None,
    )


def document_of(resource: Resource[Any]) -> str:
    """The JSON of a resource, without what has columns of its own."""
    return resource.model_dump_json(exclude=_NOT_IN_THE_DOCUMENT)


def members_of(group: Any) -> Members:
    """The members of a group: what else each says of itself, in JSON, by its value."""
    found: Members = {}
    for member in group.members or ():
        if member.value:
            details = {name: getattr(member, name, None) for name in ("type", "display")}
            said = {name: text for name, text in details.items() if text}
            found[_short("members.value", str(member.value)) or ""] = msgspec.json.encode(said).decode()
    return found


def resource_from(model: type[Resource[Any]], row: Row, members: Members | None = None) -> Resource[Any]:
    """The resource of a row. `members`: those of a group, where they are asked for."""
    document = row.document
    if members:
        said = [{"value": value, **msgspec.json.decode(details)} for value, details in members.items()]
        document = msgspec.json.encode({**msgspec.json.decode(document), "members": said}).decode()
    resource = model.model_validate_json(document)
    resource.id, resource.meta = row.id, meta_of(kind_of(model), row)
    return resource


def meta_of(kind: str, row: Row) -> Meta:
    """What the service says of a resource."""
    return Meta(
        resource_type=kind,
        created=datetime.fromtimestamp(row.created_at, UTC),
        last_modified=datetime.fromtimestamp(row.modified_at, UTC),
        version=f'W/"{row.version}"',
    )


def version_of(etag: str) -> int:
    """The number in a version of `meta_of`."""
    return int(etag.removeprefix('W/"').removesuffix('"'))


def _short(name: str, value: str | None) -> str | None:
    if value is not None and len(value) > LONGEST:
        raise InvalidValueException(detail=f"{name} is longer than {LONGEST} characters")
    return value
