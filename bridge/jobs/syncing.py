"""The sync of a connection for whoever serves nobody by it: no terminal, and it stops when the process is to end."""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from bridge.config.configuration import Configuration
from bridge.contracts import Connection
from bridge.keys.connection_state import StoredState
from bridge.keys.own import OwnKeys
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.roster.services import LtiServices
from bridge.scim.pushes import pushes_of
from bridge.store import courses
from bridge.store.database import Engine
from bridge.sync.context import RunContext
from bridge.sync.run import Sync

log = logging.getLogger(__name__)

FRESH_FOR: Final = 600.0
"""Seconds for which OttoLearn's users need not be read again: pushes come one by one, the list is long."""


def background_sync(
    configuration: Configuration,
    engine: Engine,
    directory: Directory,
    outbound: Outbound,
    own_keys: OwnKeys,
    stopping: Callable[[], bool],
) -> Callable[[Connection[Any]], Sync]:
    """Makes the sync of a connection. Its progress and what it has to say go to the log."""
    settings = configuration.ottolearn
    secret = configuration.bridge.secret_key.get_secret_value()

    def services_of(name: str) -> LtiServices:
        return LtiServices(own_keys.signing(), secrets.token_urlsafe, name, courses.learned(engine, name))

    def sync_of(connection: Connection[Any]) -> Sync:
        name, pushed = connection.name, connection.adapter.takes_pushes
        context = RunContext(
            engine=engine,
            directory=directory,
            # Each call once: the sync itself decides when to try again, for all its calls together.
            ottolearn=OttoLearnApi(settings, outbound, attempts=1),
            now=time.time,
            sleep=time.sleep,
            token=lambda: secrets.token_urlsafe(32),
            chance=random.SystemRandom().random,
            notice=lambda sentence: log.info("%s: %s", name, sentence),
            progress=lambda stage, done, total: None,  # noqa: ARG005
            stopping=stopping,
            services=lambda: services_of(name),
            fresh_for=FRESH_FOR if pushed else 0.0,
            pushes=pushes_of(engine, name) if pushed else None,
            state=StoredState(engine, secret, name, time.time, time.sleep),
        )
        return Sync(connection, settings.username_attributes, settings.username, outbound, context)

    return sync_of
