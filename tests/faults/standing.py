"""A bridge as it stands in production: `ottobridge serve` in processes of its own, with an OttoLearn and an LMS beside
it that can be made to hang.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import yaml
from werkzeug import Request, Response

from sandbox.ottolearn import create_sandbox, generated
from sandbox.postgresql import free_port
from sandbox.serving import serve
from tests.conftest import ROOT
from tests.fakes.lti_platform import CLIENT, DEPLOYMENT, ISSUER, KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LINK_SECRET = "0123456789abcdef-links-0123456789abcdef"
CONSUMER, SECRET = "campus-key", "s3cret & more/é"
LEARNERS = 40
"""So many people are in OttoLearn; of the sandbox's made-up ones each fiftieth is inactive."""
PATIENCE = 180.0
"""Seconds in which anything that is waited for must have happened; only a test that fails waits so long."""


class Hanging:
    """An application that can be told to keep everybody waiting."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._open = threading.Event()
        self._open.set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._open.wait()
        return self._app(environ, start_response)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()


@Request.application
def key_set(_: Request) -> Response:
    """The LMS's keys."""
    return Response(msgspec.json.encode({"keys": [KEY.as_dict(private=False)]}), content_type="application/json")


@dataclass
class Standing:
    """The bridge, and what stands around it."""

    folder: Path
    port: int
    database_url: str
    ottolearn: Hanging
    campus: Hanging
    addresses: Mapping[str, str]
    options: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None
    told: list[str] = field(default_factory=list)
    """The lines of its log."""
    root: Path = ROOT
    """Where the code of the bridge stands."""
    also: list[int] = field(default_factory=list)
    """Masters that the first one has started, to be ended with it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def log(self) -> str:
        return "".join(self.told)

    def lines(self) -> list[dict[str, Any]]:
        """The log's lines; all of them are JSON, or the test fails."""
        return [json.loads(line) for line in list(self.told)]

    def configure(self, **bridge: Any) -> None:
        """Write the configuration, with more keys in its `bridge:` part."""
        lti13 = {"issuer": ISSUER, "client_id": CLIENT, "deployment_ids": [DEPLOYMENT]}
        lti13 |= {"auth_url": "https://sso.example.edu/authorize", "jwks_url": f"{self.addresses['campus']}/jwks"}
        tree = {
            "bridge": {
                "public_url": self.url,
                "secret_key": "0123456789abcdef0123456789abcdef",
                "database_url": self.database_url,
                "trusted_networks": ["127.0.0.0/8"],
                "progress_token": "0123456789abcdef-progress-0123456789abcdef",
                **bridge,
            },
            "ottolearn": {
                "api_url": self.addresses["ottolearn"],
                "organization_id": 1,
                "username": "api",
                "password": "api",
                "username_attributes": ["username", "employeeId"],
                "learner_url": f"{self.addresses['ottolearn']}/learn",
                "sign_in": {
                    "method": "signed_link",
                    "url": f"{self.addresses['ottolearn']}/learn",
                    "secret": LINK_SECRET,
                },
            },
            "connections": {
                "campus": {
                    "adapter": "lti",
                    "student_id": "lis_person_sourcedid",
                    "lti13": lti13,
                    "lti11": {"consumer_key": CONSUMER, "shared_secret": SECRET},
                },
                "packages": {"adapter": "scorm", "package_origins": ["https://lms.example.edu"]},
            },
        }
        self.config.write_text(yaml.safe_dump(tree), "utf-8")

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bridge", "--config", str(self.config), *words]

    def start(self) -> None:
        """Start it; it may not answer yet."""
        command = self.command("serve", "--port", str(self.port), "--log-format", "json", *self.options)
        # By a pipe, which a full disk does not stop.
        self.process = subprocess.Popen(
            command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, lines: IO[str]) -> None:
        with lines:
            self.told.extend(lines)

    def send(self, number: signal.Signals) -> None:
        """A signal for the master."""
        assert self.process is not None
        self.process.send_signal(number)

    def workers(self) -> list[int]:
        """The processes that answer."""
        assert self.process is not None
        return children(self.process.pid)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        for pid in self.also:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        if self.reader is not None:  # as long as any of them lives
            self.reader.join(PATIENCE)


def children(pid: int) -> list[int]:
    """The processes that this one has started and that live."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found if lives(child)]


def lives(pid: int | str) -> bool:
    """Whether the process is there, and no zombie."""
    with suppress(OSError):  # it ends just now
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    return False


def stand_still(pid: int) -> None:
    """Stop a process, and wait until it does nothing more."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: not lives(pid) or "\nState:\tT" in Path(f"/proc/{pid}/status").read_text(), "it stands still")


def limit_files(world: Standing, most: int = resource.RLIM_INFINITY) -> None:
    """Let no process of the bridge write further than so many bytes into any file."""
    assert world.process is not None
    for pid in (world.process.pid, *world.workers()):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def wait_for(what: Any, why: str, patience: float = PATIENCE) -> Any:
    """What the function `what` returns, once that is true."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain: {why}")


@contextmanager
def standing(folder: Path, database_url: str, *options: str) -> Iterator[Standing]:
    """All of it but the bridge itself, which `start` starts; everything ends with the block."""
    ottolearn = Hanging(create_sandbox(generated(LEARNERS, ("username", "employeeId")), link_secret=LINK_SECRET))
    campus = Hanging(key_set)
    with ExitStack() as stack:
        addresses = {
            "ottolearn": stack.enter_context(serve(ottolearn)).url,
            "campus": stack.enter_context(serve(campus)).url,
        }
        world = Standing(folder, free_port(), database_url, ottolearn, campus, addresses, options)
        world.configure()
        try:
            yield world
        finally:
            world.stop()
