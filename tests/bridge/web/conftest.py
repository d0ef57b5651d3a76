"""A whole bridge for the tests of its pages: real database, real platform keys over HTTP, a clock that stands still."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug import Request, Response

from adapters import ADAPTERS
from bridge.config.configuration import Configuration, load
from bridge.contracts import Learner
from bridge.errors import OttoBridgeError
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.store.engine import open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import newest
from bridge.web.app import create_app
from bridge.web.services import AppServices, build_services
from bridge.wsgi import unmatched_sheets
from sandbox.serving import serve
from tests.fakes.lti_platform import BRIDGE, CLIENT, DEPLOYMENT, ISSUER, KEY, LAUNCH_URL, NOW, claims, query_of, token

CONFIG = """
bridge:
  public_url: {bridge}
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: "{database}"
  trusted_networks: [127.0.0.0/8]
  progress_token: 0123456789abcdef-progress-0123456789abcdef
ottolearn:
  organization_id: 1
  username: api
  password: password
  username_attributes: [username, employeeId]
  learner_url: https://learn.example.com
  sign_in: {sign_in}
connections:
  campus:
    adapter: canvas
    lti13: {{issuer: "{issuer}", client_id: "{client}", deployment_ids: ["{deployment}"],
             auth_url: "https://sso.example.edu/authorize", jwks_url: "{jwks}"}}
    lti11: {{consumer_key: campus-key, shared_secret: "s3cret & more/é"}}
  packages:
    adapter: scorm
    package_origins: [https://lms.example.edu]
    aicc: {{allowed_urls: ["{jwks}"]}}
  bare: {{adapter: moodle}}
  learning:
    adapter: moodle
    lti13: {{issuer: "{issuer}", client_id: "{client}", learn_deployments: true,
             auth_url: "https://sso.example.edu/authorize", jwks_url: "{jwks}"}}
  by-subject:
    adapter: lti
    student_id: user_id
    lti13: {{issuer: "{issuer}", client_id: "{client}", deployment_ids: ["{deployment}"],
             auth_url: "https://sso.example.edu/authorize", jwks_url: "{jwks}"}}
courses:
  - {{key: SAFE-101, title: Safety at Work, url: "https://learn.example.com/safe"}}
  - {{key: FIRE-1, title: "Fire <drill> & أمان", url: "https://learn.example.com/fire"}}
"""

SIGNED_LINK = '{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}'

LEARNERS = [
    Learner(1, True, {"username": "S000101", "employeeId": "E1", "firstName": "Zoë", "lastName": "O’Brien"}),
    Learner(2, True, {"username": "twice"}),
    Learner(3, True, {"username": "other", "employeeId": "twice"}),
    Learner(4, False, {"username": "gone"}),
]


class Campus:
    """The platform's key set, and how often it was asked."""

    down = False
    hacp = b""
    """What it answers to a course that calls back."""

    @Request.application
    def __call__(self, request: Request) -> Response:
        if self.down:
            return Response("down", 503)
        if request.method == "POST":
            return Response(self.hacp)
        return Response(msgspec.json.encode({"keys": [KEY.as_dict(private=False)]}), content_type="application/json")


class Bridge:
    """A bridge under test, with a browser in front of it."""

    def __init__(self, client: FlaskClient, services: AppServices) -> None:
        self.client = client
        self.services = services
        self.engine = services.engine
        self.now = NOW
        self.learners: list[Learner] | OttoBridgeError = LEARNERS

    def read_learners(self) -> Iterator[Learner]:
        if isinstance(self.learners, OttoBridgeError):
            raise self.learners
        return iter(self.learners)

    def record(self) -> list[LaunchLine]:
        return newest(self.engine, 100)

    def login(self, connection: str = "campus", **fields: str) -> dict[str, str]:
        """Begin a login as the platform does, and return the authentication request that came of it."""
        asked = {"iss": ISSUER, "login_hint": "u", "target_link_uri": LAUNCH_URL, "client_id": CLIENT, **fields}
        answer = self.client.post(f"/lti/{connection}/login", data=asked)
        assert answer.status_code == 302, answer.text
        return query_of(answer.location)

    def launch13(self, **changes: Any) -> Any:
        """A whole LTI 1.3 launch; `changes` are claims."""
        asked = self.login()
        fields = {"id_token": token(claims(asked["nonce"], self.now, **changes)), "state": asked["state"]}
        return self.client.post("/lti/campus/launch", data=fields)


@pytest.fixture
def campus() -> Campus:
    return Campus()


@pytest.fixture
def sign_in() -> str:
    """`ottolearn.sign_in`, for tests to replace."""
    return SIGNED_LINK


@pytest.fixture
def bridge_database(tmp_path: Path, migrated_sqlite: Path) -> str:
    """The database of `bridge`, for tests to replace."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bridge.db')}"


@contextmanager
def configured(folder: Path, database_url: str, campus: Campus, sign_in: str = SIGNED_LINK) -> Iterator[Configuration]:
    """The configuration of a bridge, while the LMS's keys can be fetched."""
    with serve(campus) as served:
        path = folder / "config.yaml"
        names = {"issuer": ISSUER, "client": CLIENT, "deployment": DEPLOYMENT, "bridge": BRIDGE, "sign_in": sign_in}
        path.write_text(CONFIG.format(database=database_url, jwks=f"{served.url}/jwks", **names), "utf-8")
        yield load(path, ADAPTERS, {})


@contextmanager
def serving(configuration: Configuration, outbound: Outbound, chance: str = "random") -> Iterator[Bridge]:
    """What one process that serves holds; what it draws by chance begins with `chance`."""
    engine = open_database(configuration.bridge.database_url.get_secret_value())
    numbers = itertools.count()
    holder: list[Bridge] = []
    directory = Directory(
        engine,
        configuration.ottolearn.username_attributes,
        lambda: holder[0].read_learners(),  # noqa: PLW0108 -- the holder is still empty
        lambda: holder[0].now,
        max_wait=60.0,
    )
    services = build_services(
        configuration,
        engine,
        outbound,
        directory,
        adapters=ADAPTERS,
        sheets=unmatched_sheets(),
        now=lambda: holder[0].now,
        token=lambda: f"{chance}-{next(numbers)}",
    )
    services.gauges._limit = 60.0  # what is too late is looked at with gauges of their own
    app = create_app(services)
    holder.append(Bridge(app.test_client(), services))
    try:
        yield holder[0]
    finally:
        engine.dispose()


@contextmanager
def running(
    folder: Path, database_url: str, loopback: Outbound, campus: Campus, sign_in: str = SIGNED_LINK
) -> Iterator[Bridge]:
    """A bridge over this database, which has the newest schema."""
    with configured(folder, database_url, campus, sign_in) as configuration, serving(configuration, loopback) as found:
        found.services.directory.refresh()
        yield found


@pytest.fixture
def configuration(tmp_path: Path, bridge_database: str, campus: Campus, sign_in: str) -> Iterator[Configuration]:
    """That of `bridge`."""
    with configured(tmp_path, bridge_database, campus, sign_in) as found:
        yield found


@pytest.fixture
def bridge(configuration: Configuration, loopback: Outbound) -> Iterator[Bridge]:
    with serving(configuration, loopback) as found:
        found.services.directory.refresh()
        yield found
