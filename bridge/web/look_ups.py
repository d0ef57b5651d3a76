"""Looking students up in their LMS, wired once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bridge.contracts import Connection
from bridge.sync.look_up import LIMITS, LookUps, TimeLimits
from bridge.sync.person import PersonSync, RemembersAttributes
from bridge.sync.syncs import Syncs

log = logging.getLogger(__name__)


def look_ups_of(
    syncs: Syncs, connection: Callable[[str], Connection[Any] | None], limits: TimeLimits = LIMITS
) -> LookUps:
    """The look-ups of a running bridge."""
    settings, context = syncs.settings, syncs.context(log.info, lambda: False)
    context = replace(context, ottolearn=RemembersAttributes(context.ottolearn, time.monotonic))
    people = PersonSync(context, tuple(settings.username_attributes), settings.username, time.monotonic)
    readers = syncs.readers
    return LookUps(
        readers.engine,
        syncs.directory,
        syncs.outbound,
        people,
        connection,
        readers,
        readers.now,
        readers.sleep,
        time.monotonic,
        limits,
    )
