"""The tables of roster syncs, and of the persons whom they and launches know. See `bridge.store.schema`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    text,
)

from bridge.identifiers import ID_LENGTH
from bridge.store.metadata import Number, metadata

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
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("source", Integer, ForeignKey("sync_source.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double, nullable=True),
    Column("status", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("full", Boolean, nullable=False),
    Column("settings", String(64), nullable=False),
    Column("plan", String(64), nullable=False),
    Column("summary", Text, nullable=False),
    Column("since", Double, nullable=True),
    Column("read_to", Double, nullable=True),
    Column("look_up", Boolean, nullable=False, server_default=false()),
    Column("stage", String(32), nullable=True),
    Column("done", BigInteger, nullable=True),
    Column("total", BigInteger, nullable=True),
    Column("seen_at", Double, nullable=True),
    Column("stop_asked_at", Double, nullable=True),
    Index("ix_sync_run_source", "source", "id"),
    Index(
        "ix_sync_run_roster",
        "source",
        "id",
        sqlite_where=text("look_up IS 0"),
        postgresql_where=text("look_up IS false"),
    ),
    Index(
        "ix_sync_run_whole",
        "source",
        "id",
        sqlite_where=text("look_up IS 0 AND since IS NULL"),
        postgresql_where=text("look_up IS false AND since IS NULL"),
    ),
    sqlite_autoincrement=True,
)
"""The record of runs. `settings` and `plan` are digests: what the plan was made from, and the plan file itself.

`since` and `read_to` are by the source's clock: from when on changes were read, NULL for a whole roster; and when the
reading began. The next incremental run reads from the `read_to` of a run that was done.

Look-ups for launches may be far more than the other runs: `ix_sync_run_roster` and `ix_sync_run_whole` hold none.

`stage`, `done`, `total` say how far a run is, and `seen_at` when it last said so; NULL before it has said anything.
`stop_asked_at`: when somebody asked it to stop, from whichever machine; it looks every second or so.
"""

sync_request = Table(
    "sync_request",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("connection", String(255), nullable=False),
    Column("act", String(16), nullable=False),
    Column("run", BigInteger, nullable=True),
    Column("asked_by", String(255), nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
    # The connection for as long as the request is open, and NULLs are never equal: one at a time for each.
    Column("open", String(255), nullable=True, unique=True),
    Column("seen_at", Double, nullable=True),
    Column("ended_at", Double, nullable=True),
    Column("result", BigInteger, nullable=True),
    Column("said", Text, key="detail", nullable=False),
    Index("ix_sync_request_connection", "connection", "id"),
    sqlite_autoincrement=True,
)
"""Syncs that administrators ask for on pages. `run` is whose plan is applied or approved, `result` the run that came of
it, `detail` what there is to say."""

sync_item = Table(
    "sync_item",
    metadata,
    Column("run", Number, ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("student_id", Text, nullable=False),
    Column("user_id", Number, nullable=True),
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
    Column("run", Number, ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True),
    Column("folded", Text, primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""While a plan is made: which item wants which Username value. Empty afterwards."""

sync_person = Table(
    "sync_person",
    metadata,
    Column("source", Integer, ForeignKey("sync_source.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("user_id", Number, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("standing", Integer, key="membership", nullable=False),
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
    Column("user_id", Number, primary_key=True, autoincrement=False),
    Column("attributes", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What a connection last wrote into a user, JSON by attribute: whatever differs now was changed by somebody else."""

person = Table(
    "person",
    metadata,
    Column("connection", String(255), primary_key=True),
    Column("door", String(32), primary_key=True, key="namespace"),
    Column("record", String(255), primary_key=True),
    Column("student_id", String(ID_LENGTH), nullable=False),
    Column("user_id", Number, nullable=True),
    Column("origin", String(16), nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("bound_at", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    # One user is one person: two records of a namespace that lead to the same user are two people with one ID.
    Index("ix_person_user", "connection", "namespace", "user_id", unique=True),
    Index("ix_person_student", "student_id"),
    sqlite_with_rowid=False,
)
"""The person ledger: which record of an LMS, which it never gives to somebody else, is which OttoLearn user.

The column of the namespace keeps its former name: the release before reads this table while a new one is rolled out."""

disputed = Table(
    "disputed",
    metadata,
    Column("connection", String(255), primary_key=True),
    Column("key", String(ID_LENGTH), primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("run", Number, nullable=False),
    sqlite_with_rowid=False,
)
"""Student IDs of which the last roster could not say whose they are: launches with them are refused."""
