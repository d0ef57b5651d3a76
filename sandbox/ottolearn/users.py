"""The users of a sandbox: a million of them in a private, temporary SQLite file that goes away with the object."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

PAGE = 1000
"""Users read at a time while listing, so that nobody waits for the whole list."""

SCHEMA = """
CREATE TABLE user (id INTEGER PRIMARY KEY, document BLOB NOT NULL) STRICT;
CREATE TABLE username (
    attribute TEXT, value TEXT, id INTEGER, PRIMARY KEY (attribute, value, id)
) STRICT, WITHOUT ROWID;
"""

User = dict[str, Any]
"""`{"id": 7, "active": true, "attribute": {...}, ...}`, as it stands in the API's answers."""


class Users:
    """All users by id, and who holds which value of a Username attribute; safe to share between threads."""

    def __init__(self, people: Iterable[User], username_attributes: Sequence[str]) -> None:
        self._lock = threading.RLock()
        self._attributes = tuple(username_attributes)
        self._db = sqlite3.connect("", check_same_thread=False)
        weakref.finalize(self, self._db.close)
        self.attribute_names: set[str] = set()
        """Every attribute name that a user ever had."""
        self._db.executescript(SCHEMA)
        with self._db:
            for person in people:
                self._insert(person)

    def find(self, user_id: int) -> User | None:
        """The user with this id, a copy."""
        with self._lock:
            row = self._db.execute("SELECT document FROM user WHERE id = ?", (user_id,)).fetchone()
        return msgspec.json.decode(row[0]) if row else None

    def holders(self, attribute: str, value: str) -> list[int]:
        """The ids of those whose Username attribute has exactly this value."""
        query = "SELECT id FROM username WHERE attribute = ? AND value = ?"
        with self._lock:
            return [row[0] for row in self._db.execute(query, (attribute, value))]

    def pages(self) -> Iterator[list[bytes]]:
        """Every user as JSON, in order of id, some at a time; changes meanwhile may or may not show."""
        last = 0
        while page := self._page(last):
            yield [document for _, document in page]
            last = page[-1][0]

    def add(self, user: User) -> User:
        """Give a new user the next free id."""
        with self._lock, self._db:
            user_id = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM user").fetchone()[0]
            self._insert(added := {"id": user_id, **user})
        return added

    def replace(self, user: User) -> None:
        """Put `user` in the place of the user with the same id."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM username WHERE id = ?", (user["id"],))
            self._db.execute("DELETE FROM user WHERE id = ?", (user["id"],))
            self._insert(user)

    def __len__(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM user").fetchone()[0])

    def _page(self, last: int) -> list[tuple[int, bytes]]:
        query = "SELECT id, document FROM user WHERE id > ? ORDER BY id LIMIT ?"
        with self._lock:
            return self._db.execute(query, (last, PAGE)).fetchall()

    def _insert(self, user: User) -> None:
        attribute = user["attribute"]
        self.attribute_names.update(attribute)
        try:
            self._db.execute("INSERT INTO user VALUES (?, ?)", (user["id"], msgspec.json.encode(user)))
        except sqlite3.IntegrityError as error:
            raise ValueError(f"two users have the id {user['id']}") from error
        for name in self._attributes:
            if attribute.get(name):
                self._db.execute("INSERT INTO username VALUES (?, ?, ?)", (name, str(attribute[name]), user["id"]))
