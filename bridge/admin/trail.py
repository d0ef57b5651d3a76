"""The audit list: every act of an administrator, who and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from bridge.store import audit
from bridge.store.audit import AuditRow
from bridge.store.database import Engine

COMMAND_LINE = "command line"
"""The role of whoever runs a command: the right to read the configuration."""


@dataclass(frozen=True)
class Trail:
    """Writes acts down."""

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
        """Write down that `who` did `act`. `details` are plain values, and no secret is among them."""
        encoded = msgspec.json.encode(details).decode()
        audit.append(self.engine, AuditRow(self.now(), who, role, act, connection, student_id, encoded, address))
