"""A bridge with SCIM connections on a real HTTP server, and an identity provider in front of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import Engine

from adapters import ADAPTERS
from bridge.config.configuration import load
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.scim.provider import provider as description
from bridge.scim.service import Service
from bridge.scim.tokens import make
from bridge.store.engine import open_database
from bridge.web.app import create_app
from bridge.web.services import AppServices, build_services
from sandbox.postgresql import free_port
from sandbox.serving import serve

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
CONFIG = """
bridge:
  public_url: {url}
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: {database}
  trusted_networks: [127.0.0.0/8]
ottolearn:
  organization_id: 1
  username: api
  password: password
  username_attributes: [username]
  learner_url: https://learn.example.com
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
connections:
  acme:
    adapter: scim
    student_id: employeeNumber
    roster:
      on_leave: deactivate
      attributes: {{username: employeeNumber, emailAddress: email, firstName: first_name, lastName: last_name}}
      filters: {groups}
  other: {{adapter: scim}}
  campus: {{adapter: moodle}}
"""


@dataclass
class Clock:
    """The clock of the bridge, which a test may move on."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Provider:
    """An identity provider that pushes to one connection."""

    base: str
    token: str
    services: AppServices
    clock: Clock
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def engine(self) -> Engine:
        return self.services.engine

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        sent = {"Content-Type": "application/scim+json", "Authorization": f"Bearer {self.token}", **headers}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self.session.request(method, f"{self.base}{path}", data=data, headers=sent, timeout=90)

    def push(self, user_name: str, /, **more: Any) -> dict[str, Any]:
        """A new user."""
        answer = self.ask("POST", "/Users", user(user_name, **more))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def patch(self, id_: str, *operations: dict[str, Any], where: str = "Users") -> requests.Response:
        return self.ask("PATCH", f"/{where}/{id_}", {"schemas": [PATCH], "Operations": list(operations)})

    def read(self, id_: str) -> dict[str, Any]:
        answer = self.ask("GET", f"/Users/{id_}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def found(self, query: str) -> list[dict[str, Any]]:
        answer = self.ask("GET", f"/Users?filter={query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["Resources"]


def user(user_name: str, /, **more: Any) -> dict[str, Any]:
    return {"schemas": [USER, ENTERPRISE], "userName": user_name, "active": True, **more}


@pytest.fixture(scope="session", autouse=True)
def message_models() -> Service:
    """What holds the classes of the messages: each test would make them anew, and be three times as long for it."""
    return Service(description())


@pytest.fixture
def serve_scim(tmp_path: Path, loopback: Outbound, engine_url: str, groups: str) -> Callable[[], Any]:
    @contextmanager
    def serving() -> Iterator[Provider]:
        port = free_port()
        url, path = f"http://127.0.0.1:{port}", tmp_path / "config.yaml"
        path.write_text(CONFIG.format(url=url, database=engine_url, groups=groups), "utf-8")
        configuration = load(path, ADAPTERS, {})
        engine = open_database(engine_url)
        directory = Directory(engine, ("username",), lambda: iter(()), lambda: 0.0)
        clock = Clock()
        services = build_services(configuration, engine, loopback, directory, adapters=ADAPTERS, now=clock)
        token = make(engine, "acme", services.now())
        with serve(create_app(services), port=port):
            yield Provider(f"{url}/scim/v2/acme", token, services, clock)
        engine.dispose()

    return serving


@pytest.fixture
def groups() -> str:
    """`roster.filters`, for tests to replace."""
    return "{}"


@pytest.fixture
def engine_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """SQLite, where a test asks for nothing else."""
    file = tmp_path / "bridge.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{file}"


@pytest.fixture
def provider(serve_scim: Callable[[], Any]) -> Iterator[Provider]:
    with serve_scim() as found:
        yield found
