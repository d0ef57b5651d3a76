"""The keys of a connection to an LMS that lists its people by a key or a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, model_validator

from adapters.rest_list import presets
from adapters.rest_list.description import Description, overlay
from bridge.config.settings import Frozen, WebAddress
from bridge.roster.settings import Roster as AnyRoster


class Api(Frozen):
    """Where the list is, and what opens it: which of these keys a preset needs, `ottobridge config check` says."""

    url: WebAddress
    """What comes before the preset's path: `https://acme.talentlms.com/api/v2`."""
    api_key: SecretStr = SecretStr("")
    secret: SecretStr = SecretStr("")
    username: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    client_id: SecretStr = SecretStr("")
    client_secret: SecretStr = SecretStr("")
    scope: str = "all"
    version: str = "2025-01-01"
    """Of the API, where it asks for one."""
    source: str = "ottobridge"
    """What we call ourselves, where it asks for that."""

    @property
    def values(self) -> dict[str, str]:
        """Everything a description may name in braces."""
        known = {name: getattr(self, name) for name in type(self).model_fields if name != "url"}
        return {n: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for n, v in known.items()}


class Roster(AnyRoster):
    """The `roster:` part."""

    filters: Mapping[str, tuple[str, ...]] = {}
    """Field -> the values that put somebody on the roster; nothing given: everybody."""


class Settings(Frozen):
    """One LMS with a list."""

    preset: str = Field(default="", json_schema_extra={"choices": ["", *presets.names()]})
    student_id: Annotated[str, Field(max_length=200)] = ""
    """The field that holds what the LMS passes at launch. No LMS of the presets documents it: there is no default."""
    api: Api
    list: Description
    """What differs from the preset; everything, where there is none."""
    roster: Roster = Roster()

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, values: Any) -> Any:
        """The preset with what the connection says instead."""
        name = values.get("preset") if isinstance(values, Mapping) else None
        if not name or not isinstance(name, str):
            return values
        own = values.get("list") or {}
        return {**values, "list": overlay(presets.read(name), own) if isinstance(own, Mapping) else own}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.student_id:
            candidates = ", ".join(self.list.ids) or "any field that the list has"
            raise ValueError(
                f"`student_id` is missing: the field that holds what the LMS passes at launch ({candidates}). Where "
                "nobody knows, take one, and ask `ottobridge doctor` after ten launches"
            )
        missing = [name for name in self.list.needs if not self.api.values.get(name)]
        if missing:
            raise ValueError(f"`api` needs {', '.join(f'`{name}`' for name in missing)}")
        return self
