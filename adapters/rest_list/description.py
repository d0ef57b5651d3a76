"""How one LMS lists its people: what a preset holds, and what a configuration may say instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from bridge.config.settings import Frozen

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""Places in an answer, the first that is there counts: `data`, `Pagination.TotalCount`. A dot goes one level down."""


def placeholders(text: str) -> tuple[str, ...]:
    """The keys of `api` that a text of a description names in braces."""
    return tuple(_PLACEHOLDER.findall(text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with `{name}` replaced by the values."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], ""), text)


class Token(Frozen):
    """An access token that is asked for before the list."""

    path: str
    """Where, below `api.url`, or a whole address."""
    encoding: Literal["form", "json"] = "form"
    parameters: Mapping[str, str]
    """What is sent, such as `grant_type: client_credentials`, `username: "{username}"`."""
    member: str = "access_token"
    """Where the token stands in the answer; empty: the answer is the token."""
    seconds: float = Field(default=300, ge=60)
    """How long it is good for where the answer does not say."""
    alone: bool = False
    """Whether a new token of the same user ends the older one."""


class Auth(Frozen):
    """How calls say who we are. `{name}` stands for a key of `api`."""

    headers: Mapping[str, str] = {}
    basic: str = ""
    """User and password of HTTP Basic, such as `{api_key}:{secret}`."""
    token: Token | None = None


class Paging(Frozen):
    """How the next page is found."""

    kind: Literal["number", "offset", "token", "link", "none"]
    """`number` counts pages, `offset` people; `token` goes back into the query; `link` is an address; `none`: one page
    is everybody."""
    parameter: str = ""
    """Of the query: where the number, the offset or the token goes."""
    first: int = Field(default=1, ge=0, le=1)
    """The number of the first page."""
    size_parameter: str = ""
    size: int = Field(default=0, ge=0, le=10_000)
    """How many people a page holds, where that is known."""
    cursor: Names = ()
    """Where the token or the link stands. A list by number or offset follows it where it is there."""
    cursor_minutes: float = Field(default=0, ge=0)
    """How long a token is good for."""
    total: Names = ()
    """Where it says how many people there are in all."""
    total_header: str = ""
    more: Names = ()
    """Where it says whether there are more."""

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.kind in {"number", "offset", "token"} and not self.parameter:
            raise ValueError(f"`kind: {self.kind}` needs `parameter`")
        if self.kind == "token" and not self.cursor:
            raise ValueError("`kind: token` needs `cursor`")
        if self.size_parameter and not self.size:
            raise ValueError("`size_parameter` needs `size`")
        return self


class Active(Frozen):
    """Who may learn."""

    field: str
    values: Annotated[tuple[str, ...], BeforeValidator(_several)] = ("true", "1")
    """What the field says of somebody who may, in any letter case."""
    inactive: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    """What it says of somebody who may not. Given: where it says anything else, the list does not count; not given:
    everything else means that somebody may not."""


class Description(Frozen):
    """A list of people, and how to read it."""

    title: str = ""
    """What people call the LMS."""
    path: str = ""
    """Below `api.url`."""
    query: Mapping[str, str] = {}
    """What is always asked for, such as `format: json`."""
    auth: Auth = Auth()
    paging: Paging
    items: Names = ()
    """Where the people stand in an answer; empty: the answer is the list."""
    key: str = "id"
    """The LMS's own lasting name of a person, which it never gives to somebody else."""
    ids: tuple[str, ...] = ()
    """Fields that may be what the LMS passes at launch; `ottobridge doctor` compares them."""
    first_name: str = ""
    last_name: str = ""
    full_name: str = ""
    """Only where the LMS has no two names."""
    active: Active | None = None
    leaves_out_empty: bool = False
    """Whether a field that is empty is left out of a person. Otherwise one that is left out is taken for hidden."""
    changes: Mapping[str, str] = {}
    """What is asked for besides where only people are wanted who changed after `{moment}` (UTC, ISO 8601), such as
    `since: "{moment}"`. Nothing: everybody is read each time."""
    find: Mapping[str, str] = {}
    """By field: the path, with its query, at which people with `{value}` in it are found."""
    rights: str = "Let the owner of the key see every user with every field."
    """What to change in the LMS when the list is incomplete, in one sentence."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The keys of `api` that must be there."""
        return tuple(dict.fromkeys(name for text in _texts(self.auth, self.query) for name in placeholders(text)))


def _texts(auth: Auth, query: Mapping[str, str]) -> Iterator[str]:
    yield from auth.headers.values()
    yield from query.values()
    yield auth.basic
    if auth.token is not None:
        yield from auth.token.parameters.values()


def overlay(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`under` with what `over` says instead, in mappings of mappings too."""
    merged = dict(under)
    for name, value in over.items():
        known = merged.get(name)
        merged[name] = overlay(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return merged
