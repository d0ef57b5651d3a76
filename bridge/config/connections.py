"""Every connection there is: those of the configuration file, and those that registered themselves.

The file wins over the database. A registered one is looked up when it is asked for, so every process knows it at once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bridge.config.adapters import Adapters
from bridge.config.configuration import CONNECTION_NAME
from bridge.config.encryption import DecryptionFailed
from bridge.config.setting_fields import Path
from bridge.config.stored_settings import StoredSettings, encode_settings, read_settings, replace_secrets
from bridge.contracts import Adapter, Connection
from bridge.errors import LaunchRejected
from bridge.store import connections as store
from bridge.store.connections import StoredConnection
from bridge.store.database import Engine

log = logging.getLogger(__name__)


class Connections:
    """Finds connections by name; `name in connections` asks the same."""

    def __init__(
        self,
        configured: Mapping[str, Connection[Any]],
        adapters: Adapters,
        engine: Engine,
        own: Connection[Any] | None = None,
        *,
        secret_key: str = "",
    ) -> None:
        """`own` is the bridge's own connection: found by its name, and in no list. `secret_key` decrypts the secrets
        of those that the database keeps; without it, each secret is a placeholder.
        """
        self.configured = configured
        self._names = sorted(configured)
        self._adapters = adapters
        self._engine = engine
        self._own = own
        self._secret_key = secret_key
        self._parsed: dict[str, tuple[StoredConnection, Connection[Any] | None]] = {}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def find(self, name: str) -> Connection[Any] | None:
        """The connection of this name, or None."""
        if name in self.configured:
            return self.configured[name]
        if self._own is not None and name == self._own.name:
            return self._own
        if re.fullmatch(CONNECTION_NAME, name) is None:
            return None
        row = store.find(self._engine, name)
        return None if row is None else self._known(row)

    def named(self, name: str) -> Connection[Any]:
        """The connection that a launch URL names. Raises LaunchRejected."""
        connection = self.find(name)
        if connection is None:
            raise LaunchRejected("unknown_connection", f"no connection is called {name[:64]!r}")
        return connection

    def registered(self) -> Iterator[Connection[Any]]:
        """The connections that only the database knows, by name."""
        for row in store.every(self._engine):
            connection = None if row.name in self.configured else self._known(row)
            if connection is not None:
                yield connection

    def names(self) -> list[str]:
        """The names of all connections, in order: for lists of many, of which few are shown."""
        registered = [name for name in store.names(self._engine) if name not in self.configured]
        return sorted([*self._names, *registered])  # nearly in order, which costs a tenth

    def adapters(self) -> list[Adapter[Any]]:
        """All adapters of ours, by title."""
        found = (self._adapters.named(name) for name in self._adapters.names)
        return sorted((adapter for adapter in found if adapter is not None), key=lambda adapter: adapter.title.lower())

    def adapter(self, name: str) -> Adapter[Any] | None:
        """The adapter of this name, if it is one of ours."""
        return self._adapters.named(name)

    def register(self, name: str, adapter: Adapter[Any], settings: Mapping[str, Any], now: float) -> bool:
        """Store a new connection, its secrets encrypted; False where the name is taken. Raises ValueError where
        `settings` are not valid.
        """
        row = StoredConnection(name, adapter.name, encode_settings(adapter, settings, self._secret_key, name), now)
        return name not in self.configured and store.add(self._engine, row)

    def stored(self, name: str) -> StoredSettings | None:
        """The connection of this name as the database keeps it, whether its secrets can be decrypted or not."""
        row = store.find(self._engine, name) if name not in self.configured else None
        adapter = self._adapters.named(row.adapter) if row is not None else None
        return None if row is None or adapter is None else StoredSettings(row, adapter)

    def unusable(self) -> list[str]:
        """The names of stored connections whose secrets cannot be decrypted, or whose settings are no longer valid."""
        rows = [row for row in store.every(self._engine) if row.name not in self.configured]
        return [row.name for row in rows if self._known(row) is None]

    def replace_secrets(self, kept: StoredSettings, secrets: Mapping[Path, str]) -> bool:
        """As `bridge.config.stored_settings.replace_secrets`."""
        return replace_secrets(self._engine, kept, secrets, self._secret_key)

    def takes_deployment(self, connection: Connection[Any], deployment_id: str, now: float) -> bool:
        """Whether a launch of a deployment that the settings do not name is taken, and then remembered."""
        lti13 = connection.settings.lti13
        if not lti13.learn_deployments:
            return False
        registration = (lti13.issuer, lti13.client_id)
        if store.learn_deployment(self._engine, connection.name, registration, deployment_id, now):
            log.warning("the connection %s has learned the deployment %r", connection.name, deployment_id)
        return True

    def _known(self, row: StoredConnection) -> Connection[Any] | None:
        known, connection = self._parsed.get(row.name, (None, None))
        if row != known:  # a launch asks several times, and to validate settings takes longer than to read them
            connection = self._read(row)
            self._parsed[row.name] = (row, connection)
        return connection

    def _read(self, row: StoredConnection) -> Connection[Any] | None:
        adapter = self._adapters.named(row.adapter)
        if adapter is None:
            log.error("the registered connection %s needs the adapter %s, which is missing", row.name, row.adapter)
            return None
        try:
            return Connection(row.name, adapter, read_settings(row, adapter, self._secret_key))
        except DecryptionFailed as error:
            log.error("%s; an owner enters its secrets again under /admin/connections", error)  # noqa: TRY400 -- no bug
            return None
        except ValidationError:
            log.exception("the settings of the registered connection %s are no longer valid", row.name)
            return None
