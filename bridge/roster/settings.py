"""What every connection with a roster may say about its sync; an adapter extends it with its own filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bridge.config.settings import Frozen
from bridge.contracts import VOUCHED, Assurance, Connection

_FIELD = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
_SPAN = re.compile(r"([0-9]+)\s*(m|h|d)")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}


def _time_span(text: str) -> str:
    if not _SPAN.fullmatch(text):
        raise ValueError("allowed: a number and m, h or d, such as 30m, 24h or 7d")
    return text


def _template(text: str) -> str:
    if "{" in _FIELD.sub("", text) or "}" in _FIELD.sub("", text) or not _FIELD.search(text):
        raise ValueError("allowed: text with at least one {field}, such as {first_name}.{last_name}@example.edu")
    return text


TimeSpan = Annotated[str, AfterValidator(_time_span)]
Template = Annotated[str, AfterValidator(_template)]


def seconds(span: str) -> float:
    """The seconds in a TimeSpan."""
    match = _SPAN.fullmatch(span)
    if match is None:
        raise ValueError(f"not a time span: {span!r}")
    return int(match[1]) * _SECONDS[match[2]]


def template_fields(template: str) -> tuple[str, ...]:
    """The roster fields that a template names."""
    return tuple(_FIELD.findall(template))


def fill(template: str, fields: Mapping[str, str]) -> str:
    """The template with the fields in their places; empty where one of them is empty: half a value is none."""
    values = {name: fields.get(name, "") for name in template_fields(template)}
    return _FIELD.sub(lambda match: values[match[1]], template) if all(values.values()) else ""


class Limit(Frozen):
    """How many changes of one kind a run may make; changes beyond either number are held."""

    number: int | None = Field(default=None, ge=0)
    """None: no limit in number."""
    percent: float | None = Field(default=None, ge=0, le=100)
    """Of the active people this connection owns. None: no limit in per cent."""


class Limits(Frozen):
    """The limits of a run."""

    creations: Limit = Limit(percent=50)
    updates: Limit = Limit(percent=50)
    reactivations: Limit = Limit(percent=50)
    deactivations: Limit = Limit(percent=5)
    id_changes: Limit = Limit(percent=5)
    """Student IDs that a sync changes, with `on_id_change: follow`."""
    floor: int = Field(default=5, ge=0)
    """Changes of a kind that the percentage always allows, for small sites."""


class Grace(Frozen):
    """How long a person must be missing before they are deactivated; both limits must be exceeded."""

    days: float = Field(default=7, ge=0)
    complete_reads: int = Field(default=2, ge=1)
    """Consecutive complete readings without the person, the first one included."""


class Link(Frozen):
    """A roster that only links: each row names somebody who exists, and fills a Username attribute that is empty."""

    attribute: str
    """The attribute of OttoLearn by which users are found."""
    field: str
    """The field of the roster that holds its value."""


class Roster(Frozen):
    """The `roster:` part of a connection."""

    attributes: Mapping[str, str] = Field(default={})
    """Attribute in OttoLearn -> the LMS's field that fills it."""
    constants: Mapping[str, str] = Field(default={})
    """Attribute in OttoLearn -> a text that is the same for all people."""
    templates: Mapping[str, Template] = Field(default={})
    """Attribute in OttoLearn -> a text with {field} in it."""
    owned_by_ottolearn: tuple[str, ...] = ()
    """Attributes that are written when a user is created, and never again."""
    protect: bool = True
    """A value that somebody changed in OttoLearn after we wrote it is reported, not overwritten."""
    protected_users: tuple[str, ...] = ()
    """Usernames of people who are never written to, such as administrators; the API user is always one of them."""
    must_include: tuple[str, ...] = ()
    """Student IDs, one from each corner of the organisation: a reading that lacks one of them is not complete. It
    tells a source that shows only a part of its people, and calls that everybody."""
    on_leave: Literal["keep", "deactivate"] = "keep"
    """What happens to the learner of a student who left."""
    grace: Grace = Grace()
    limits: Limits = Limits()
    on_exceed: Literal["hold_deactivations", "abort"] = "hold_deactivations"
    """Beyond a limit: hold what is beyond it and every deactivation, or hold everything."""
    every: TimeSpan = "24h"
    """`sync run --all` runs a connection when its last good run began so long ago."""
    full_every: TimeSpan = "7d"
    """A run reads the whole roster and compares everything with OttoLearn when the last one that did so began so long
    ago."""
    writes_at_once: int = Field(default=8, ge=1, le=64)
    """Calls to OttoLearn under way at one time, at most."""
    calls_per_second: float = Field(default=0.0, ge=0.0, le=10_000.0)
    """How many calls to a host of the LMS the syncs of all machines together may make in a second; 0: as many as it
    bears."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The roster fields that are read, each once."""
        in_templates = (name for template in self.templates.values() for name in template_fields(template))
        return tuple(dict.fromkeys([*self.attributes.values(), *in_templates]))

    @model_validator(mode="after")
    def _one_source_each(self) -> Self:
        """No attribute is filled from two places."""
        names = [*self.attributes, *self.constants, *self.templates]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: filled by more than one of attributes, constants and templates")
        return self


@dataclass(frozen=True, slots=True)
class LookUpPolicy:
    """How a student whom nobody is found for is looked up in the LMS at the launch."""

    per_minute: int = 30
    """Questions to the LMS, at most, over all processes."""
    assurances: frozenset[Assurance] = VOUCHED
    """Who must vouch for the student ID of the launch."""


def can_look_up(connection: Connection[Any]) -> bool:
    """Whether one person can be looked up, in the LMS's API or in the file of the roster."""
    settings, adapter = connection.settings, connection.adapter
    if getattr(settings, "link", None) is not None:
        return False  # such a list brings nobody
    if getattr(settings, "file", None) is not None:
        return adapter.read_roster is not None
    possible = adapter.look_up is not None and getattr(settings, "api", ...) is not None
    return possible and not adapter.look_up_lacks(settings)
