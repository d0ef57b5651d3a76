"""Indexes for the administrators' pages: launches by their reason, and the runs of a connection without look-ups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

_NOT_IN = sa.text("outcome <> 'matched'")
_ROSTER = {"sqlite": sa.text("look_up IS 0"), "postgresql": sa.text("look_up IS false")}
_WHOLE = {
    "sqlite": sa.text("look_up IS 0 AND since IS NULL"),
    "postgresql": sa.text("look_up IS false AND since IS NULL"),
}


def upgrade() -> None:
    """Make them."""
    op.create_index(
        "ix_launch_reason", "launch", ["reason", "time", "id"], sqlite_where=_NOT_IN, postgresql_where=_NOT_IN
    )
    for name, which in (("ix_sync_run_roster", _ROSTER), ("ix_sync_run_whole", _WHOLE)):
        op.create_index(
            name,
            "sync_run",
            ["source", "id"],
            sqlite_where=which["sqlite"],
            postgresql_where=which["postgresql"],
        )
