"""`ottobridge serve`: the bridge on gunicorn."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from adapters import ADAPTERS
from bridge import logs
from bridge.cli.invocation import Invocation, log_format_option, pass_invocation
from bridge.config.configuration import Configuration, load
from bridge.errors import ConfigError
from bridge.store.database import DatabaseError
from bridge.store.engine import CONNECTIONS, migrate, open_later
from bridge.store.errors import trouble
from bridge.tracing import export
from bridge.web.body import MAX_BODY
from bridge.web.self_test import SelfTest

log = logging.getLogger(__name__)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=click.IntRange(1, CONNECTIONS // 2), default=8, show_default=True, help="Threads of each process."
)
@click.option(
    "--request-timeout",
    type=click.FloatRange(1, 600),
    default=20,
    show_default=True,
    help="Seconds in which a request must be complete; otherwise the answer is 408.",
)
@click.option(
    "--self-test",
    "self_test",
    type=click.FloatRange(1, 86_400),
    help="Launch at this address every so many seconds; /readyz, the log and a metric report the result.",
)
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Serve /metrics there, and not at --port.")
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="The address of --metrics-port.")
@log_format_option
@pass_invocation
def serve(
    invocation: Invocation,
    host: str,
    port: int,
    workers: int,
    threads: int,
    request_timeout: float,
    self_test: float | None,
    metrics_port: int | None,
    metrics_host: str,
    log_format: str,
) -> None:
    """Serve the bridge. Put it behind a web server that speaks https for bridge.public_url."""
    configuration = invocation.configuration
    logs.configure(log_format, brief=(DatabaseError,))
    if metrics_port == port:
        raise click.UsageError("--metrics-port must differ from --port")  # the port alone distinguishes the two
    places = [(host, port), *([(metrics_host, metrics_port)] if metrics_port else [])]
    if "GUNICORN_FD" not in os.environ:  # else an older master hands its sockets over (USR2)
        for place, by in zip(places, ("--host and --port", "--metrics-host and --metrics-port"), strict=False):
            _check_free(*place, by)
    _prepare(configuration)
    with _shared_folder() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # before prometheus_client is imported, which reads it
        options = {"bind": [_address(*place) for place in places], "workers": workers, "threads": threads}
        test = SelfTest(secrets.token_hex(32), self_test, folder) if self_test else None
        build = partial(_application, metrics_port=metrics_port, test=test, place=(host, port))
        _run(invocation.config_path, configuration, folder, options, build, request_timeout)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _run(
    path: Path,
    configuration: Configuration,
    folder: Path,
    options: dict[str, Any],
    build: Callable[[Configuration], Any],
    request_timeout: float,
) -> None:
    # not on Windows, where the other commands work
    from bridge.cli.connection import Patience  # noqa: PLC0415
    from bridge.cli.master import Server  # noqa: PLC0415

    patience = Patience(request=request_timeout, max_body=MAX_BODY)
    Server(configuration, build, lambda: _renewed(path), options, folder, patience).run()


def _application(
    configuration: Configuration, metrics_port: int | None, test: SelfTest | None, place: tuple[str, int]
) -> Any:
    # see above; and each worker opens its own database
    from bridge.cli import self_test  # noqa: PLC0415
    from bridge.wsgi import serving  # noqa: PLC0415

    app = serving(configuration, metrics_port=metrics_port, self_test=test)
    if test is not None:
        self_test.start(test, configuration.bridge.public_url, *place)
    return app


def _renewed(path: Path) -> Configuration | None:
    """The configuration as it is now; None where it is wrong, which is then in the log."""
    try:
        configuration = load(path, ADAPTERS)
        _prepare(configuration)
    except ConfigError as error:
        logs.mistakes(log, error.problems)
        return None
    except Exception:  # whatever it is, learners are served by the configuration that there is
        log.exception("the configuration cannot be read")
        return None
    return configuration


def _prepare(configuration: Configuration) -> None:
    """Bring the database up to date. One that is away is no reason not to start: the workers look for it until it is
    there. Raises ConfigError for one that cannot be used.
    """
    bridge = configuration.bridge
    export.require(bridge)
    engine = open_later(bridge.database_url.get_secret_value(), prepare=bridge.database_prepare)
    try:
        migrate(engine)
    except DatabaseError as error:
        if not trouble(error):
            raise
        log.warning("%s; learners read that they should try again until it is back", trouble(error))
    finally:
        engine.dispose()


@contextmanager
def _shared_folder() -> Iterator[Path]:
    """A folder that lives as long as this process. Workers leave this block too when they end, and must not take the
    folder away from the others.
    """
    owner, folder = os.getpid(), Path(tempfile.mkdtemp(prefix="ottobridge-", dir=_in_memory()))
    try:
        yield folder
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> str | None:
    """A place in memory, where there is one: to write a mapped file on a full disk ends the process."""
    places = (os.environ.get("RUNTIME_DIRECTORY", ""), "/dev/shm")  # noqa: S108 -- what is made there is ours alone
    return next((place for place in places if place and os.access(place, os.W_OK)), None)


def _check_free(host: str, port: int, options: str) -> None:
    """Raise, in one sentence, where nobody could listen there."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(found[0], found[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except OSError as error:
        what = "another program listens there" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        message = f"Cannot listen on {host}, port {port}: {what}. Choose another place by {options}."
        raise click.ClickException(message) from None
