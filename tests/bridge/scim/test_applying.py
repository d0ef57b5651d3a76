"""From a push to OttoLearn: the same mapping, ledger, limits, conflicts and journal as every roster sync."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.errors import RemoteUnavailable
from bridge.learners.directory import Directory
from bridge.scim.applying import RETRY_OTHERS, Applying
from bridge.scim.pushes import pushes_of
from bridge.store import one_time, people, scim_resources, sync_runs
from bridge.store.sync_lock import sync_lock
from bridge.store.sync_runs import Run
from bridge.sync.context import RunContext
from bridge.sync.run import Options, Sync
from tests.bridge.scim.conftest import ENTERPRISE, Provider
from tests.bridge.sync.world import InMemoryOttoLearn
from tests.fakes.contexts import readers_over

DAY = 86_400.0


@dataclass
class Site:
    """An identity provider, the bridge, and OttoLearn behind it."""

    provider: Provider
    ottolearn: InMemoryOttoLearn
    applying: Applying

    def person(self, number: str, **more: Any) -> str:
        names = {"givenName": "Ann", "familyName": f"Number {number}"}
        said = {"name": names, ENTERPRISE: {"employeeNumber": number}, **more}
        return str(self.provider.push(f"{number}@example.com", **said)["id"])

    def deactivate(self, id_: str) -> None:
        answer = self.provider.patch(id_, {"op": "Replace", "path": "active", "value": "False"})
        assert answer.status_code == 204

    def after(self, seconds: float) -> None:
        """Let time pass, then look for what is due."""
        self.provider.clock.ahead += seconds
        self.apply()

    def apply(self) -> None:
        if self.applying.is_due("acme"):
            connection = self.provider.services.connections.find("acme")
            assert connection is not None
            self.applying.apply(connection)

    def runs(self) -> list[Run]:
        return sync_runs.newest(self.provider.engine, 50, "acme")

    def users(self) -> dict[str, bool]:
        return {user.attributes["username"]: user.active for user in self.ottolearn.users.values()}

    def sync(self) -> Sync:
        provider, clock = self.provider, self.provider.clock
        connection = provider.services.connections.find("acme")
        assert connection is not None

        def sleep(seconds: float) -> None:
            clock.ahead += seconds

        around = RunContext(
            engine=provider.engine,
            directory=Directory(provider.engine, ("username",), self.ottolearn.read_learners, clock),
            ottolearn=self.ottolearn,
            readers=readers_over(provider.engine, clock, sleep),
            now=clock,
            sleep=sleep,
            token=lambda: secrets.token_urlsafe(32),
            chance=random.Random(7).random,
            notice=lambda sentence: None,
            progress=lambda stage, done, total: None,
            stopping=lambda: False,
            fresh_for=600.0,
        )
        return Sync(connection, ("username",), "api", provider.services.outbound, around)


@pytest.fixture
def site(provider: Provider) -> Site:
    found = Site(provider, InMemoryOttoLearn(), Applying(provider.engine, lambda _: found.sync(), provider.clock))
    return found


def test_who_is_pushed_is_in_ottolearn_after_the_next_round(site: Site) -> None:
    ann = site.person("E-1", emails=[{"value": "ann@example.com", "type": "work"}])
    assert site.users() == {}  # nothing waits for OttoLearn inside a request
    site.after(15)
    assert site.users() == {"E-1": True}
    (made,) = site.ottolearn.users.values()
    assert made.attributes["firstName"] == "Ann"
    assert made.attributes["emailAddress"] == "ann@example.com"
    with site.provider.engine.begin() as connection:
        (known,) = people.by_records(connection, "acme", "scim", [ann])
    assert (known.student_id, known.user_id) == ("E-1", made.user_id)


def test_only_what_changed_is_read_again_and_nothing_while_nothing_changes(site: Site) -> None:
    for number in range(3):
        site.person(f"E-{number}")
    site.after(15)
    site.after(3600)
    assert len(site.runs()) == 1
    for number in ("E-8", "E-9"):
        site.person(number)
        site.after(15)
        site.after(3600)
    assert len(site.runs()) == 3
    last = site.runs()[0]
    assert (last.kind, last.summary["read"], last.summary["created"]) == ("in_between", 2, 1)
    assert set(site.users()) == {"E-0", "E-1", "E-2", "E-8", "E-9"}


def test_a_change_reaches_ottolearn(site: Site) -> None:
    ann = site.person("E-1")
    site.after(15)
    site.provider.patch(ann, {"op": "Replace", "path": "name.familyName", "value": "Wu"})
    site.after(15)
    assert site.ottolearn.by_username("E-1").attributes["lastName"] == "Wu"


@pytest.mark.parametrize("how", ["active", "delete"])
def test_who_leaves_is_deactivated_at_once_and_never_deleted(site: Site, how: str) -> None:
    ann = site.person("E-1")
    site.person("E-2")
    site.after(15)
    if how == "active":
        site.deactivate(ann)
    else:
        assert site.provider.ask("DELETE", f"/Users/{ann}").status_code == 204
    site.after(15)
    assert site.users() == {"E-1": False, "E-2": True}


def test_who_comes_back_is_reactivated(site: Site) -> None:
    ann = site.person("E-1")
    site.after(15)
    site.deactivate(ann)
    site.after(15)
    site.provider.patch(ann, {"op": "Replace", "path": "active", "value": "True"})
    site.after(15)
    assert site.users() == {"E-1": True}


class TestLimits:
    @pytest.fixture
    def ids(self, site: Site) -> list[str]:
        """Forty people who have been there for long."""
        found = [site.person(f"E-{number}") for number in range(40)]
        site.after(15)
        assert len(site.users()) == 40
        site.provider.clock.ahead += 3 * DAY
        return found

    def test_people_who_leave_one_by_one_are_held_as_if_they_left_together(self, site: Site, ids: list[str]) -> None:
        for id_ in ids[:8]:
            site.deactivate(id_)  # each is taken: the identity provider's job does not stop
            site.after(15)
        assert list(site.users().values()).count(False) == 5  # the floor of the limits, within a day
        assert site.runs()[0].status == "held_back"

    def test_what_is_held_is_done_once_it_is_approved_and_the_next_one_is_not_held_for_that(
        self, site: Site, ids: list[str]
    ) -> None:
        for id_ in ids[:8]:
            site.deactivate(id_)
        site.after(15)
        assert list(site.users().values()).count(False) == 0
        held = site.runs()[0]
        assert held.status == "held_back"
        site.sync().approve(held)
        assert list(site.users().values()).count(False) == 8
        site.deactivate(ids[9])
        site.after(15)
        assert list(site.users().values()).count(False) == 9

    def test_the_window_slides(self, site: Site, ids: list[str]) -> None:
        for id_ in ids[:5]:
            site.deactivate(id_)
        site.after(15)
        site.deactivate(ids[5])
        site.after(3600)
        assert list(site.users().values()).count(False) == 5
        site.after(DAY + 60)
        assert list(site.users().values()).count(False) == 6

    def test_a_full_run_does_not_begin_a_new_window(self, site: Site, ids: list[str]) -> None:
        for id_ in ids[:5]:
            site.deactivate(id_)
        site.after(15)
        site.sync().run(Options(full=True))
        site.deactivate(ids[5])
        site.after(15)
        assert list(site.users().values()).count(False) == 5

    def test_a_flood_of_new_people_is_held(self, site: Site, ids: list[str]) -> None:
        assert ids
        for number in range(100, 140):
            site.person(f"E-{number}")
            if number % 10 == 9:
                site.after(15)
        assert len(site.users()) == 60  # half as many again as were there when the day began
        assert site.runs()[0].status == "held_back"


def test_a_first_load_that_takes_hours_is_not_held(site: Site) -> None:
    for number in range(40):
        site.person(f"E-{number}")
        if number % 5 == 4:
            site.after(1800)
    assert len(site.users()) == 40


class TestDoubts:
    def test_two_people_with_one_student_id_are_a_conflict(self, site: Site) -> None:
        site.person("E-1")
        site.after(15)
        site.provider.push("another@example.com", **{ENTERPRISE: {"employeeNumber": "E-1"}})
        site.after(15)
        assert site.users() == {"E-1": True}
        assert site.runs()[0].summary["conflicts"] == 1

    def test_an_id_that_is_passed_on_hands_no_account_over(self, site: Site) -> None:
        ann = site.person("E-1")
        site.after(15)
        site.provider.ask("DELETE", f"/Users/{ann}")
        site.after(15)
        site.provider.push("new@example.com", **{ENTERPRISE: {"employeeNumber": "E-1"}})
        site.after(15)
        assert site.users() == {"E-1": False}
        assert site.runs()[0].summary["reasons"]["passed_on"] == 1

    @pytest.mark.parametrize("full", [False, True])
    def test_who_loses_the_student_id_has_not_left(self, site: Site, full: bool) -> None:
        ann = site.person("E-1")
        site.person("E-2")
        site.after(15)
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "E-1@example.com"}
        assert site.provider.ask("PUT", f"/Users/{ann}", body).status_code == 200
        site.after(15)
        if full:
            site.sync().run(Options(full=True))
        assert site.users() == {"E-1": True, "E-2": True}


class TestGroups:
    @pytest.fixture
    def groups(self) -> str:
        return "{groups: [Learners]}"

    def group(self, site: Site, *members: str, name: str = "Learners") -> str:
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name}
        answer = site.provider.ask("POST", "/Groups", {**body, "members": [{"value": one} for one in members]})
        assert answer.status_code == 201
        return str(answer.json()["id"])

    def test_only_members_of_the_group_come_in(self, site: Site) -> None:
        ann, bob = site.person("E-1"), site.person("E-2")
        group = self.group(site, ann)
        self.group(site, bob, name="Others")
        site.after(15)
        assert site.users() == {"E-1": True}
        site.provider.patch(group, {"op": "add", "path": "members", "value": [{"value": bob}]}, where="Groups")
        site.after(15)
        assert site.users() == {"E-1": True, "E-2": True}

    @pytest.mark.parametrize("how", ["removed", "renamed", "deleted"])
    def test_who_is_in_the_group_no_more_has_left(self, site: Site, how: str) -> None:
        ann, bob = site.person("E-1"), site.person("E-2")
        group = self.group(site, ann)
        self.group(site, bob)
        site.after(15)
        if how == "removed":
            gone = {"op": "remove", "path": f'members[value eq "{ann}"]'}
            site.provider.patch(group, gone, where="Groups")
        elif how == "renamed":
            rename = {"op": "replace", "path": "displayName", "value": "Former learners"}
            site.provider.patch(group, rename, where="Groups")
        else:
            site.provider.ask("DELETE", f"/Groups/{group}")
        site.after(15)
        assert site.users() == {"E-1": False, "E-2": True}


class TestTroubles:
    def test_while_ottolearn_is_away_nothing_is_lost_and_it_is_not_asked_all_the_time(self, site: Site) -> None:
        def away() -> Iterator[Any]:
            raise RemoteUnavailable("away")

        there, site.ottolearn.attributes = site.ottolearn.attributes, away  # type: ignore[method-assign]
        site.person("E-1")
        site.after(15)
        site.after(15)
        assert [run.status for run in site.runs()] == ["failed"]
        site.ottolearn.attributes = there  # type: ignore[method-assign]
        site.after(RETRY_OTHERS)
        assert site.users() == {"E-1": True}

    def test_a_sync_that_is_under_way_is_waited_for(self, site: Site) -> None:
        site.person("E-1")
        with sync_lock(site.provider.engine, "acme"):
            site.after(15)
        assert site.users() == {}
        site.after(15)
        assert site.users() == {"E-1": True}

    def test_two_processes_do_not_apply_the_same_at_once(self, site: Site) -> None:
        site.person("E-1")
        now = site.provider.clock()
        assert one_time.claim(site.provider.engine, "applying pushes\nacme", now=now, until=now + 60)
        site.apply()
        assert site.users() == {}


def test_who_was_deleted_long_ago_is_forgotten(site: Site) -> None:
    ann = site.person("E-1")
    site.provider.ask("DELETE", f"/Users/{ann}")
    now = site.provider.clock()
    assert scim_resources.forget_deleted_before(site.provider.engine, now - DAY) == 0
    assert scim_resources.forget_deleted_before(site.provider.engine, now + DAY) == 1


@pytest.mark.parametrize(
    ("student_id", "value"), [("userName", "E-1@EXAMPLE.com"), ("employeeNumber", "e-1"), ("email", "ann@example.com")]
)
def test_one_person_is_found_in_what_was_pushed(site: Site, student_id: str, value: str) -> None:
    ann = site.person("E-1", emails=[{"value": "ann@example.com", "type": "work"}])
    site.person("E-2")
    found = pushes_of(site.provider.engine, "acme").find(student_id, value)
    assert [one.record for one in found] == [ann]
    assert pushes_of(site.provider.engine, "other").find(student_id, value) == []


def test_somebody_with_two_addresses_is_found_by_each(site: Site) -> None:
    ann = site.person("E-1", emails=[{"value": "a@example.com"}, {"value": "b@example.com", "type": "work"}])
    found = pushes_of(site.provider.engine, "acme").find("email", "b@example.com")
    assert [one.record for one in found] == [ann]
