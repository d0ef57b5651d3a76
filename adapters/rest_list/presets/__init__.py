"""The descriptions that come with the bridge: one YAML file for each LMS, named as the configuration names it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_SUFFIX = ".yaml"


def names() -> tuple[str, ...]:
    """Every preset."""
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def titles() -> dict[str, str]:
    """What people call the LMS of each preset."""
    return {name: str(read(name)["title"]) for name in names()}


@cache
def read(name: str) -> dict[str, Any]:
    """What the preset says, not to be changed. Raises ValueError where there is none."""
    if name not in names():
        raise ValueError(f"allowed: {', '.join(names())}, or no preset and a `list` of your own")
    said: dict[str, Any] = yaml.safe_load((files(__name__) / f"{name}{_SUFFIX}").read_text("utf-8"))
    return said
