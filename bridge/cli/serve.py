"""`ottobridge serve`: the bridge on gunicorn."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import Any

import click

from bridge.cli.invocation import Invocation, pass_invocation
from bridge.store.engine import CONNECTIONS


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=click.IntRange(1, CONNECTIONS // 2), default=8, show_default=True, help="Threads of each process."
)
@pass_invocation
def serve(invocation: Invocation, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the bridge. Put it behind a web server that speaks https for bridge.public_url."""
    configuration = invocation.configuration
    with invocation.database():
        pass  # a database that cannot be opened is told here, once, and not by each worker
    with tempfile.TemporaryDirectory(prefix="ottobridge-") as shared:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared  # before prometheus_client is imported, which reads it

        def application() -> Any:
            # see above; and each worker opens its own database
            from bridge.wsgi import serving  # noqa: PLC0415

            return serving(configuration)

        _run(application, {"bind": f"{_bracketed(host)}:{port}", "workers": workers, "threads": threads})


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _run(application: Callable[[], Any], options: dict[str, Any]) -> None:
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 -- not on Windows, where the other commands work

    class Server(BaseApplication):
        def load_config(self) -> None:
            settings = {"worker_class": "gthread", "timeout": 30, "graceful_timeout": 15, "accesslog": None}
            # else whoever runs two bridges has one socket for both, and an account without a home an error in the log
            settings["control_socket_disable"] = True
            settings["limit_request_line"] = 8190  # as much as gunicorn takes: platforms send long hints by GET
            for name, value in {**settings, **options}.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return application()

    Server().run()
