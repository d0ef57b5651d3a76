"""The tables of SCIM. See `bridge.store.schema`."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from bridge.store.metadata import Number, metadata

scim_resource = Table(
    "scim_resource",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("connection", String(255), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("id", String(32), nullable=False, unique=True),
    Column("taken", LargeBinary(32), nullable=True, unique=True),
    Column("name", LargeBinary(32), nullable=True, index=True),
    Column("external", LargeBinary(32), nullable=True, index=True),
    Column("employee", LargeBinary(32), nullable=True, index=True),
    Column("mail", LargeBinary(32), nullable=True, index=True),
    Column("document", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("modified_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("deleted_at", Double, nullable=True),
    Index("ix_scim_resource_listed", "connection", "kind", "number"),
    Index("ix_scim_resource_changed", "connection", "kind", "changed_at"),
    sqlite_autoincrement=True,
)
"""SCIM users and groups, `document` in JSON. What is looked up by is a digest: no value is too long for an index.

`changed_at` is when a sync must look again, also because a group of theirs changed; `modified_at` is its own.
Who was deleted stays for a while, so that the sync sees that they left.
"""

scim_member = Table(
    "scim_member",
    metadata,
    Column("group_id", String(32), primary_key=True),
    Column("value", String(255), primary_key=True),
    Column("connection", String(255), nullable=False),
    Column("details", Text, nullable=False),
    Index("ix_scim_member_value", "value"),
    sqlite_with_rowid=False,
)
"""Who is in which SCIM group; `details` is JSON: what else the member says of itself."""

scim_token = Table(
    "scim_token",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("token", LargeBinary(32), nullable=False, unique=True),
    Column("connection", String(255), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=True),
    Column("revoked_at", Double, nullable=True),
    Column("used_at", Double, nullable=True),
    Column("name", String(64), nullable=False, server_default=""),
)
"""Bearer tokens of SCIM connections. `token` is a SHA-256: a copy of the database opens nothing."""
