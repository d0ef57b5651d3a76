"""Somebody new of Docebo, SmarterU or an identity provider enters at the first launch; no other number does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.contracts import Assurance, Kind, Launch, Student
from bridge.errors import LaunchRejected, LearnerNotFound
from bridge.store import scim_resources
from bridge.store.engine import migrate, open_database
from bridge.store.scim_resources import USER, Keys, digest, exact
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.web.healing import PLATFORM_KEY, Healing, healing, keys
from tests.fakes import docebo, smarteru
from tests.fakes.lti_platform import BRIDGE, CLIENT, DEPLOYMENT, ISSUER, KEY
from tests.fakes.serving import FakeServer, Reply

SECRET = "0123456789abcdef0123456789abcdef"
ANY_BROWSER = {"assurances": ["signed", "confirmed", "asserted"]}


@contextmanager
def bridged(folder: Path, connections: dict[str, Any]) -> Iterator[Healing]:
    """A bridge with these connections, and an OttoLearn that knows nobody."""
    with serve(create_sandbox(required_attributes=("firstName", "lastName", "username"))) as ottolearn:
        tree = {
            "bridge": {
                "public_url": BRIDGE,
                "secret_key": SECRET,
                "database_url": f"sqlite:///{folder / 'bridge.db'}",
                "trusted_networks": ["127.0.0.0/8"],
            },
            "ottolearn": {
                "api_url": ottolearn.url,
                "organization_id": 1,
                "username": "api",
                "password": "api",
                "username_attributes": ["username"],
                "learner_url": "https://learn.example.com",
                "sign_in": {"method": "signed_link", "url": "https://learn.example.com/in", "secret": SECRET},
            },
            "connections": connections,
        }
        (folder / PLATFORM_KEY).write_text(json.dumps(KEY.as_dict(private=True)), "utf-8")
        (folder / "config.yaml").write_text(yaml.safe_dump(tree), "utf-8")
        engine = open_database(f"sqlite:///{folder / 'bridge.db'}")
        migrate(engine)
        engine.dispose()
        with healing(folder / "config.yaml") as bridge:
            yield bridge


def by_package(bridge: Healing, student_id: str, name: str) -> int:
    """The OttoLearn user whom a launch of a package reaches."""
    launch = Launch(Student(student_id, name, ""), Kind.SCORM12, Assurance.ASSERTED)
    return bridge.services.launches.find("packages", launch, student_id).learner.user_id


def test_a_newcomer_of_docebo_enters_at_their_first_launch(tmp_path: Path) -> None:
    with (
        docebo.Platform([docebo.user(4), docebo.user(5, status="0")]) as lms,
        FakeServer(lambda _: Reply(200, keys(), {"Content-Type": "application/json"})) as platform,
    ):
        lti13 = {
            "issuer": ISSUER,
            "client_id": CLIENT,
            "deployment_ids": [DEPLOYMENT],
            "auth_url": "https://sso.example.edu/authorize",
            "jwks_url": f"{platform.url}/jwks",
        }
        api = {"url": lms.url, "client_id": docebo.CLIENT, "client_secret": docebo.SECRET}
        with bridged(
            tmp_path, {"acme": {"adapter": "docebo", "lti13": lti13, "api": api, "on_no_match": "look_up"}}
        ) as site:
            assert site.launch("", "acme", sub="13004").status_code == 303
            assert [user.attributes["lastName"] for user in site.users("13004")] == ["O’Brien 4"]
            refused = [(site.launch("", "acme", sub=number), site.last().reason) for number in ("13005", "99999")]
            assert [reason for _, reason in refused] == ["look_up_inactive", "no_match"]
            assert site.users("13005") == []


@pytest.mark.parametrize("number", ["scorm", "profile"])
def test_a_newcomer_of_smarteru_enters_by_a_package_and_by_no_profile_id(tmp_path: Path, number: str) -> None:
    people = [smarteru.person(n, GivenName=f"Name{n}", Surname=f"Family{n}") for n in range(20)]
    (tmp_path / "export.csv").write_text(smarteru.export_text(people), "utf-8")
    with smarteru.Account(people) as account:
        account.number = number
        api = {"url": account.url, "account_key": smarteru.ACCOUNT, "user_key": smarteru.USER}
        export = str(tmp_path / "export.csv")
        connections = {
            "acme": {"adapter": "smarteru", "student_id": "scorm_student_id", "api": api, "export": export},
            "packages": {
                "adapter": "scorm",
                "roster_connection": "acme",
                "on_no_match": "look_up",
                "look_up": ANY_BROWSER,
            },
        }
        with bridged(tmp_path, connections) as site:
            by_package(site, "1004", "Name3")
            assert [user.attributes["lastName"] for user in site.users("1004")] == ["Family3"]
            with pytest.raises((LearnerNotFound, LaunchRejected)):
                by_package(site, "1000", "Name0")  # a Profile ID, and nobody's SCORM Student ID
            assert site.users("1000") == []


def test_a_newcomer_whom_an_identity_provider_pushed_enters_before_the_next_round(tmp_path: Path) -> None:
    packages = {
        "adapter": "scorm",
        "roster_connection": "staff",
        "on_no_match": "look_up",
        "look_up": ANY_BROWSER,
    }
    with bridged(tmp_path, {"staff": {"adapter": "scim", "student_id": "externalId"}, "packages": packages}) as site:
        for number, active in (("E-1", True), ("E-2", False)):
            said = {"userName": number, "externalId": number, "active": active}
            said["name"] = {"givenName": "Ann", "familyName": f"Number {number}"}
            keys_ = Keys(external=digest("staff", USER, "external", exact(number)))
            values = scim_resources.values_of("staff", USER, number, keys_, json.dumps(said), 1.0)
            scim_resources.create(site.services.engine, values)
        by_package(site, "E-1", "Ann")
        assert [user.attributes["lastName"] for user in site.users("E-1")] == ["Number E-1"]
        for number in ("E-2", "E-3"):
            with pytest.raises((LearnerNotFound, LaunchRejected)):
                by_package(site, number, "Ann")
            assert site.users(number) == []
