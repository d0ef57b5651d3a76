"""The settings of a connection as the database keeps them: secrets sealed, and replaced in their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from bridge.config.sealing import seal, sealed_paths, unseal
from bridge.config.setting_fields import Kind, Path, SettingField, fields_of
from bridge.contracts import Adapter
from bridge.store import connections as stored
from bridge.store.connections import StoredConnection
from bridge.store.database import Engine


class KeptSettings(NamedTuple):
    """One connection of the database; what opens its secrets is not needed to look at it."""

    row: StoredConnection
    adapter: Adapter[Any]

    @property
    def said(self) -> dict[str, Any]:
        """The settings, their secrets sealed."""
        return msgspec.json.decode(self.row.settings, type=dict[str, Any])

    def secrets(self) -> list[tuple[SettingField, bool]]:
        """The secrets that it may have, by what else it says; and whether each is there."""
        said = self.said
        kept = set(sealed_paths(said))
        fields = (field for field in fields_of(self.adapter.settings) if field.kind is Kind.SECRET)
        return [(field, field.path in kept) for field in fields if not field.group or field.group in said]


def read_kept(row: StoredConnection, adapter: Adapter[Any], secret_key: str) -> Any:
    """The settings. Raises ValidationError, and Unopened where another `secret_key` sealed them."""
    return adapter.settings.model_validate(unseal(msgspec.json.decode(row.settings), secret_key, row.name))


def encoded(adapter: Adapter[Any], said: Mapping[str, Any], secret_key: str, name: str) -> str:
    """The settings as they are kept. Raises ValueError where they do not hold."""
    adapter.settings.model_validate(said)
    return msgspec.json.encode(seal(adapter.settings, said, secret_key, name)).decode()


def replace_secrets(engine: Engine, kept: KeptSettings, secrets: Mapping[Path, str], secret_key: str) -> bool:
    """Keep these secrets in place of those before; False where somebody has changed or removed it meanwhile.

    Raises ValidationError where the settings would not hold, and Unopened where a secret is left as it is and
    `secret_key` does not open it.
    """
    said = kept.said
    for path, secret in secrets.items():
        _put(said, path, secret)
    plain = unseal(said, secret_key, kept.row.name)
    settings = encoded(kept.adapter, plain, secret_key, kept.row.name)
    return stored.change_settings(engine, kept.row, settings)


def _put(said: dict[str, Any], path: Path, value: str) -> None:
    for step in path[:-1]:
        said = said.setdefault(step, {})
    said[path[-1]] = value
