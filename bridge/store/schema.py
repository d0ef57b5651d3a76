"""Every table, as the newest migration leaves it; a test compares the two on both databases."""

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
    MetaData,
    String,
    Table,
    Text,
)

ID_LENGTH = 255
"""The longest student ID that is kept and that can match, in characters."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of the very type INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")

spent = Table(
    "spent",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("until", Double, nullable=False, index=True),
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
    Column("id", _Number, primary_key=True, autoincrement=True),
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
    Index("ix_launch_time", "time", "id"),
    sqlite_autoincrement=True,
)

generation = Table(
    "generation",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("read_at", Double, nullable=False),
    Column("learners", Integer, nullable=False),
    # A number is never given out twice: a slow reader must not take a later generation for its own.
    sqlite_autoincrement=True,
)
"""One reading of OttoLearn's whole list of users, finished or under way."""

directory = Table(
    "directory",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("current", _Number, ForeignKey("generation.id"), nullable=True),
    Column("attempted_at", Double, nullable=True),
    Column("attempted_over", _Number, nullable=True),
)
"""Exactly one row, made by the first migration: the generation served now, and that when a refresh was last claimed."""

learner = Table(
    "learner",
    metadata,
    Column("generation", _Number, ForeignKey("generation.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", _Number, primary_key=True, autoincrement=False),
    Column("active", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
)

username = Table(
    "username",
    metadata,
    Column("generation", _Number, primary_key=True),
    Column("folded", Text, primary_key=True),
    Column("user_id", _Number, primary_key=True, autoincrement=False),
    Column("attribute", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    ForeignKeyConstraint(["generation", "user_id"], ["learner.generation", "learner.user_id"], ondelete="CASCADE"),
    Index("ix_username_user", "generation", "user_id"),
    sqlite_with_rowid=False,
)
"""One row for each Username attribute that a learner has filled."""

sync_source = Table(
    "sync_source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection", String(255), nullable=False, unique=True),
    # A number is never given out twice: people of a forgotten connection must not become another one's.
    sqlite_autoincrement=True,
)
"""One row for each connection whose roster was ever synced."""

sync_run = Table(
    "sync_run",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("source", Integer, ForeignKey("sync_source.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double, nullable=True),
    Column("status", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("full", Boolean, nullable=False),
    Column("settings", String(64), nullable=False),
    Column("plan", String(64), nullable=False),
    Column("summary", Text, nullable=False),
    Index("ix_sync_run_source", "source", "id"),
    sqlite_autoincrement=True,
)
"""The record of runs. `settings` and `plan` are digests: what the plan was made from, and the plan file itself."""

sync_item = Table(
    "sync_item",
    metadata,
    Column("run", _Number, ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True),
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("student_id", Text, nullable=False),
    Column("user_id", _Number, nullable=True),
    Column("digest", LargeBinary(16), nullable=False),
    Column("content", Text, nullable=False),
    Index("ix_sync_item_key", "run", "key"),
    Index("ix_sync_item_state", "run", "state", "kind"),
    Index("ix_sync_item_user", "run", "user_id"),
    sqlite_with_rowid=False,
)
"""The plan of a run and the journal of its execution: a row for each person with whom something is to be done or said.

`content` is JSON: `before` and `after` by attribute, and what else there is to say.
"""

sync_claim = Table(
    "sync_claim",
    metadata,
    Column("run", _Number, ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True),
    Column("folded", Text, primary_key=True),
    Column("number", _Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""While a plan is made: which item wants which Username value. Empty afterwards."""

sync_person = Table(
    "sync_person",
    metadata,
    Column("source", Integer, ForeignKey("sync_source.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("user_id", _Number, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("standing", Integer, nullable=False),
    Column("missing_reads", Integer, nullable=False),
    Column("missing_since", Double, nullable=True),
    Index("ix_sync_person_user", "user_id"),
    sqlite_with_rowid=False,
)
"""The snapshot: whom a connection brought, by folded student ID, and a digest of what it last said of each."""

sync_written = Table(
    "sync_written",
    metadata,
    Column("source", Integer, ForeignKey("sync_source.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", _Number, primary_key=True, autoincrement=False),
    Column("attributes", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What a connection last wrote into a user, JSON by attribute: whatever differs now was changed by somebody else."""

own_key = Table(
    "own_key",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("stage", String(16), nullable=True),
    Column("public", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("published_until", Double, nullable=True),
    # Keys that sign no more have no stage, and NULLs are never equal.
    Index("ix_own_key_stage", "purpose", "stage", unique=True),
)
"""The keys we sign with; the private half is sealed."""

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
