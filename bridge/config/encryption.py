"""Encryption at rest of the secrets among the settings that the database keeps; the key is `bridge.secret_key`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from bridge.config.setting_fields import Path, core_of
from bridge.config.yaml_file import STANDS_FOR_UNSET

ENCRYPTED: Final = "$sealed"
"""The only key of the mapping that the database keeps in place of a secret; its value is the ciphertext."""


class DecryptionFailed(ValueError):
    """A secret was encrypted with another `bridge.secret_key`. The message holds no secret."""


def encrypt_secrets(
    settings: type[BaseModel], values: Mapping[str, Any], secret_key: str, connection: str
) -> dict[str, Any]:
    """The values with each secret encrypted. Raises ValueError where there is no `secret_key`."""

    def encrypted(value: str, path: Path) -> Any:
        from bridge.keys.encryption import encrypt  # noqa: PLC0415 -- most commands decrypt nothing

        if not _is_there(secret_key):
            raise ValueError("bridge.secret_key is not set; without it no secret is stored")
        return {ENCRYPTED: encrypt(value, secret_key, _purpose(path, connection))}

    return _each_secret(settings, values, encrypted, ())


def decrypt_secrets(values: Mapping[str, Any], secret_key: str, connection: str) -> dict[str, Any]:
    """The values with each secret decrypted. Raises DecryptionFailed.

    Where a command runs without `secret_key`, each secret is `STANDS_FOR_UNSET`, as an environment variable that is
    not set.
    """

    def decrypted(text: str, path: Path) -> str:
        from bridge.keys.encryption import decrypt  # noqa: PLC0415 -- as above

        if not _is_there(secret_key):
            return STANDS_FOR_UNSET
        try:
            return decrypt(text, secret_key, _purpose(path, connection))
        except ValueError:
            raise DecryptionFailed(f"bridge.secret_key does not decrypt {'.'.join(path)} of {connection}") from None

    return _each_encrypted(values, decrypted, ())


def reencrypt_secrets(values: Mapping[str, Any], earlier: str, secret_key: str, connection: str) -> dict[str, Any]:
    """The values with each secret encrypted by `secret_key` that was by `earlier`. Raises DecryptionFailed."""

    def reencrypted(text: str, path: Path) -> Any:
        from bridge.keys.encryption import reencrypt  # noqa: PLC0415 -- as above

        try:
            return {ENCRYPTED: reencrypt(text, earlier, secret_key, _purpose(path, connection))}
        except ValueError:
            raise DecryptionFailed(f"neither key decrypts {'.'.join(path)} of {connection}") from None

    return _each_encrypted(values, reencrypted, ())


def encrypted_paths(values: Mapping[str, Any], at: Path = ()) -> Iterator[Path]:
    """The path of each encrypted secret."""
    for name, value in values.items():
        if is_encrypted(value):
            yield (*at, name)
        elif isinstance(value, Mapping):
            yield from encrypted_paths(value, (*at, name))


def is_encrypted(value: object) -> bool:
    """Whether this value is an encrypted secret."""
    return isinstance(value, Mapping) and value.keys() == {ENCRYPTED} and isinstance(value[ENCRYPTED], str)


def _each_secret(
    settings: type[BaseModel], values: Mapping[str, Any], encrypted: Callable[[str, Path], Any], at: Path
) -> dict[str, Any]:
    found = dict(values)
    for name, field in settings.model_fields.items():
        value, core, path = values.get(name), core_of(field.annotation), (*at, name)
        if core is SecretStr and isinstance(value, str):
            found[name] = encrypted(value, path)
        elif isinstance(value, Mapping) and isinstance(core, type) and issubclass(core, BaseModel):
            found[name] = _each_secret(core, value, encrypted, path)
    return found


def _each_encrypted(values: Mapping[str, Any], decrypted: Callable[[str, Path], Any], at: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if is_encrypted(value):
            found[name] = decrypted(value[ENCRYPTED], (*at, name))
        else:
            found[name] = _each_encrypted(value, decrypted, (*at, name)) if isinstance(value, Mapping) else value
    return found


def _is_there(secret_key: str) -> bool:
    return secret_key not in {"", STANDS_FOR_UNSET}


def _purpose(path: Path, connection: str) -> str:
    return f"{'.'.join(path)} of the connection {connection}"
