"""What only Brightspace must be looked at for: the consent, and the version of its API."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.brightspace.api import Brightspace
from adapters.brightspace.settings import Settings
from bridge.contracts import Observation, ReaderContext

_VERSION = "version of the API"


def examine(settings: Settings, context: ReaderContext) -> Iterator[Observation]:
    """Whether the consent holds, and whether the site has the configured version. Raises what calls raise."""
    brightspace = Brightspace(settings, context)
    known = brightspace.versions()
    yield Observation("consent", "ok", "it holds: Brightspace gave an access token")
    asked = settings.api.version if settings.api else ""
    if not known:
        yield Observation(_VERSION, "look", "Brightspace does not say which versions it has")
    elif asked in known:
        yield Observation(_VERSION, "ok", f"the site has {asked}; its newest is {known[-1]}")
    else:
        yield Observation(_VERSION, "failed", f"the site has no {asked}", f"set api.version: {known[-1]}")
