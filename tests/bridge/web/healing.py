"""A bridge that looks students up: real LMS APIs and a real OttoLearn on loopback, in this process or in others.

As a program, `python -m tests.bridge.web.healing FOLDER URL CONNECTION STUDENT_ID [dies]`, it takes one launch over the
database at URL, by the configuration that a test has left in FOLDER, and prints how it ended; with `dies` it is killed
between the creation of the user in OttoLearn and whatever would remember it.
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import msgspec
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey

from adapters import ADAPTERS
from bridge.config.configuration import load
from bridge.contracts import Learner
from bridge.learners.directory import Directory
from bridge.learners.refreshing import learner_list_reader
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.store.engine import open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import newest
from bridge.sync.look_up import TimeLimits
from bridge.web.app import create_app
from bridge.web.services import AppServices, build_services
from tests.fakes.lti_platform import BRIDGE, CLIENT, DEPLOYMENT, ISSUER, KEY, claims, query_of, token

PLATFORM_KEY = "platform.json"
PLATFORM = Template("""{issuer: "$issuer", client_id: "$client", deployment_ids: ["$deployment"],
            auth_url: "https://sso.example.edu/authorize", jwks_url: "$jwks"}""")
CONFIG = Template("""
bridge:
  public_url: $bridge
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: $database
  trusted_networks: [127.0.0.0/8]
ottolearn:
  api_url: $ottolearn
  organization_id: 1
  username: api
  password: api
  username_attributes: [username, employeeId]
  learner_url: https://learn.example.com
  sign_in: {method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}
connections:
  campus:
    adapter: canvas
    lti13: $platform
    api: {url: "$canvas", token: "canvas-token-1~secret"}
    on_no_match: look_up
    roster: $canvas_roster
$canvas_more
  learning:
    adapter: moodle
    lti13: $platform
    api: {url: "$moodle", token: 0123456789abcdef0123456789abcdef}
    on_no_match: look_up
    roster: $moodle_roster
  course:
    adapter: scorm
    package_origins: [https://lms.example.edu]
    roster_connection: campus
    on_no_match: look_up
$course_more
  sheet: {adapter: spreadsheet, file: "$sheet", mode: roster, columns: {student_id: Number}}
  print:
    adapter: scorm
    package_origins: [https://lms.example.edu]
    roster_connection: sheet
    on_no_match: look_up
    look_up: {per_minute: 10, assurances: [signed, asserted]}
""")


@dataclass
class Healing:
    """A bridge, and a browser in front of it."""

    client: FlaskClient
    services: AppServices
    clock: Clock
    ottolearn: OttoLearnApi
    key: RSAKey
    """The LMS's."""

    def launch(
        self, student_id: str, connection: str = "campus", more: Mapping[str, Any] | None = None, **changes: Any
    ) -> Any:
        """A whole LTI 1.3 launch of a student; `more` claims by their full names."""
        url = f"{BRIDGE}/lti/{connection}/launch"
        asked = {"iss": ISSUER, "login_hint": "u", "target_link_uri": url, "client_id": CLIENT}
        answer = self.client.post(f"/lti/{connection}/login", data=asked)
        assert answer.status_code == 302, answer.text
        login = query_of(answer.location)
        said = {"lis": {"person_sourcedid": student_id}, "target_link_uri": url, **changes}
        fields = {
            "id_token": token(claims(login["nonce"], self.clock(), **said) | dict(more or {}), key=self.key),
            "state": login["state"],
        }
        return self.client.post(f"/lti/{connection}/launch", data=fields)

    def begin_a_minute(self) -> None:
        """What is counted by the minute is counted from now on, for a whole one."""
        self.clock.ahead += 60 - self.clock() % 60

    def last(self) -> LaunchLine:
        return newest(self.services.engine, 1)[0]

    def users(self, student_id: str) -> list[Learner]:
        """Whom OttoLearn has with this ID."""
        return [one for one in self.ottolearn.read_learners() if student_id in one.attributes.values()]


@dataclass
class Clock:
    """The bridge's clock, which a test moves."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


UNHURRIED = TimeLimits(answer=300.0, ottolearn=120.0, turn=120.0, claim=600.0)
"""No machine is so slow."""


@contextmanager
def healing(
    path: Path, wrap: Callable[[Directory], None] = lambda _: None, limits: TimeLimits = UNHURRIED
) -> Iterator[Healing]:
    """The bridge of the configuration at `path`."""
    configuration = load(path, ADAPTERS, {})
    engine = open_database(configuration.bridge.database_url.get_secret_value())
    outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")])
    api, clock = OttoLearnApi(configuration.ottolearn, outbound), Clock()
    directory = Directory(engine, configuration.ottolearn.username_attributes, learner_list_reader(api), clock)
    services = build_services(
        configuration, engine, outbound, directory, adapters=ADAPTERS, now=clock, look_up_limits=limits
    )
    wrap(directory)
    key = RSAKey.import_key(json.loads((path.parent / PLATFORM_KEY).read_text("utf-8")))
    yield Healing(create_app(services).test_client(), services, clock, api, key)
    engine.dispose()


def write_config(path: Path, **places: str) -> Path:
    """A configuration for these places; what is left out is empty."""
    rest = {"canvas_roster": "{}", "moodle_roster": "{}", "canvas_more": "", "course_more": ""}
    rest["sheet"] = str(path.parent / "people.csv")
    names = {"issuer": ISSUER, "client": CLIENT, "deployment": DEPLOYMENT, "bridge": BRIDGE, **rest, **places}
    (path.parent / PLATFORM_KEY).write_text(json.dumps(KEY.as_dict(private=True)), "utf-8")
    path.write_text(CONFIG.substitute(names, platform=PLATFORM.substitute(names)), "utf-8")
    return path


def keys() -> bytes:
    """The platform's key set."""
    return msgspec.json.encode({"keys": [KEY.as_dict(private=False)]})


def _die_after_creating(api: type[OttoLearnApi]) -> None:
    create = api.create

    def created(self: OttoLearnApi, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner:
        create(self, attributes, password, active)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    api.create = created  # type: ignore[method-assign]


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(path: Path, connection: str, student_id: str, *options: str) -> None:
    if "dies" in options:
        _die_after_creating(OttoLearnApi)
    with healing(path) as bridge:
        _tell("ready")
        sys.stdin.readline()
        answer = bridge.launch(student_id, connection)
        line = bridge.last()
        _tell(f"{answer.status_code} {line.outcome} {line.reason or '-'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
