"""Secrets in settings that the database keeps: each in its place, sealed with `bridge.secret_key`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from bridge.config.setting_fields import Path, core_of
from bridge.config.yaml_file import STANDS_FOR_UNSET

SEALED: Final = "$sealed"
"""The only key of what stands in the place of a secret."""


class Unopened(ValueError):
    """A secret was sealed with another `bridge.secret_key`. The text names no secret."""


def seal(settings: type[BaseModel], said: Mapping[str, Any], secret_key: str, connection: str) -> dict[str, Any]:
    """What the settings say, with no secret that can be read. Raises ValueError where there is no `secret_key`."""

    def sealed(value: str, path: Path) -> Any:
        from bridge.keys.encryption import encrypt  # noqa: PLC0415 -- most commands open nothing

        if not _is_there(secret_key):
            raise ValueError("bridge.secret_key is not set, and a secret is kept only where it seals it")
        return {SEALED: encrypt(value, secret_key, _purpose(path, connection))}

    return _each_secret(settings, said, sealed, ())


def unseal(said: Mapping[str, Any], secret_key: str, connection: str) -> dict[str, Any]:
    """What the settings said. Raises Unopened.

    Where a command runs without `secret_key`, something else stands for each secret, as for an environment variable
    that is not set.
    """

    def opened(text: str, path: Path) -> str:
        from bridge.keys.encryption import decrypt  # noqa: PLC0415 -- as above

        if not _is_there(secret_key):
            return STANDS_FOR_UNSET
        try:
            return decrypt(text, secret_key, _purpose(path, connection))
        except ValueError:
            raise Unopened(f"bridge.secret_key does not open {'.'.join(path)} of {connection}") from None

    return _each_sealed(said, opened, ())


def sealed_paths(said: Mapping[str, Any], at: Path = ()) -> Iterator[Path]:
    """Where a secret is kept."""
    for name, value in said.items():
        if is_sealed(value):
            yield (*at, name)
        elif isinstance(value, Mapping):
            yield from sealed_paths(value, (*at, name))


def is_sealed(value: object) -> bool:
    """Whether this stands in the place of a secret."""
    return isinstance(value, Mapping) and value.keys() == {SEALED} and isinstance(value[SEALED], str)


def _each_secret(
    settings: type[BaseModel], said: Mapping[str, Any], sealed: Callable[[str, Path], Any], at: Path
) -> dict[str, Any]:
    found = dict(said)
    for name, field in settings.model_fields.items():
        value, core, path = said.get(name), core_of(field.annotation), (*at, name)
        if core is SecretStr and isinstance(value, str):
            found[name] = sealed(value, path)
        elif isinstance(value, Mapping) and isinstance(core, type) and issubclass(core, BaseModel):
            found[name] = _each_secret(core, value, sealed, path)
    return found


def _each_sealed(said: Mapping[str, Any], opened: Callable[[str, Path], str], at: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in said.items():
        if is_sealed(value):
            found[name] = opened(value[SEALED], (*at, name))
        else:
            found[name] = _each_sealed(value, opened, (*at, name)) if isinstance(value, Mapping) else value
    return found


def _is_there(secret_key: str) -> bool:
    return secret_key not in {"", STANDS_FOR_UNSET}


def _purpose(path: Path, connection: str) -> str:
    return f"{'.'.join(path)} of the connection {connection}"
