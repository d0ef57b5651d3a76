"""Every table, as the newest migration leaves it; a test compares the two on both databases.

A name in the database stays for as long as two releases may run side by side. Where Python has a clearer one, the
column has it as its `key`: `encrypted_private` is `own_key.sealed`, `reported_seconds` is `progress.told_seconds`,
`detail` is `sync_request.said`, `membership` is `sync_person.standing`; and the table `hint` is `search_key`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from bridge.identifiers import ID_LENGTH
from bridge.store import admin_schema, scim_schema, sync_schema
from bridge.store.metadata import Number, metadata

__all__ = ["admin_schema", "metadata", "scim_schema", "sync_schema"]
"""The modules whose tables belong to `metadata`, imported here so that all are known."""

call_budget = Table(
    "call_budget",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("next_at", Double, nullable=False),
    Column("paused_until", Double, nullable=False),
)
"""How fast all processes together call a system, known by a SHA-256: when the next call may go out, in Unix seconds."""

schema_compatibility = Table(
    "schema_compatibility",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("oldest", String(32), nullable=False),
)
"""The migration that a program must know to use this database; no row: any program that reads this table may."""

consumed = Table(
    "spent",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("until", Double, nullable=False),
    sqlite_with_rowid=False,
)

kept = Table(
    "kept",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("payload", Text, nullable=False),
    Column("until", Double, nullable=False, index=True),
    sqlite_with_rowid=False,
)

launch = Table(
    "launch",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False),
    Column("connection", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("student_id", String(ID_LENGTH), nullable=False),
    Column("first_name", String(255), nullable=False),
    Column("last_name", String(255), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("reference", String(64), nullable=False, index=True),
    Column("detail", String(1000), nullable=False),
    Column("mark", String(32), nullable=False, server_default=""),
    Index("ix_launch_time", "time", "id"),
    Index("ix_launch_student", "student_id"),
    Index("ix_launch_connection", "connection", "time", "id"),
    Index(
        "ix_launch_outcome",
        "outcome",
        "time",
        "id",
        "connection",
        sqlite_where=text("outcome <> 'matched'"),
        postgresql_where=text("outcome <> 'matched'"),
    ),
    Index(
        "ix_launch_not_in",
        "time",
        "id",
        "outcome",
        "connection",
        sqlite_where=text("outcome <> 'matched'"),
        postgresql_where=text("outcome <> 'matched'"),
    ),
    Index(
        "ix_launch_reason",
        "reason",
        "time",
        "id",
        sqlite_where=text("outcome <> 'matched'"),
        postgresql_where=text("outcome <> 'matched'"),
    ),
    sqlite_autoincrement=True,
)
"""`ix_launch_not_in`, `ix_launch_outcome` and `ix_launch_reason` hold those alone that did not get in: few."""

received = Table(
    "received",
    metadata,
    Column("reference", String(64), primary_key=True),
    Column("time", Double, nullable=False, index=True),
    Column("fields", Text, nullable=False),
)
"""What came with a launch that did not get in, shortened, as JSON: for the administrator who asks by the reference."""

generation = Table(
    "generation",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("read_at", Double, nullable=False),
    Column("learners", Integer, nullable=False),
    Column("made_with", String(64), nullable=False, server_default=""),
    # A number is never given out twice: a slow reader must not take a later generation for its own.
    sqlite_autoincrement=True,
)
"""OttoLearn's users as one reading wrote them whole and later ones brought up to date; or a reading under way.

`made_with` is a digest of the rules by which what they are found by was made.
"""

directory = Table(
    "directory",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("current", Number, ForeignKey("generation.id"), nullable=True),
    Column("attempted_at", Double, nullable=True),
    Column("attempted_over", Number, nullable=True),
    Column("reading", Number, nullable=True),
    Column("last", Number, nullable=True),
    Column("took", Double, nullable=True),
)
"""Exactly one row, made by the first migration: the generation served now; the reading under way, whose end alone may
change it; the last one that ended well, and its seconds; and which was the last one when a refresh was last claimed."""

learner = Table(
    "learner",
    metadata,
    Column("generation", Number, ForeignKey("generation.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Number, primary_key=True, autoincrement=False),
    Column("active", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
)

username = Table(
    "username",
    metadata,
    Column("generation", Number, primary_key=True),
    Column("folded", Text, primary_key=True),
    Column("user_id", Number, primary_key=True, autoincrement=False),
    Column("attribute", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    ForeignKeyConstraint(["generation", "user_id"], ["learner.generation", "learner.user_id"], ondelete="CASCADE"),
    Index("ix_username_user", "generation", "user_id"),
    sqlite_with_rowid=False,
)
"""One row for each Username attribute that a learner has filled."""


own_key = Table(
    "own_key",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("stage", String(16), nullable=True),
    Column("public", Text, nullable=False),
    Column("sealed", Text, key="encrypted_private", nullable=False),
    Column("made_at", Double, nullable=False),
    Column("published_until", Double, nullable=True),
    # Keys that sign no more have no stage, and NULLs are never equal.
    Index("ix_own_key_stage", "purpose", "stage", unique=True),
)
"""The keys we sign with; the private half is encrypted."""

key_set = Table(
    "key_set",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("answered_at", Double, nullable=False),
    Column("fresh_until", Double, nullable=False),
)
"""The last good key set of each platform. `key` is the SHA-256 of its address."""

connection = Table(
    "connection",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("adapter", String(255), nullable=False),
    Column("settings", Text, nullable=False),
    Column("registered_at", Double, nullable=False),
)
"""Connections made by dynamic registration."""

deployment = Table(
    "deployment",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("connection", String(64), nullable=False, index=True),
    Column("deployment_id", String(255), nullable=False),
    Column("first_seen", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""LTI deployments that were learned from a launch, of configured connections too."""

