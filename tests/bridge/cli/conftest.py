"""A bridge over real HTTP to a sandbox OttoLearn, launches into it, and the commands that repair it."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from flask.testing import FlaskClient

from adapters import ADAPTERS
from bridge.cli import cli
from bridge.config.configuration import load
from bridge.errors import OttoBridgeError
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.store.engine import migrate, open_database
from bridge.web.app import create_app
from bridge.web.services import build_services
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.fakes.lti_platform import BRIDGE, FORM, LAUNCH_URL, NOW, sign
from tests.migrated import migrated_in

SECRET = "a secret of thirty-two bytes or more"
PEOPLE = [
    {
        "id": 1,
        "active": True,
        "attribute": {"firstName": "Z", "lastName": "O", "username": "z", "emailAddress": "z@x.y"},
    },
    {
        "id": 2,
        "active": True,
        "attribute": {"firstName": "L", "lastName": "W", "username": "l", "emailAddress": "l@x.y"},
    },
    {
        "id": 3,
        "active": True,
        "attribute": {"firstName": "G", "lastName": "G", "username": "g", "emailAddress": "gone@x.y"},
    },
]
NAMELESS = {"lis_person_name_given": "", "lis_person_name_family": "", "lis_person_name_full": ""}


class Site:
    """A bridge over real HTTP to a sandbox OttoLearn, a browser in front of it, and its command line."""

    def __init__(self, folder: Path, config: Path, client: FlaskClient, ottolearn: OttoLearnApi) -> None:
        self.folder = folder
        self.ottolearn = ottolearn
        self._config = config
        self._client = client
        self._launches = 0

    def connect(self, sheet: dict[str, str]) -> None:
        """Give the command line a connection whose people come from a sheet."""
        tree = yaml.safe_load(self._config.read_text("utf-8"))
        tree["connections"]["hr-sheet"] = sheet
        self._config.write_text(yaml.safe_dump(tree), "utf-8")

    def set(self, user_id: int, active: bool | None = None, **attributes: str) -> None:
        """Change a user in OttoLearn, as somebody does there, and let the bridge read it."""
        self.ottolearn.update(user_id, attributes, active)
        self.run("learners", "refresh")

    def user(self, user_id: int) -> Mapping[str, str]:
        return next(one.attributes for one in self.ottolearn.read_learners() if one.user_id == user_id)

    def launch(self, student_id: str, record: str = "", **changed: str) -> int:
        """The status with which a launch ends; each student ID comes from a record of its own unless one is named."""
        self._launches += 1
        named = {"lis_person_sourcedid": student_id, "user_id": record or f"u-{student_id}"}
        fields = {**FORM, **named, **NAMELESS, **changed}
        signed = sign(LAUNCH_URL, fields, nonce=f"nonce-{self._launches}")
        return self._client.post("/lti/campus/launch", data=dict(signed)).status_code

    def run(self, *arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["--config", str(self._config), *map(str, arguments)])
        failed = isinstance(result.exception, OttoBridgeError)  # `bridge.cli.main` tells it
        return result.exit_code, result.output + (str(result.exception) if failed else "")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve(create_sandbox(PEOPLE, username_attributes=("employeeId", "username"))) as served:
        tree: dict[str, Any] = {
            "bridge": {
                "public_url": BRIDGE,
                "secret_key": SECRET,
                "database_url": migrated_in(tmp_path),
                "trusted_networks": ["127.0.0.0/8"],
            },
            "ottolearn": {
                "api_url": served.url,
                "organization_id": 1,
                "username": "api",
                "password": "api",
                "username_attributes": ["employeeId", "username"],
                "learner_url": f"{served.url}/learn",
                "sign_in": {"method": "signed_link", "url": f"{served.url}/learn", "secret": SECRET},
            },
            "connections": {
                "campus": {
                    "adapter": "lti",
                    "lti11": {"consumer_key": "campus-key", "shared_secret": "s3cret & more/é"},
                }
            },
        }
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(tree), "utf-8")
        configuration = load(path, ADAPTERS, {})
        engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(engine)
        outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")])
        api = OttoLearnApi(configuration.ottolearn, outbound)
        usernames = configuration.ottolearn.username_attributes
        directory = Directory(engine, usernames, api.read_learners, time.time, every=0.0)
        services = build_services(configuration, engine, outbound, directory, adapters=ADAPTERS, now=lambda: NOW)
        yield Site(tmp_path, path, create_app(services).test_client(), api)
        engine.dispose()
