"""Which migrations this version has."""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def known_revisions() -> list[str]:
    """The names of all migrations of this version, the newest first: each is the first part of its file's name."""
    files = resources.files("bridge.store").joinpath("migrations", "versions").iterdir()
    return sorted((file.name.partition("_")[0] for file in files if file.name[:4].isdigit()), reverse=True)
