"""A whole demo on loopback: the bridge, a sandbox OttoLearn and a sandbox LMS, in one process and one temporary folder.

The bridge is the real one: its configuration is written as YAML and read by the real loader, its database is SQLite.
"""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from adapters import ADAPTERS
from bridge.admin.roles import Role
from bridge.config.configuration import Configuration, load
from bridge.jobs import background
from bridge.packages.origin import Packages
from bridge.store.engine import migrate, open_database
from bridge.web.admin.services import build_admin
from bridge.web.app import SERVICES
from bridge.wsgi import build_app, jobs_of
from sandbox.browser import Browser
from sandbox.demo_config import (
    TITLE,
    USERNAME_ATTRIBUTES,
    build_campus,
    oidc_part,
    ottolearn_part,
    signed_link_part,
    write_config,
)
from sandbox.lms.app import create_lms
from sandbox.lms.doors import PACKAGES
from sandbox.lms.settings import Campus
from sandbox.ottolearn import SingleSignOn, create_sandbox, read_seed
from sandbox.people import seed_lines
from sandbox.serving import serve

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READY_WITHIN = 120.0
"""Seconds for the bridge to have read OttoLearn's users."""


class DemoAccount(NamedTuple):
    """Whoever looks at the demo's administrators' pages. It is made anew each time, and opens nothing else."""

    name: str
    password: str


class CannotStart(Exception):
    """The demo did not come up; the message says why."""


@dataclass(frozen=True)
class Demo:
    """A running demo. No address has a slash at its end."""

    bridge_url: str
    ottolearn_url: str
    lms_url: str
    configuration: Configuration
    config_path: Path
    account: DemoAccount


class _Door:
    """An address that exists before the application behind it, which must know the address."""

    def __init__(self) -> None:
        self.app: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.app is None:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return []
        return self.app(environ, start_response)


@contextmanager
def run_demo(port: int = 0, *, method: str = "oidc") -> Iterator[Demo]:
    """Run everything until the block ends; the bridge at `port` of 127.0.0.1 (0 takes a free one).

    `method` is how learners get into OttoLearn: `oidc` or `signed_link`.
    Raises CannotStart where the port is taken, or the bridge does not come up.
    """
    bridge_door, lms_door, ottolearn_door = _Door(), _Door(), _Door()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ottobridge-demo-")))
        bridge_url = _listen(stack, bridge_door, port)
        lms_url, ottolearn_url = _listen(stack, lms_door), _listen(stack, ottolearn_door)
        password, link_secret = secrets.token_urlsafe(24), secrets.token_hex(32)
        sso = SingleSignOn(bridge_url, "sandbox-ottolearn", secrets.token_hex(32)) if method == "oidc" else None
        ottolearn_door.app = _build_ottolearn(folder, password, link_secret, sso)
        campus = build_campus(bridge_url, lms_url, ottolearn_url)
        sign_in = oidc_part(ottolearn_url, sso) if sso else signed_link_part(ottolearn_url, link_secret)
        part = ottolearn_part(ottolearn_url, password, sign_in)
        config_path = write_config(folder, bridge_url, part, campus)
        configuration = load(config_path, ADAPTERS)
        _register_packages(configuration, campus)
        lms_door.app = create_lms(campus)
        bridge = build_app(configuration)
        services = bridge.extensions[SERVICES]
        stack.enter_context(background.running(jobs_of(services, lambda: False).jobs, every=1.0))
        bridge_door.app = bridge
        _await_ready(bridge_url)
        account = DemoAccount("demo", "-".join(secrets.token_hex(2) for _ in range(4)))
        build_admin(services).accounts.create(account.name, Role.OWNER, account.password)
        yield Demo(bridge_url, ottolearn_url, lms_url, configuration, config_path, account)


def _build_ottolearn(folder: Path, password: str, link_secret: str, sso: SingleSignOn | None) -> WSGIApplication:
    """An OttoLearn with the demo's learners, seeded from a file as `ottobridge sandbox ottolearn --seed-file` is."""
    seed = folder / "learners.jsonl"
    seed.write_text("\n".join(seed_lines()), "utf-8")
    return create_sandbox(
        read_seed(seed),
        username_attributes=USERNAME_ATTRIBUTES,
        password=password,
        link_secret=link_secret,
        sso=sso,
    )


def _register_packages(configuration: Configuration, campus: Campus) -> None:
    """What `ottobridge package` does for each package that it makes."""
    engine = open_database(configuration.bridge.database_url.get_secret_value())
    try:
        migrate(engine)
        for format_, token in campus.package_tokens.items():
            Packages(engine, time.time).register(PACKAGES, format_, TITLE, token)
    finally:
        engine.dispose()


def _listen(stack: ExitStack, door: _Door, port: int = 0) -> str:
    """Serve `door` until `stack` ends; its address."""
    try:
        return stack.enter_context(serve(door, port=port)).url
    except OSError as error:
        raise CannotStart(f"port {port} of 127.0.0.1: {error.strerror}") from error


def _await_ready(bridge_url: str) -> None:
    """Wait until the bridge can let people in."""
    until = time.monotonic() + READY_WITHIN
    with Browser() as browser:
        while browser.open(f"{bridge_url}/readyz").status_code != 200:
            if time.monotonic() > until:
                raise CannotStart(f"the bridge was not ready within {READY_WITHIN:.0f} seconds")
            time.sleep(0.05)
