"""What an administrator may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Each may what those before it may."""

    VIEWER = "viewer"
    """Sees."""
    OPERATOR = "operator"
    """Links, approves, runs syncs."""
    OWNER = "owner"
    """Configures: connections, packages, invitations."""

    def may(self, needed: Role) -> bool:
        """Whether this role is enough for what needs `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)
