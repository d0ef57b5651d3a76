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
    false,
)

from bridge.identifiers import ID_LENGTH

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of the very type INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")

consumed = Table(
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
    Column("mark", String(32), nullable=False, server_default=""),
    Index("ix_launch_time", "time", "id"),
    Index("ix_launch_student", "student_id"),
    sqlite_autoincrement=True,
)

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
    Column("id", _Number, primary_key=True, autoincrement=True),
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
    Column("current", _Number, ForeignKey("generation.id"), nullable=True),
    Column("attempted_at", Double, nullable=True),
    Column("attempted_over", _Number, nullable=True),
    Column("reading", _Number, nullable=True),
    Column("last", _Number, nullable=True),
    Column("took", Double, nullable=True),
)
"""Exactly one row, made by the first migration: the generation served now; the reading under way, whose end alone may
change it; the last one that ended well, and its seconds; and which was the last one when a refresh was last claimed."""

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
    Column("since", Double, nullable=True),
    Column("read_to", Double, nullable=True),
    Column("look_up", Boolean, nullable=False, server_default=false()),
    Column("stage", String(32), nullable=True),
    Column("done", BigInteger, nullable=True),
    Column("total", BigInteger, nullable=True),
    Column("seen_at", Double, nullable=True),
    Index("ix_sync_run_source", "source", "id"),
    sqlite_autoincrement=True,
)
"""The record of runs. `settings` and `plan` are digests: what the plan was made from, and the plan file itself.

`since` and `read_to` are by the source's clock: from when on changes were read, NULL for a whole roster; and when the
reading began. The next incremental run reads from the `read_to` of a run that was done.

`stage`, `done`, `total` say how far a run is, and `seen_at` when it last said so; NULL before it has said anything.
"""

sync_request = Table(
    "sync_request",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
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
    Column("said", Text, nullable=False),
    Index("ix_sync_request_connection", "connection", "id"),
    sqlite_autoincrement=True,
)
"""Syncs that administrators ask for on pages. `run` is whose plan is applied or approved, `result` the run that came of
it, `said` what there is to say."""

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
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False, index=True),
    Column("connection", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("student_id", String(ID_LENGTH), nullable=False),
    Column("user_id", _Number, nullable=False),
    Column("course", String(64), nullable=False),
    Column("channel", Text, nullable=False),
    Column("ended_at", Double, nullable=True),
    Index("ix_visit_student", "connection", "student_id", "id"),
    Index("ix_visit_user", "connection", "user_id", "id"),
    sqlite_autoincrement=True,
)
"""A matched launch whose LMS can be told of progress. `channel` says how; sealed, because it holds sessions."""

progress = Table(
    "progress",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("visit", _Number, ForeignKey("visit.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("progress", Double, nullable=False),
    Column("mastered", Boolean, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("told_seconds", Integer, nullable=False),
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
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False),
    Column("connection", String(255), nullable=False, index=True),
    Column("origin", String(255), nullable=False),
    Column("findings", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""What probe packages saw of an LMS, JSON."""

hint = Table(
    "hint",
    metadata,
    Column("generation", _Number, primary_key=True),
    Column("key", BigInteger, primary_key=True),
    Column("user_id", _Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""What else a learner might be recognised by, as 64-bit digests: names, and IDs outside the Username attributes."""

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
    Index("ix_unmatched_student", "student_id"),
    sqlite_with_rowid=False,
)
"""Students whom launches named and nobody was found for."""

alias = Table(
    "alias",
    metadata,
    Column("connection", String(255), primary_key=True),
    Column("student_id", String(ID_LENGTH), primary_key=True),
    Column("user_id", _Number, nullable=False),
    Column("made_at", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""Student IDs that an administrator has linked with OttoLearn users."""

person = Table(
    "person",
    metadata,
    Column("connection", String(255), primary_key=True),
    Column("door", String(32), primary_key=True),
    Column("record", String(255), primary_key=True),
    Column("student_id", String(ID_LENGTH), nullable=False),
    Column("user_id", _Number, nullable=True),
    Column("origin", String(16), nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("bound_at", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    # One user is one person: two records of a door that lead to the same user are two people with one ID.
    Index("ix_person_user", "connection", "door", "user_id", unique=True),
    Index("ix_person_student", "student_id"),
    sqlite_with_rowid=False,
)
"""The person ledger: which record of an LMS, which it never gives to somebody else, is which OttoLearn user."""

disputed = Table(
    "disputed",
    metadata,
    Column("connection", String(255), primary_key=True),
    Column("key", String(ID_LENGTH), primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("run", _Number, nullable=False),
    sqlite_with_rowid=False,
)
"""Student IDs of which the last roster could not say whose they are: launches with them are refused."""

scim_resource = Table(
    "scim_resource",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
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
)
"""Bearer tokens of SCIM connections. `token` is a SHA-256: a copy of the database opens nothing."""

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
    Column("id", _Number, primary_key=True, autoincrement=True),
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
