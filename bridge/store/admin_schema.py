"""The tables of the administrators' pages, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, String, Table, Text

from bridge.identifiers import ID_LENGTH
from bridge.store.metadata import Number, metadata

admin_account = Table(
    "admin_account",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password", Text, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("used_at", Double, nullable=True),
)
"""Accounts for the administrators' pages. `password` is an Argon2id hash with its parameters."""

admin_session = Table(
    "admin_session",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("way", String(16), nullable=False),
    Column("who", String(255), nullable=False),
    Column("role", String(16), nullable=False),
    Column("begun_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("until", Double, nullable=False, index=True),
    Column("messages", Text, nullable=False),
    Index("ix_admin_session_who", "way", "who"),
)
"""Who is signed in to the administrators' pages. `key` is a SHA-256 of the cookie: a copy of the database is no way in.

`messages` is JSON: what the next page says once, such as "Linked".
"""

audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False),
    Column("who", String(255), nullable=False),
    Column("role", String(16), nullable=False),
    Column("act", String(64), nullable=False),
    Column("connection", String(255), nullable=False),
    Column("student_id", String(ID_LENGTH), nullable=False),
    Column("details", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Index("ix_audit_time", "time", "id"),
    Index("ix_audit_student", "student_id"),
    sqlite_autoincrement=True,
)
"""Every act of an administrator: who, when, what, to whom. `details` is JSON. Rows are only ever added, and blanked
where a student is erased."""

launch_count = Table(
    "launch_count",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("connection", String(255), primary_key=True),
    Column("outcome", String(32), primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How many launches began in each hour since 1970."""

launch_count_by_day = Table(
    "launch_count_by_day",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("connection", String(255), primary_key=True),
    Column("outcome", String(32), primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The same for each day (UTC) since 1970: what is shown of months is added up of few rows."""

launch_name = Table(
    "launch_name",
    metadata,
    Column("word", LargeBinary(48), primary_key=True),
    Column("connection", String(255), primary_key=True),
    Column("student_id", String(ID_LENGTH), primary_key=True),
    Column("seen_at", Double, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""By which words of their names students are found who came by launches; `word` is UTF-8, without case and accents."""

launch_summed = Table(
    "launch_summed",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("until", BigInteger, nullable=False),
)
"""One row: up to which number launches are in `launch_count`, `launch_count_by_day` and
`launch_name`."""
