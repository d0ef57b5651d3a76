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
MOST_VALUES: Final = 100
"""Values of one attribute, but for the members of a group: who has more is no person, and reading them takes long."""
_NOT_IN_THE_DOCUMENT: Final = {"id", "meta", "password", "groups", "members"}
Members = dict[str, str]


def keys_of(connection: str, resource: Any) -> Keys:
    """What a resource is looked up by. Raises InvalidValueException for an ID that is too long, no userName, or an
    attribute of too many values.
    """
    kind = kind_of(type(resource))
    _limit_values(resource)

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
            entry = {name: text for name, text in details.items() if text}
            if not is_member(str(member.value)):
                raise InvalidValueException(detail=f"members.value holds a NUL, or is longer than {LONGEST} characters")
            found[str(member.value)] = msgspec.json.encode(entry).decode()
    return found


def is_member(value: str) -> bool:
    """Whether this can be the value of a member at all: PostgreSQL takes no text with a NUL in it."""
    return len(value) <= LONGEST and "\0" not in value


def resource_from(model: type[Resource[Any]], row: Row, members: Members | None = None) -> Resource[Any]:
    """The resource of a row. `members`: those of a group, where they are asked for."""
    document = row.document
    if members:
        entry = [{"value": value, **msgspec.json.decode(details)} for value, details in members.items()]
        document = msgspec.json.encode({**msgspec.json.decode(document), "members": entry}).decode()
    resource = model.model_validate_json(document)
    resource.id, resource.meta = row.id, meta_of(kind_of(model), row)
    return resource


def meta_of(kind: str, row: Row) -> Meta:
    """What the service says of a resource."""
    return Meta(
        resource_type=kind,
        created=datetime.fromtimestamp(row.created_at, UTC),
        last_modified=datetime.fromtimestamp(row.modified_at, UTC),
        version=etag(row),
    )


def etag(row: Row) -> str:
    """The version of a resource, as HTTP has it."""
    return f'W/"{row.version}"'


def wire_text(kind: str, row: Row, location: str) -> bytes:
    """A resource as it is sent, in JSON: what is stored, with what `meta_of` says."""
    meta = {
        "resourceType": kind,
        "created": _time(row.created_at),
        "lastModified": _time(row.modified_at),
        "location": location,
        "version": etag(row),
    }
    head = msgspec.json.encode({"id": row.id, "meta": meta})
    return head[:-1] + b"," + row.document[1:].encode()


def same_document(one: str, other: str) -> bool:
    """Whether two documents say the same: several values of an attribute are in no order (RFC 7643, section 2.4)."""
    return one == other or _unordered(msgspec.json.decode(one)) == _unordered(msgspec.json.decode(other))


def _unordered(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {name: _unordered(value) for name, value in entry.items()}
    if isinstance(entry, list):
        return sorted(
            (_unordered(value) for value in entry), key=lambda value: msgspec.json.encode(value, order="sorted")
        )
    return entry


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def version_of(tag: str) -> int:
    """The number in a version of `meta_of`."""
    return int(tag.removeprefix('W/"').removesuffix('"'))


def _limit_values(resource: Resource[Any]) -> None:
    for name, value in vars(resource).items():
        if isinstance(value, list) and len(value) > MOST_VALUES and name != "members":
            raise InvalidValueException(detail=f"{name} has more than {MOST_VALUES} values")


def _short(name: str, value: str | None) -> str | None:
    if value is not None and len(value) > LONGEST:
        raise InvalidValueException(detail=f"{name} is longer than {LONGEST} characters")
    return value
