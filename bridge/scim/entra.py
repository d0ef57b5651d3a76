"""Normalization of the requests of Microsoft Entra that differ from RFC 7644, before the library parses them."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from bridge.scim.provider import ENTERPRISE

MANAGER: Final = "manager"
MEMBERS: Final = "members"
_ODD: Final = re.compile(rb"manager|members", re.IGNORECASE)
_MANAGER_PATHS: Final = {f"{ENTERPRISE}:{MANAGER}".lower(), MANAGER}


def normalize_entra(body: bytes) -> bytes:
    """The same body, with a manager and members given as plain strings replaced by the objects of RFC 7643."""
    if not _ODD.search(body):
        return body
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body  # the parser refuses it with its own error
    if not isinstance(document, dict):
        return body
    _normalize_path(document)
    operations = _member(document, "operations")
    for operation in operations if isinstance(operations, list) else ():
        if isinstance(operation, dict):
            _normalize_operation(operation)
    return json.dumps(document).encode()


def _normalize_operation(operation: dict[str, Any]) -> None:
    path, value_name = _member(operation, "path"), _name(operation, "value")
    if value_name is None:
        return
    if isinstance(path, str) and path.lower() == MEMBERS:
        operation[value_name] = _members(operation[value_name])
    elif isinstance(path, str) and path.lower() in _MANAGER_PATHS:
        operation[value_name] = _manager(operation[value_name])
    elif isinstance(path, str) and path.lower() == ENTERPRISE.lower():
        _normalize_value(operation[value_name])
    elif path is None and isinstance(operation[value_name], dict):
        _normalize_path(operation[value_name])


def _normalize_path(document: dict[str, Any]) -> None:
    for name, value in document.items():
        if name.lower() == ENTERPRISE.lower():
            _normalize_value(value)
        elif name.lower() == f"{ENTERPRISE}:{MANAGER}".lower():
            document[name] = _manager(value)


def _normalize_value(extension: Any) -> None:
    if isinstance(extension, dict) and (name := _name(extension, MANAGER)) is not None:
        extension[name] = _manager(extension[name])


def _manager(value: Any) -> Any:
    return ({"value": value} if value else None) if isinstance(value, str) else value


def _members(value: Any) -> Any:
    return [_one(entry) for entry in (value if isinstance(value, list) else [value])]


def _one(entry: Any) -> Any:
    if isinstance(entry, str):
        return {"value": entry}
    if isinstance(entry, dict) and "displayName" in entry:
        return {"display": entry["displayName"], **entry}
    return entry


def _name(document: dict[str, Any], wanted: str) -> str | None:
    """How a key is spelled: SCIM's names have no letter case (RFC 7643, section 2.1)."""
    return next((name for name in document if name.lower() == wanted), None)


def _member(document: dict[str, Any], wanted: str) -> Any:
    name = _name(document, wanted)
    return None if name is None else document[name]
