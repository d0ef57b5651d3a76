"""What readers of rosters may be given beside HTTP: our signature, what was pushed, and what is kept for an API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey


@dataclass(frozen=True, slots=True)
class LtiServices:
    """What a reader needs to call the services of an LTI platform: our signing key, and the known courses."""

    key: RSAKey = field(repr=False)
    """Our private key; platforms find its public half by its `kid`."""
    new_id: Callable[[], str]
    """A fresh id for each assertion that is signed."""
    connection: str
    """The name of the connection, for commands in messages to the operator."""
    courses: Sequence[str] = ()
    """The member lists (`context_memberships_url`) that launches of the connection named, in the order they came."""
    course: str = ""
    """That of the launch which waits for a look-up; empty where none waits, or it named none."""


class Pushed(NamedTuple):
    """A person as an identity provider has pushed them (SCIM)."""

    record: str
    """The `id` that the bridge gave, which it never gives to somebody else."""
    document: Mapping[str, Any]
    """The attributes by their SCIM names."""
    lives: bool = True
    """False where the identity provider has deleted the person."""
    groups: frozenset[str] = frozenset()
    """Of each group that the person is in: its displayName, its externalId and its id."""


class Pushes(NamedTuple):
    """What was pushed to one connection."""

    read: Callable[[float | None], Iterator[Sequence[Pushed]]]
    """All people, or those who changed after a time in seconds since 1970, a page at a time."""
    find: Callable[[str, str], Sequence[Pushed]]
    """The people whose attribute (userName, externalId, employeeNumber, email) may have this value; there may be others
        among them."""


class StoredSecret(Protocol):
    """A secret of a connection under a lock: no other process reads or replaces it meanwhile."""

    def read(self) -> str:
        """The secret; empty where there is none."""

    def replace(self, value: str) -> None:
        """Replace the secret; it is durable when this returns."""


class ConnectionState(Protocol):
    """The state of one connection's API client, shared by all processes: counts and encrypted secrets."""

    def count(self, what: str, span: float) -> int:
        """Count one more `what`; returns how many there were in the current span of so many seconds."""

    def counted(self, what: str, span: float) -> int:
        """How many there were in the current span, without counting one."""

    def secret(self, name: str) -> AbstractContextManager[StoredSecret]:
        """Lock the secret `name`, encrypted at rest. Raises RemoteUnavailable where another process keeps the lock."""
