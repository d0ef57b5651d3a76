"""What the bridge keeps for the API of one connection, for all processes together: counts, and encrypted secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bridge.errors import RemoteRefused
from bridge.keys.encryption import decrypt, encrypt
from bridge.store import connection_secrets, rates
from bridge.store.database import Engine


@dataclass(frozen=True)
class StoredState:
    """The state of one connection in the database (`bridge.contracts.ConnectionState`)."""

    engine: Engine
    secret_key: str
    connection: str
    now: Callable[[], float]
    sleep: Callable[[float], None]

    def count(self, what: str, span: float) -> int:
        """Count one more `what`; returns how many there were in the current span of so many seconds."""
        return rates.count(self.engine, what, self.connection, now=self.now(), span=span)

    def counted(self, what: str, span: float) -> int:
        """How many there were in the current span, without counting one."""
        return rates.counted(self.engine, what, self.connection, now=self.now(), span=span)

    @contextmanager
    def secret(self, name: str) -> Iterator[HeldSecret]:
        """Lock the secret `name`: no other process reads or replaces it meanwhile. Raises RemoteUnavailable."""
        with connection_secrets.held(self.engine, self.connection, name, self.sleep):
            yield HeldSecret(self, name)


@dataclass(frozen=True)
class HeldSecret:
    """A secret under its lock."""

    state: StoredState
    name: str

    def read(self) -> str:
        """The secret; empty where there is none. Raises RemoteRefused where `secret_key` does not decrypt it."""
        found = connection_secrets.read(self.state.engine, self.state.connection, self.name)
        try:
            return decrypt(found, self.state.secret_key, self._purpose) if found else ""
        except ValueError as error:
            raise RemoteRefused(
                f"bridge.secret_key does not decrypt the {self.name} of {self.state.connection}: {error}"
            ) from error

    def replace(self, value: str) -> None:
        """Replace the secret; it is durable when this returns."""
        text = encrypt(value, self.state.secret_key, self._purpose)
        connection_secrets.write(self.state.engine, self.state.connection, self.name, text)

    @property
    def _purpose(self) -> str:
        return purpose_of(self.name, self.state.connection)


def purpose_of(name: str, connection: str) -> str:
    """The encryption purpose of the secret `name` of a connection (`bridge.keys.encryption`)."""
    return f"{name} of {connection}"
