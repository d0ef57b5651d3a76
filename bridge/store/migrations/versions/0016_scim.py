"""SCIM: the people and groups that an identity provider pushes, and the tokens it does so with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of SCIM."""
    op.create_table(
        "scim_resource",
        sa.Column("number", _Number, primary_key=True, autoincrement=True),
        sa.Column("connection", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("taken", sa.LargeBinary(32), nullable=True, unique=True),
        sa.Column("name", sa.LargeBinary(32), nullable=True, index=True),
        sa.Column("external", sa.LargeBinary(32), nullable=True, index=True),
        sa.Column("employee", sa.LargeBinary(32), nullable=True, index=True),
        sa.Column("mail", sa.LargeBinary(32), nullable=True, index=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("modified_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("deleted_at", sa.Double, nullable=True),
        sa.Index("ix_scim_resource_listed", "connection", "kind", "number"),
        sa.Index("ix_scim_resource_changed", "connection", "kind", "changed_at"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "scim_member",
        sa.Column("group_id", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(255), primary_key=True),
        sa.Column("connection", sa.String(255), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Index("ix_scim_member_value", "value"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "scim_token",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("token", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("connection", sa.String(255), nullable=False, index=True),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=True),
        sa.Column("revoked_at", sa.Double, nullable=True),
        sa.Column("used_at", sa.Double, nullable=True),
    )
