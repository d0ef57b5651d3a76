"""The CSV binding: a zip with manifest.csv, users.csv and, since 1.2, roles.csv (1EdTech OneRoster CSV 1.1, 1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from adapters.oneroster.people import chosen, matches_filters
from adapters.oneroster.settings import Filters
from bridge.errors import RemoteUnavailable, RosterIncomplete
from bridge.files.archive import Archive, open_archive
from bridge.files.csvrows import read_csv

PAGE = 1_000
MAX_FILE = 1024**3
VERSIONS = {"1.0", "1.1", "1.2"}
_USER_ID = re.compile(r"\{([^:{}]*):([^{}]*)\}")

User = Mapping[str, Any]


class _Manifest(NamedTuple):
    users: Literal["bulk", "delta"]
    has_roles: bool


def read_zip(path: Path, filters: Filters) -> Iterator[Sequence[User]]:
    """The users of the zip at `path`, a page at a time, in the shape that the REST binding has.

    Raises RosterIncomplete where the zip is not whole, not OneRoster, or a `delta` one: that holds changes alone, and
    nothing proves that none is missing between two of them.
    """
    _check_size(path)
    with open_archive(path) as archive:
        manifest = _read_manifest(archive)
        if manifest.users == "delta":
            raise RosterIncomplete(f"{path.name}: file.users is delta; allowed here: bulk")
        users = (_user(row) for row in _rows(archive, "users.csv", ("sourcedId",)))
        yield from _pages(_filtered(users, archive, manifest, filters))


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RemoteUnavailable(f"{path.name}: the file cannot be opened ({type(error).__name__})") from error
    if size > MAX_FILE:
        raise RosterIncomplete(f"{path.name}: the file is larger than {MAX_FILE // 1024**2} MiB")


def _read_manifest(archive: Archive) -> _Manifest:
    """Which files there are and how whole each is (CSV binding, section 3.1)."""
    rows = _rows(archive, "manifest.csv", ("propertyName", "value"))
    properties = {row["propertyName"]: row["value"] for row in rows}
    if properties.get("oneroster.version") not in VERSIONS:
        raise RosterIncomplete(
            f"{archive.name}: manifest.csv: oneroster.version; allowed: {', '.join(sorted(VERSIONS))}"
        )
    match properties.get("file.users", "").lower():
        case "bulk" | "delta" as kind:
            return _Manifest(kind, properties.get("file.roles", "absent").lower() in {"bulk", "delta"})
    raise RosterIncomplete(f"{archive.name}: manifest.csv: file.users; allowed: bulk, delta")


def _filtered(users: Iterator[User], archive: Archive, manifest: _Manifest, filters: Filters) -> Iterator[User]:
    if not (filters.roles or filters.orgs):
        return users
    if not manifest.has_roles:
        return (user for user in users if matches_filters(user, filters))
    wanted = {
        row["userSourcedId"]
        for row in _rows(archive, "roles.csv", ("userSourcedId", "role", "orgSourcedId"))
        if row.get("status", "").lower() != "tobedeleted" and chosen([(row["role"], row["orgSourcedId"])], filters)
    }
    return (user for user in users if user["sourcedId"] in wanted)


def _rows(archive: Archive, member: str, needed: Sequence[str]) -> Iterator[dict[str, str]]:
    name = f"{archive.name}: {member}"
    with archive.open(member) as file:
        records = read_csv(file, name, encoding="utf-8-sig", delimiter=",")
        headers = [header.strip() for header in next(records).cells]
        if len(set(headers)) < len(headers):
            raise RosterIncomplete(f"{name}: a header stands twice")
        if missing := set(needed) - set(headers):
            raise RosterIncomplete(f"{name}: no column {', '.join(sorted(missing))}")
        for number, cells in records:
            if len(cells) not in {0, len(headers)}:
                raise RosterIncomplete(
                    f"{name}: row {number} has {len(cells)} cells where the header has {len(headers)}"
                )
            if any(cells):
                yield dict(zip(headers, cells, strict=True))


def _user(row: Mapping[str, str]) -> User:
    """A row in the shape of the REST binding."""
    ids = [{"type": kind, "identifier": identifier} for kind, identifier in _USER_ID.findall(row.get("userIds", ""))]
    orgs = [{"sourcedId": org.strip()} for org in row.get("orgSourcedIds", "").split(",") if org.strip()]
    return {**row, "userIds": ids, "orgs": orgs}


def _pages(users: Iterator[User]) -> Iterator[list[User]]:
    return iter(lambda: list(islice(users, PAGE)), [])
