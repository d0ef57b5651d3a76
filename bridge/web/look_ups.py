"""Looking students up in their LMS, wired once."""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Callable
from typing import Any

from bridge.config.configuration import Configuration
from bridge.contracts import Connection
from bridge.keys.connection_state import StoredState
from bridge.keys.own import OwnKeys
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.roster.services import LtiServices
from bridge.store import courses
from bridge.store.database import Engine
from bridge.sync.context import RunContext
from bridge.sync.look_up import LookUps
from bridge.sync.person import PersonSync, RemembersAttributes

log = logging.getLogger(__name__)


def look_ups_of(
    configuration: Configuration,
    engine: Engine,
    outbound: Outbound,
    directory: Directory,
    connection: Callable[[str], Connection[Any] | None],
    own_keys: OwnKeys,
    now: Callable[[], float],
    token: Callable[[], str],
) -> LookUps:
    """The look-ups of a running bridge."""
    settings = configuration.ottolearn

    def services(name: str) -> LtiServices:
        return LtiServices(own_keys.signing(), token, name, courses.learned(engine, name))

    around = RunContext(
        engine=engine,
        directory=directory,
        ottolearn=RemembersAttributes(OttoLearnApi(settings, outbound, attempts=1), time.monotonic),
        now=now,
        sleep=time.sleep,
        token=lambda: secrets.token_urlsafe(32),
        chance=random.SystemRandom().random,
        notice=log.info,
        progress=lambda *_: None,
        stopping=lambda: False,
    )
    people = PersonSync(around, tuple(settings.username_attributes), settings.username, time.monotonic)
    secret_key = configuration.bridge.secret_key.get_secret_value()
    return LookUps(
        engine,
        directory,
        outbound,
        people,
        connection,
        services,
        now,
        time.sleep,
        time.monotonic,
        lambda name: StoredState(engine, secret_key, name, now, time.sleep),
    )
