"""`ottobridge sync lti`: the bridge signs in with its own key and reads the courses that launches named."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bridge.cli import cli
from bridge.keys.own import OwnKeys
from bridge.store import courses
from bridge.store.connections import StoredConnection, add
from bridge.store.engine import migrate, open_database
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.fakes.nrps import CLIENT, Platform, member
from tests.migrated import migrated_in

SECRET = "a secret of thirty-two bytes or more"


class Site:
    """A platform with two courses, a bridge that has seen launches from both, and an OttoLearn."""

    def __init__(self, folder: Path, ottolearn: str) -> None:
        self.config = folder / "config.yaml"
        database = migrated_in(folder)
        self.engine = open_database(database)
        migrate(self.engine)
        self.platform = Platform(OwnKeys(self.engine, SECRET, "lti", time.time).signing(), {})
        self.tree: dict[str, Any] = {
            "bridge": {
                "public_url": "https://bridge.example.edu",
                "secret_key": SECRET,
                "database_url": database,
                "trusted_networks": ["127.0.0.0/8"],
            },
            "ottolearn": {
                "api_url": ottolearn,
                "organization_id": 1,
                "username": "api",
                "password": "api",
                "learner_url": f"{ottolearn}/learn",
                "sign_in": {"method": "signed_link", "url": f"{ottolearn}/learn", "secret": SECRET},
            },
            "connections": {"packages": {"adapter": "scorm"}},
        }

    def settings(self) -> dict[str, Any]:
        url = self.platform.url
        lti13 = {"issuer": url, "client_id": CLIENT, "deployment_ids": ["1"], "token_url": f"{url}/mod/lti/token.php"}
        roster = {"on_leave": "deactivate", "grace": {"days": 0, "complete_reads": 1}}
        return {"lti13": {**lti13, "auth_url": f"{url}/auth", "jwks_url": f"{url}/jwks"}, "roster": roster}

    def configure(self, **connections: Any) -> None:
        self.tree["connections"].update(connections)
        self.config.write_text(yaml.safe_dump(self.tree), "utf-8")

    def run(self, *arguments: str) -> tuple[int, Any, str]:
        result = CliRunner().invoke(cli, ["--config", str(self.config), *arguments])
        return result.exit_code, json.loads(result.stdout) if "--json" in arguments else result.stdout, result.stderr


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve(create_sandbox()) as served:
        site = Site(tmp_path, served.url)
        with site.platform:
            site.configure(campus={"adapter": "lti", **site.settings()})
            for course in ("/a", "/b"):
                courses.learn(site.engine, "campus", site.platform.url + course, 1.0)
            yield site
        site.engine.dispose()


def test_everybody_of_the_courses_that_launches_named_is_synced(site: Site) -> None:
    site.platform.courses = {"/a": [[member(1)], [member(2)]], "/b": [[member(2), member(3)]]}
    code, said, _ = site.run("sync", "lti", "campus", "--json")
    assert (code, said["status"], said["read"], said["created"]) == (0, "done", 3, 3)
    assert site.run("connections", "courses", "campus", "--json")[1] == [
        site.platform.url + "/a",
        site.platform.url + "/b",
    ]


def test_a_course_that_has_vanished_deactivates_nobody_until_it_is_forgotten(site: Site) -> None:
    site.platform.courses = {"/a": [[member(n) for n in range(3)]], "/b": [[member(9)]]}
    site.run("sync", "lti", "campus")
    del site.platform.courses["/b"]
    code, said, _ = site.run("sync", "lti", "campus", "--json")
    assert (code, said["reason"], said["deactivated"]) == (3, "roster_incomplete", 0)
    command = shlex.split(said["notices"][0].partition(": ")[2])
    assert command == ["ottobridge", "connections", "forget-course", "campus", f"{site.platform.url}/b"]
    assert site.run(*command[1:])[0] == 0
    assert site.run("sync", "lti", "campus", "--json")[1]["deactivated"] == 1
    code, _, told = site.run(*command[1:])
    assert (code, "campus has no course at" in told) == (2, True)


def test_a_connection_that_registered_itself_has_a_roster_too(site: Site) -> None:
    site.platform.courses = {"/a": [[member(1)]]}
    settings = json.dumps(site.settings())
    add(site.engine, StoredConnection("registered", "lti", settings, 1.0))
    courses.learn(site.engine, "registered", f"{site.platform.url}/a", 1.0)
    assert site.run("sync", "lti", "registered", "--json")[1]["created"] == 1
    assert "No launch of packages has named a course yet" in site.run("connections", "courses", "packages")[1]
