"""Writes the audit list: who did what, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from bridge.store import audit
from bridge.store.audit import AuditRow
from bridge.store.database import Engine

COMMAND_LINE = "command line"
"""The role of commands on the machine: their user can read the configuration."""


@dataclass(frozen=True)
class Trail:
    """Writes entries of the audit list."""

    engine: Engine
    now: Callable[[], float]

    def note(
        self,
        who: str,
        role: str,
        act: str,
        *,
        connection: str = "",
        student_id: str = "",
        address: str = "",
        **details: object,
    ) -> None:
        """Add the entry that `who` did `act`. `details` are plain values, and no secrets."""
        encoded = msgspec.json.encode(details).decode()
        audit.append(self.engine, AuditRow(self.now(), who, role, act, connection, student_id, encoded, address))
