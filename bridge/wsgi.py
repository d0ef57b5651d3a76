"""A running bridge from a configuration: `create_bridge()` for a WSGI server, `build_app` for everybody else."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from pathlib import Path

from flask import Flask

from adapters import ADAPTERS
from bridge import rounds
from bridge.config import Configuration, load
from bridge.errors import OttoBridgeError
from bridge.http import Outbound
from bridge.learners import refreshing
from bridge.learners.directory import Directory
from bridge.learners.refreshing import whole_list
from bridge.ottolearn.api import OttoLearnApi
from bridge.store import learners
from bridge.store.engine import migrate, open_database
from bridge.web.app import HOUSE, create_app
from bridge.web.house import furnish

log = logging.getLogger(__name__)

REFRESH_EVERY = 30.0
"""Seconds between two readings of OttoLearn's users that nobody asked for by name, over all processes."""


def create_bridge() -> Flask:
    """The WSGI application of the configuration that `$OTTOBRIDGE_CONFIG` names (default ./config.yaml)."""
    return serving(load(Path(os.environ.get("OTTOBRIDGE_CONFIG", "config.yaml")), ADAPTERS))


def serving(configuration: Configuration) -> Flask:
    """The application with the work between requests begun: once in each process that serves."""
    app = build_app(configuration)
    gc.freeze()  # what was imported stays: nothing of it is looked through for garbage while launches wait
    house = app.extensions[HOUSE]
    rounds.start(house.engine, house.reports, house.now)
    refreshing.start(house.directory, configuration.ottolearn.directory.refresh_every)
    return app


def build_app(configuration: Configuration) -> Flask:
    """Open and migrate the database, begin to read OttoLearn's users, and return the application."""
    bridge = configuration.bridge
    engine = open_database(bridge.database_url.get_secret_value(), prepare=bridge.database_prepare)
    migrate(engine)
    outbound = Outbound(configuration.bridge.trusted_networks)
    directory = Directory(
        engine,
        configuration.ottolearn.username_attributes,
        whole_list(OttoLearnApi(configuration.ottolearn, outbound)),
        time.time,
        every=REFRESH_EVERY,
        max_shrink_percent=configuration.ottolearn.directory.max_shrink_percent,
    )
    if learners.claim_refresh(engine, now=time.time(), every=REFRESH_EVERY):
        threading.Thread(target=_refresh, args=(directory,), name="first-refresh", daemon=True).start()
    return create_app(furnish(configuration, engine, outbound, directory, adapters=ADAPTERS))


def _refresh(directory: Directory) -> None:
    try:
        state = directory.refresh()
        log.info("the directory holds %d OttoLearn users", state.learners)
    except OttoBridgeError as error:
        log.warning("OttoLearn's users could not be read at start: %s", error)
