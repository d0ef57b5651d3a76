"""Roles of administrators."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The roles, in ascending order; each includes the rights of those before it."""

    VIEWER = "viewer"
    """Reads all pages."""
    OPERATOR = "operator"
    """Links students, approves plans, runs syncs."""
    OWNER = "owner"
    """Configures connections, packages, invitations."""

    def may(self, needed: Role) -> bool:
        """Whether this role includes the rights of `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)