course = Table(
    "course",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("connection", String(255), nullable=False, index=True),
    Column("members", Text, nullable=False),
    Column("first_seen", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""Where an LTI platform lists the members of the courses that launches came from."""

package = Table(
    "package",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("token", LargeBinary(32), nullable=False, unique=True),
    Column("connection", String(255), nullable=False, index=True),
    Column("format", String(32), nullable=False),
    Column("title", String(255), nullable=False),
    Column("course", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=True),
    Column("revoked_at", Double, nullable=True),
)
"""The packages that were made. `token` is a SHA-256: a copy of the database launches nothing."""

package_origin = Table(
    "package_origin",
    metadata,
    Column("connection", String(255), primary_key=True),
    Column("origin", String(255), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("package", String(16), nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("decided_at", Double, nullable=True),
    sqlite_with_rowid=False,
)
"""The sites that packages were played on: `new` until an administrator makes them `approved` or `refused`."""

rate = Table(
    "rate",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("until", Double, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""How often something was tried within one span of time; keys are digests."""

visit = Table(
    "visit",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False, index=True),
    Column("connection", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("student_id", String(ID_LENGTH), nullable=False),
    Column("user_id", Number, nullable=False),
    Column("course", String(64), nullable=False),
    Column("channel", Text, nullable=False),
    Column("ended_at", Double, nullable=True),
    Index("ix_visit_student", "connection", "student_id", "id"),
    Index("ix_visit_user", "connection", "user_id", "id"),
    sqlite_autoincrement=True,
)
"""A matched launch whose LMS can be told of progress. `channel` says how; encrypted, because it holds sessions,
and empty where a page asks."""

progress = Table(
    "progress",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("visit", Number, ForeignKey("visit.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("progress", Double, nullable=False),
    Column("mastered", Boolean, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("told_seconds", Integer, key="reported_seconds", nullable=False),
    Column("received_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("detail", String(255), nullable=False),
    Index("ix_progress_due", "state", "due_at"),
    sqlite_autoincrement=True,
)
"""What OttoLearn last said of a visit, and whether the LMS has it."""

probe = Table(
    "probe",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False),
    Column("connection", String(255), nullable=False, index=True),
    Column("origin", String(255), nullable=False),
    Column("findings", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""What probe packages saw of an LMS, JSON."""

search_key = Table(
    "hint",
    metadata,
    Column("generation", Number, primary_key=True),
    Column("key", BigInteger, primary_key=True),
    Column("user_id", Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""The search keys of learners (`bridge.store.search_keys`): 64-bit digests of names and of IDs outside the Username
attributes."""

unmatched = Table(
    "unmatched",
    metadata,
    Column("connection", String(255), primary_key=True),
    Column("student_id", String(ID_LENGTH), primary_key=True),
    Column("first_name", String(255), nullable=False),
    Column("last_name", String(255), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double, nullable=False, index=True),
    Column("state", String(16), nullable=False, server_default="waiting"),
    Column("searched", Text, nullable=False, server_default=""),
    Index("ix_unmatched_student", "student_id"),
    Index("ix_unmatched_state", "state", "last_seen"),
    sqlite_with_rowid=False,
)
"""Students whom launches named and nobody was found for. `searched` is what they are found by (`text.searched`)."""

alias = Table(
    "alias",
    metadata,
    Column("connection", String(255), primary_key=True),
    Column("student_id", String(ID_LENGTH), primary_key=True),
    Column("user_id", Number, nullable=False),
    Column("made_at", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""Student IDs that an administrator has linked with OttoLearn users."""

worker = Table(
    "worker",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("machine", String(255), nullable=False),
    Column("queues", String(255), nullable=False),
    Column("seen_at", Double, nullable=False),
)
"""The heartbeat of each `ottobridge worker`: the queue's own says that a process lives, and not what it takes."""
