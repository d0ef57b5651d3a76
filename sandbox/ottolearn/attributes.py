"""What this organisation records of its users, and what of it a write may not do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.ottolearn.users import User, Users

LABELS = {
    "createdDate": "Created Date",
    "firstName": "First Name",
    "lastName": "Last Name",
    "username": "Username",
    "employeeId": "Employee ID",
    "emailAddress": "Email Address",
}
READ_ONLY = "createdDate"  # the lock icon: facts, section "Identity"


class Refused(Exception):
    """A write that OttoLearn would not do: an HTTP status, a stable word and a sentence."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error


class Attributes:
    """The attributes of one organisation: the system's own, the Username attributes, and what the seed file brings."""

    def __init__(self, usernames: Sequence[str], others: Iterable[str], required: Iterable[str] = ()) -> None:
        """`required` are the attributes that every user must have, beside name and first Username attribute."""
        self._usernames = tuple(usernames)
        self._required = {"firstName", "lastName", usernames[0], *required}
        self._names = list(dict.fromkeys([*LABELS, *usernames, *sorted({*others, *required})]))

    def listed(self) -> list[dict[str, Any]]:
        """The answer of `GET /v1/rest/attribute`."""
        return [
            {
                "id": number,
                "name": name,
                "label": LABELS.get(name, name),
                "type": "text",
                "required": name in self._required,
                "isUsername": name in self._usernames,
            }
            for number, name in enumerate(self._names, start=1)
        ]

    def check(self, attribute: Any, users: Users, before: User | None = None) -> None:
        """Refuse what cannot become the attributes of a user: a new one, or the one that was `before`."""
        if not isinstance(attribute, dict) or not all(isinstance(value, str | int) for value in attribute.values()):
            raise Refused(400, "invalid_attribute", "attribute must be an object of texts or numbers")
        if unknown := attribute.keys() - set(self._names):
            raise Refused(400, "unknown_attribute", f"unknown: {', '.join(sorted(unknown))}")
        if missing := sorted(name for name in self._required if not str(attribute.get(name, "")).strip()):
            raise Refused(400, "missing_attribute", f"required: {', '.join(missing)}")
        had = before["attribute"].get(READ_ONLY) if before else None
        if attribute.get(READ_ONLY, had) != had:
            raise Refused(400, "read_only_attribute", f"{READ_ONLY} cannot be changed")
        self._check_usernames(attribute, users, before["id"] if before else None)

    def _check_usernames(self, attribute: Mapping[str, Any], users: Users, own_id: int | None) -> None:
        for name in self._usernames:
            value = attribute.get(name)
            if value and any(holder != own_id for holder in users.holders(name, str(value))):
                raise Refused(409, "duplicate_username", f"another user has this {name}")
