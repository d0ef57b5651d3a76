"""A running bridge from a configuration: `create_bridge()` for a WSGI server, `build_app` for everybody else."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

from flask import Flask

from adapters import ADAPTERS
from bridge.config.configuration import Configuration, load
from bridge.config.egress import egress_client
from bridge.errors import OttoBridgeError
from bridge.jobs import background
from bridge.jobs.catalogue import Catalogue
from bridge.jobs.syncing import background_sync
from bridge.learners.directory import Directory
from bridge.learners.refreshing import learner_list_reader
from bridge.learners.remote_search import remote_search
from bridge.learners.sheet_links import Entry, Sheets
from bridge.ottolearn.api import OttoLearnApi
from bridge.store import learners
from bridge.store.database import DatabaseError, Engine
from bridge.store.engine import migrate, open_later
from bridge.store.errors import trouble
from bridge.tracing import export
from bridge.web.app import SERVICES, create_app
from bridge.web.metrics import Metrics
from bridge.web.self_test import SelfTest
from bridge.web.services import AppServices, build_services

log = logging.getLogger(__name__)

REFRESH_EVERY = 30.0
"""Seconds between two readings of OttoLearn's users that nobody asked for by name, over all processes."""
LOOK_EVERY = 1.0
"""Seconds between two looks for a database that is away."""


def create_bridge() -> Flask:
    """The WSGI application of the configuration that `$OTTOBRIDGE_CONFIG` names (default ./config.yaml)."""
    return serving(load(Path(os.environ.get("OTTOBRIDGE_CONFIG", "config.yaml")), ADAPTERS))


def serving(
    configuration: Configuration, *, metrics_port: int | None = None, self_test: SelfTest | None = None
) -> Flask:
    """The application with the work between requests begun: once in each process that serves."""
    export.start(configuration.bridge)
    app = build_app(configuration, metrics_port=metrics_port, self_test=self_test)
    gc.freeze()  # what was imported stays: nothing of it is looked through for garbage while launches wait
    services = app.extensions[SERVICES]
    services.late.start()
    if not configuration.bridge.workers:
        stop = threading.Event()
        background.start(jobs_of(services, stop.is_set).jobs, stop)
    return app


def jobs_of(services: AppServices, stopping: Callable[[], bool]) -> Catalogue:
    """What a process that serves does between requests."""
    return Catalogue(
        services.configuration,
        services.engine,
        services.connections,
        services.directory,
        services.outbound,
        services.reports,
        background_sync(services.syncs, stopping),
        services.now,
    )


def build_app(
    configuration: Configuration, *, metrics_port: int | None = None, self_test: SelfTest | None = None
) -> Flask:
    """Bring the database up to date, begin to read OttoLearn's users, and return the application.

    Where the database is away both are done as soon as it is back, and the application answers until then that learners
    should try again.
    """
    bridge = configuration.bridge
    engine = open_later(bridge.database_url.get_secret_value(), prepare=bridge.database_prepare)
    metrics = Metrics(configuration)
    outbound = egress_client(bridge, count=metrics.count_call)
    directory = Directory(
        engine,
        configuration.ottolearn.username_attributes,
        learner_list_reader(OttoLearnApi(configuration.ottolearn, outbound)),
        time.time,
        every=REFRESH_EVERY,
        max_shrink_percent=configuration.ottolearn.directory.max_shrink_percent,
        search=remote_search(
            engine,
            OttoLearnApi(configuration.ottolearn, outbound, attempts=1),
            configuration.ottolearn.username_attributes,
            time.time,
        ),
    )
    if not _begin(engine, directory):
        threading.Thread(target=_keep_beginning, args=(engine, directory), name="begin", daemon=True).start()
    services = build_services(
        configuration,
        engine,
        outbound,
        directory,
        adapters=ADAPTERS,
        metrics=metrics,
        self_test=self_test,
        sheets=unmatched_sheets(),
    )
    return create_app(services, metrics_port=metrics_port)


def unmatched_sheets() -> Sheets:
    """The list of unmatched students as a spreadsheet; what reads and writes it is loaded when somebody asks."""

    def read(file: Path) -> Iterable[Entry]:
        from adapters.spreadsheet.completed import read_completed  # noqa: PLC0415 -- see above

        return read_completed(file)

    def write(target: Path, people: Iterable[Sequence[str]]) -> None:
        from adapters.spreadsheet.headers import UNMATCHED  # noqa: PLC0415
        from adapters.spreadsheet.writing import write_table  # noqa: PLC0415

        write_table(target, "People", chain([UNMATCHED], people))

    def written_id(student_id: str) -> str:
        from adapters.spreadsheet.ids import written_id as written  # noqa: PLC0415

        return written(student_id)

    return Sheets(read, write, written_id, {"email": "emailAddress", "employee_number": "employeeId"})


def _begin(engine: Engine, directory: Directory) -> bool:
    """Do what comes first; False where the database is away. Raises ConfigError for one that cannot be used."""
    try:
        migrate(engine)
        if learners.claim_refresh(engine, now=time.time(), every=REFRESH_EVERY):
            threading.Thread(target=_refresh, args=(directory,), name="first-refresh", daemon=True).start()
    except DatabaseError as error:
        if not trouble(error):
            raise
        log.warning("%s; it is looked for every second", trouble(error))
        return False
    return True


def _keep_beginning(engine: Engine, directory: Directory) -> None:
    while True:
        time.sleep(LOOK_EVERY)
        try:
            if _begin(engine, directory):
                log.info("the database is there")
                return
        except Exception:
            log.exception("the database cannot be brought up to date; it is tried again")


def _refresh(directory: Directory) -> None:
    try:
        state = directory.refresh()
        log.info("the directory holds %d OttoLearn users", state.learners)
    except OttoBridgeError as error:
        log.warning("OttoLearn's users could not be read at start: %s", error)
    except DatabaseError as error:
        log.warning("OttoLearn's users could not be kept at start: %s", trouble(error) or type(error).__name__)
