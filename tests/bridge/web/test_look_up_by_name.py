"""Somebody new enters at the first launch by each source that there is; no other number does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.brightspace.api import oauth_client
from bridge.contracts import Assurance, Kind, Launch, Student
from bridge.errors import LaunchRejected, LearnerNotFound
from bridge.keys.connection_state import StoredState
from bridge.keys.own import OwnKeys
from bridge.roster import authorization_code
from bridge.roster.authorization_code import read_redirect
from bridge.store import scim_resources
from bridge.store.engine import migrate, open_database
from bridge.store.scim_resources import USER, Keys, digest, exact
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.web.healing import PLATFORM_KEY, Healing, healing, keys
from tests.fakes import blackboard, brightspace, docebo, nrps, smarteru
from tests.fakes.lti_platform import BRIDGE, CLIENT, DEPLOYMENT, ISSUER, KEY
from tests.fakes.serving import FakeServer, Reply
from tests.migrated import migrated_in

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
                "database_url": migrated_in(folder),
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


def lti13_at(url: str, **more: Any) -> dict[str, Any]:
    """A registration at a platform whose keys are at `url`."""
    place = {"issuer": ISSUER, "client_id": CLIENT, "deployment_ids": [DEPLOYMENT]}
    return {**place, "auth_url": "https://sso.example.edu/authorize", "jwks_url": f"{url}/jwks", **more}


@contextmanager
def platform() -> Iterator[FakeServer]:
    """What publishes the keys of the LMS."""
    with FakeServer(lambda _: Reply(200, keys(), {"Content-Type": "application/json"})) as server:
        yield server


def test_a_newcomer_of_blackboard_enters_and_signs_the_bridge_in_once(tmp_path: Path) -> None:
    people = [blackboard.user(number) for number in range(5)]
    people[3] = blackboard.user(3, availability={"available": "No"})
    with blackboard.Learn(people) as lms, platform() as published:
        api = {"url": lms.url, "key": blackboard.KEY, "secret": blackboard.SECRET}
        acme = {"adapter": "blackboard", "lti13": lti13_at(published.url), "api": api, "on_no_match": "look_up"}
        with bridged(tmp_path, {"acme": acme}) as site:
            for number in (1, 2):
                named = {"given_name": "Zoë", "family_name": f"O’Brien {number}", "name": f"Zoë O’Brien {number}"}
                assert site.launch(f"X0000{number}", "acme", **named).status_code == 303
                assert [user.attributes["lastName"] for user in site.users(f"X0000{number}")] == [f"O’Brien {number}"]
            refused = [(site.launch(number, "acme"), site.last().reason)[1] for number in ("X00003", "X99999")]
            assert refused == ["look_up_inactive", "no_match"]
            assert lms.tokens == 1


def test_a_newcomer_of_brightspace_enters_and_a_doubled_id_lets_nobody_in(tmp_path: Path) -> None:
    people = [brightspace.user(number) for number in range(5)]
    people[3] = brightspace.user(3, OrgDefinedId="004")
    with brightspace.Site(people) as lms, platform() as published:
        api = {"url": lms.url, "auth_url": lms.url, "client_id": brightspace.CLIENT}
        api["client_secret"] = brightspace.SECRET
        acme = {"adapter": "brightspace", "lti13": lti13_at(published.url), "api": api, "on_no_match": "look_up"}
        with bridged(tmp_path, {"acme": acme}) as site:
            client = oauth_client(site.services.connections.named("acme").settings)
            redirect = f"{BRIDGE}/setup/acme/consent"
            assert client is not None
            code = read_redirect(lms.consent(client.consent_url(redirect, "s")), "s")
            first = client.trade_code(site.services.outbound, code, redirect, lambda: 0.0)
            state = StoredState(site.services.engine, SECRET, "acme", time.time, time.sleep)
            with state.secret(authorization_code.SECRET) as secret:
                secret.replace(first.to_text())
            for number in ("001", "002", "004", "005"):
                group = {"http://www.brightspace.com": {"org_defined_id": number, "username": "z"}}
                named = {"given_name": "Zoë", "family_name": f"O’Brien {number[2]}"}
                named["name"] = f"Zoë O’Brien {number[2]}"
                site.launch("", "acme", group, sub=f"record-{number}", **named)
                if number in {"001", "002"}:
                    assert [user.attributes["lastName"] for user in site.users(number)] == [named["family_name"]]
                else:
                    assert site.users(number) == []
                    assert site.last().reason == {"004": "look_up_doubtful", "005": "no_match"}[number]
            assert (lms.refreshes, lms.reused) == (1, 0)


def test_a_newcomer_is_found_in_the_member_list_of_the_course_they_launch_from(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'bridge.db'}")
    migrate(engine)
    with nrps.Platform(OwnKeys(engine, SECRET, "lti", time.time).signing(), {}) as lms, platform() as published:
        more = {"token_url": f"{lms.url}/mod/lti/token.php"}
        acme = {"adapter": "lti", "lti13": lti13_at(published.url, **more), "on_no_match": "look_up"}
        everybody = [nrps.member(number) for number in range(5)]
        everybody[4] = nrps.member(4, status="Inactive")
        lms.courses = {"/long": [[nrps.member(100 + at)] for at in range(40)], "/own": [everybody[:3], everybody[3:]]}
        with bridged(tmp_path, {"acme": {**acme, "services_at": [lms.url]}}) as site:

            def launch(number: int, course: str, **changes: Any) -> str:
                said = {"context_memberships_url": f"{lms.url}{course}"}
                named = {"given_name": "Zoë", "family_name": f"O’Brien {number}", "name": f"Zoë O’Brien {number}"}
                named |= {"sub": f"user-{number}", **changes}
                claim = {"https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": said}
                site.launch(f"S{number:05}", "acme", claim, **named)
                return site.last().reason or site.last().outcome

            assert launch(130, "/long") == "no_match"  # too long to be read while somebody waits
            assert "cannot be asked for one person" in site.last().detail
            assert lms.count["/long"] == 20
            assert launch(1, "/own") == "matched"
            assert [user.attributes["lastName"] for user in site.users("S00001")] == ["O’Brien 1"]
            assert launch(3, "/own") == "matched"
            assert launch(4, "/own") == "look_up_inactive"
            assert launch(7, "/own") == "no_match"
            assert launch(2, "/own", sub="user-0") == "look_up_doubtful"  # another record with that ID
            assert site.users("S00002") == []
            assert len(lms.assertions) == 1
    engine.dispose()


def test_a_member_list_of_one_platform_is_not_asked_for_with_the_token_of_another(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'bridge.db'}")
    migrate(engine)
    with (
        nrps.Platform(OwnKeys(engine, SECRET, "lti", time.time).signing(), {"/own": [[nrps.member(1)]]}) as lms,
        FakeServer(lambda _: Reply(200, b"{}")) as other,
        platform() as published,
    ):
        more = {"token_url": f"{lms.url}/mod/lti/token.php"}
        connections = {
            "people": {"adapter": "lti", "lti13": lti13_at(published.url, **more), "services_at": [lms.url]},
            "acme": {
                "adapter": "lti",
                "lti13": lti13_at(published.url),
                "services_at": [other.url],
                "roster_connection": "people",
                "on_no_match": "look_up",
            },
        }
        with bridged(tmp_path, connections) as site:
            claim = {"context_memberships_url": f"{other.url}/own"}
            more_claims = {"https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": claim}
            site.launch("S00001", "acme", more_claims, sub="user-1")
            assert site.last().reason == "no_match"
            assert not other.seen
    engine.dispose()
