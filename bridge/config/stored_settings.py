"""The settings of a connection as the database keeps them: the secrets encrypted, each replaceable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from bridge.config.encryption import decrypt_secrets, encrypt_secrets, encrypted_paths
from bridge.config.setting_fields import Kind, Path, SettingField, fields_of
from bridge.contracts import Adapter
from bridge.store import connections as stored
from bridge.store.connections import StoredConnection
from bridge.store.database import Engine


class StoredSettings(NamedTuple):
    """One connection of the database; it can be inspected without the key that decrypts its secrets."""

    row: StoredConnection
    adapter: Adapter[Any]

    @property
    def values(self) -> dict[str, Any]:
        """The settings, their secrets encrypted."""
        return msgspec.json.decode(self.row.settings, type=dict[str, Any])

    def secrets(self) -> list[tuple[SettingField, bool]]:
        """Each secret field that applies to these settings, and whether it has a value."""
        values = self.values
        kept = set(encrypted_paths(values))
        fields = (field for field in fields_of(self.adapter.settings) if field.kind is Kind.SECRET)
        return [(field, field.path in kept) for field in fields if not field.group or field.group in values]


def read_settings(row: StoredConnection, adapter: Adapter[Any], secret_key: str) -> Any:
    """The decrypted settings. Raises ValidationError, and DecryptionFailed where `secret_key` does not fit."""
    return adapter.settings.model_validate(decrypt_secrets(msgspec.json.decode(row.settings), secret_key, row.name))


def encode_settings(adapter: Adapter[Any], values: Mapping[str, Any], secret_key: str, name: str) -> str:
    """The settings as JSON for the database, secrets encrypted. Raises ValueError where they are not valid."""
    adapter.settings.model_validate(values)
    return msgspec.json.encode(encrypt_secrets(adapter.settings, values, secret_key, name)).decode()


def replace_secrets(engine: Engine, kept: StoredSettings, secrets: Mapping[Path, str], secret_key: str) -> bool:
    """Keep these secrets in place of those before; False where somebody has changed or removed it meanwhile.

    Raises ValidationError where the settings are not valid, and DecryptionFailed where a secret is left as it is and
    `secret_key` does not decrypt it.
    """
    values = kept.values
    for path, secret in secrets.items():
        _put(values, path, secret)
    plain = decrypt_secrets(values, secret_key, kept.row.name)
    settings = encode_settings(kept.adapter, plain, secret_key, kept.row.name)
    return stored.change_settings(engine, kept.row, settings)


def _put(values: dict[str, Any], path: Path, value: str) -> None:
    for step in path[:-1]:
        values = values.setdefault(step, {})
    values[path[-1]] = value
