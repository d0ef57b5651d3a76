"""The overview names what waits for a person, and leads to where it is dealt with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.admin.overview import look
from bridge.admin.roles import Role
from bridge.contracts import Student
from bridge.errors import RemoteUnavailable
from bridge.store import audit, launches, packages, unmatched
from bridge.store.launch_lines import LaunchLine
from bridge.store.packages import NEW, OriginRow
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge

SignIn = Callable[[Role], AdminBrowser]
HOUR, DAY = 3600.0, 86_400.0


def come(bridge: Bridge, number: int, outcome: str, age: float) -> None:
    for at in range(number):
        line = LaunchLine(bridge.now - age, "campus", "lti13", f"S{at}", "", "", outcome, "", f"{outcome}-{at}")
        launches.append(bridge.engine, line)


def needs(bridge: Bridge, **options: Any) -> dict[str, tuple[str, int]]:
    found = look(bridge.engine, bridge.now, **{"refresh_every": HOUR, **options})
    return {need.what: (need.title, need.number) for need in found.needs}


def test_where_nothing_waits_it_says_so(bridge: Bridge, admin: SignIn) -> None:
    assert needs(bridge) == {}
    assert "Nothing waits for a decision" in admin(Role.VIEWER).get("/admin").text


def test_an_address_with_a_slash_at_its_end_leads_to_the_overview(admin: SignIn, stranger: AdminBrowser) -> None:
    answer = admin(Role.VIEWER).get("/admin/")
    assert (answer.status_code, answer.location) == (303, "/admin")
    assert "/admin/sign-in" in stranger.get("/admin/").location


def test_a_fall_of_the_share_that_gets_in_is_said(bridge: Bridge, admin: SignIn) -> None:
    come(bridge, 90, "matched", 3 * DAY)
    come(bridge, 10, "no_match", 3 * DAY)
    come(bridge, 15, "matched", HOUR)
    come(bridge, 5, "rejected", HOUR)
    assert needs(bridge)["share"] == ("Fewer get in: 75% today, 90% in the week before", 0)
    page = admin(Role.VIEWER).get("/admin").text
    assert "75.0 %" in page
    assert "90.0 % in the week before" in page


def test_a_few_launches_are_no_fall(bridge: Bridge) -> None:
    come(bridge, 100, "matched", 3 * DAY)
    come(bridge, 19, "no_match", HOUR)
    assert needs(bridge) == {}


def test_who_is_not_found_and_which_site_waits_is_said(bridge: Bridge, admin: SignIn) -> None:
    unmatched.note(bridge.engine, "campus", Student("S9", "A", "B"), "no_match", now=bridge.now)
    site = OriginRow("packages", "https://new.example.edu", NEW, "p", bridge.now)
    packages.learn_origin(bridge.engine, site)
    assert needs(bridge) == {
        "unmatched": ("1 student of campus could not get in", 1),
        "sites": ("1 new site plays packages of packages", 1),
    }
    page = admin(Role.VIEWER).tree("/admin")
    assert len(page.xpath("//ul[@class='plain needs']/li")) == 2


def test_very_many_connections_of_which_each_needs_somebody_are_a_page_and_not_a_flood(
    bridge: Bridge, admin: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.admin.overview.MOST", 2)
    for at, count in enumerate((1, 3, 2, 2)):
        for student in range(count):
            person = Student(f"S{student}", "A", "B")
            unmatched.note(bridge.engine, f"school-{at}", person, "no_match", now=bridge.now)
        site = OriginRow(f"school-{at}", "https://new.example.edu", NEW, "p", bridge.now)
        packages.learn_origin(bridge.engine, site)
    found = look(bridge.engine, bridge.now, refresh_every=HOUR).needs
    assert [(need.title, need.number) for need in found if need.what == "unmatched"] == [
        ("3 students of school-1 could not get in", 3),
        ("2 students of school-2 could not get in", 2),
        ("3 students of 2 more connections could not get in", 3),
    ]
    assert [need.title for need in found if need.what == "sites"][2:] == [
        "New sites play packages of 2 more connections"
    ]
    page = admin(Role.VIEWER).tree("/admin")
    links = [str(link) for link in page.xpath("//ul[@class='plain needs']//a/@href")]
    assert len(links) == 6
    for link in (links[2], links[5]):
        assert admin(Role.VIEWER).get(link).status_code == 200


def test_an_old_or_missing_directory_and_a_failing_self_test_are_urgent(bridge: Bridge) -> None:
    bridge.now += 2 * HOUR + 1
    assert set(needs(bridge, is_well=lambda: False)) == {"directory", "self_test"}
    found = look(bridge.engine, bridge.now, refresh_every=HOUR)
    assert [need.is_urgent for need in found.needs] == [True]


def test_an_operator_reads_the_directory_again_and_a_viewer_does_not(bridge: Bridge, admin: SignIn) -> None:
    assert admin(Role.VIEWER).post("/admin/directory/refresh").status_code == 403
    operator = admin(Role.OPERATOR)
    assert operator.post("/admin/directory/refresh").status_code == 303
    assert "4 OttoLearn users were read." in operator.get("/admin").text
    assert [(row.act, row.who) for row in audit.newest(bridge.engine, 9)] == [("refresh_directory", "the operator")]
    bridge.learners = RemoteUnavailable("api.ottolearn.io: no answer in time")
    operator.post("/admin/directory/refresh")
    assert "could not be read: api.ottolearn.io: no answer in time" in operator.get("/admin").text


@pytest.mark.parametrize("count", [1, 2])
def test_one_student_is_not_many(bridge: Bridge, count: int) -> None:
    for number in range(count):
        unmatched.note(bridge.engine, "campus", Student(f"S{number}", "", ""), "no_match", now=bridge.now)
    title = needs(bridge)["unmatched"][0]
    assert title.startswith("1 student of" if count == 1 else "2 students of")
