"""The health of a connection as `ottobridge doctor` sees it: tried behind the page, kept until it is tried again."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Final, NamedTuple

import msgspec

from bridge.contracts import Connection
from bridge.doctor.checks import FAILED, LOOK, OK, Doctor, Finding
from bridge.ottolearn.api import OttoLearnApi
from bridge.store import one_time
from bridge.store.launches import recent_students
from bridge.web.services import AppServices

log = logging.getLogger(__name__)

PURPOSE: Final = "health of a connection"
KEPT: Final = 30 * 86_400.0
RECENT: Final = 200
LONGEST: Final = 600.0
"""Seconds after which an examination that has told nothing has died."""


class Health(NamedTuple):
    """What was found, and when; while it is tried, nothing yet."""

    at: float
    findings: list[Finding]
    under_way: bool = False

    @property
    def state(self) -> str:
        """The worst of the findings."""
        states = {finding.state for finding in self.findings}
        return next((state for state in (FAILED, LOOK, OK) if state in states), "")


def last(services: AppServices, name: str) -> Health | None:
    """What was found last; None where nothing was tried."""
    kept = one_time.look(services.engine, PURPOSE, name, now=services.now())
    if kept is None:
        return None
    found = msgspec.json.decode(kept["health"], type=Health)
    dead = found.under_way and services.now() - found.at > LONGEST
    return found._replace(under_way=False) if dead else found


def begin(services: AppServices, connection: Connection[Any]) -> None:
    """Try the connection behind the page: its LMS may take a minute to answer."""
    _keep(services, connection.name, Health(services.now(), [], under_way=True))
    threading.Thread(target=examine, args=(services, connection), name="examine", daemon=True).start()


def examine(services: AppServices, connection: Connection[Any]) -> None:
    """Try it, and keep what was found."""
    try:
        findings = [*_doctor(services).examine(connection)]
    except Exception as error:
        log.exception("the connection %s could not be examined", connection.name)
        advice = "the log of the bridge says more"
        findings = [Finding(connection.name, "examine", FAILED, type(error).__name__, advice)]
    _keep(services, connection.name, Health(services.now(), findings))


def _keep(services: AppServices, name: str, health: Health) -> None:
    told = {"health": msgspec.json.encode(health).decode()}
    one_time.put(services.engine, PURPOSE, name, told, until=services.now() + KEPT)


def _doctor(services: AppServices) -> Doctor:
    engine, known, configuration = services.engine, services.connections, services.configuration
    return Doctor(
        settings=configuration.ottolearn,
        public_url=services.public_url,
        directory=services.directory,
        ottolearn=OttoLearnApi(configuration.ottolearn, services.outbound),
        outbound=services.outbound,
        now=services.now,
        sleep=time.sleep,
        launched=lambda name: recent_students(engine, name, RECENT),
        launching=lambda name: [
            one for one in (*known.configured.values(), *known.registered()) if one.roster_connection == name
        ],
        connection=known.find,
        readers=services.syncs.readers,
    )
