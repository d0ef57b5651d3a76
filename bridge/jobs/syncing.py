"""The sync of a connection as a background job: it logs its notices, and stops when the process ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from bridge.contracts import Connection
from bridge.sync.run import Sync
from bridge.sync.syncs import Syncs

log = logging.getLogger(__name__)

FRESH_FOR: Final = 600.0
"""Seconds for which OttoLearn's users need not be read again: pushes come one by one, the list is long."""


def background_sync(syncs: Syncs, stopping: Callable[[], bool]) -> Callable[[Connection[Any]], Sync]:
    """Makes the sync of a connection. What it has to say goes to the log."""

    def sync_of(connection: Connection[Any]) -> Sync:
        name, fresh_for = connection.name, FRESH_FOR if connection.adapter.takes_pushes else 0.0
        return syncs.of(connection, lambda sentence: log.info("%s: %s", name, sentence), stopping, fresh_for=fresh_for)

    return sync_of
