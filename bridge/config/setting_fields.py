"""The keys of a settings model as the fields of a form: which there are, what may be entered, what must be."""

from __future__ import annotations

import types
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path as File
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

Path = tuple[str, ...]
"""From the settings to a key: `("api", "token")`."""


class Kind(StrEnum):
    """What is entered."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 -- a kind of field
    NUMBER = "number"
    LINES = "lines"
    CHOICE = "choice"


class SettingField(NamedTuple):
    """One key."""

    path: Path
    kind: Kind
    is_required: bool
    default: str
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As a form names it: `api.token`."""
        return ".".join(self.path)

    @property
    def group(self) -> str:
        """The part of the settings that it stands in; empty for none."""
        return self.path[0] if len(self.path) > 1 else ""


def core_of(annotation: Any) -> Any:
    """The type itself, without what is said about it and without None."""
    if get_origin(annotation) is Annotated:
        return core_of(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        others = [one for one in get_args(annotation) if one is not type(None)]
        return core_of(others[0]) if len(others) == 1 else annotation
    return annotation


def fields_of(settings: type[BaseModel]) -> Iterator[SettingField]:
    """The keys that a form asks for: those of the model, and of its parts that have no parts themselves.

    A file on the server, a switch and a mapping are left to the configuration file.
    """
    for name, field in settings.model_fields.items():
        part = part_of(field)
        if part is None:
            yield from _field((name,), field)
        elif not any(map(part_of, part.model_fields.values())):
            for inner, about in part.model_fields.items():
                yield from _field((name, inner), about)


def part_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a key that has keys below it."""
    core = core_of(field.annotation)
    return core if isinstance(core, type) and issubclass(core, BaseModel) else None


def needs_file(settings: type[BaseModel]) -> bool:
    """Whether there is no such connection without a file on the server."""
    return any(core_of(one.annotation) is File and one.is_required() for one in settings.model_fields.values())


def _field(path: Path, field: FieldInfo) -> Iterator[SettingField]:
    core, extra = core_of(field.annotation), field.json_schema_extra
    choices = tuple(map(str, extra.get("choices", ()))) if isinstance(extra, dict) else ()  # type: ignore[arg-type]
    kind = Kind.CHOICE if choices else _kind(core)
    if kind is Kind.CHOICE and not choices:
        choices = tuple(map(str, get_args(core)))
    if kind is not None:
        default = field.get_default(call_default_factory=True, validated_data={})
        plain = kind not in {Kind.SECRET, Kind.LINES} and not field.is_required() and default is not None
        yield SettingField(path, kind, field.is_required(), str(default) if plain else "", choices)


def _kind(core: Any) -> Kind | None:
    if get_origin(core) is Literal:
        return Kind.CHOICE
    if get_origin(core) is tuple:
        return Kind.LINES if core_of(get_args(core)[0]) in {str, int} else None
    return {str: Kind.TEXT, SecretStr: Kind.SECRET, int: Kind.NUMBER}.get(core)
