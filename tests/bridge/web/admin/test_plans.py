"""A plan is shown as it is, page by page, and what is approved is what somebody has looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from bridge.admin.roles import Role
from bridge.store import audit, sync_items, sync_requests, sync_runs
from bridge.store.sync_items import Content, Kind, State
from bridge.store.sync_requests import Act, Stage
from bridge.store.sync_runs import Status
from bridge.sync import plan_listing
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.admin.planned import item, run_with
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import NOW

HOSTILE = "\u202e<script>alert(1)</script> שלום"
Admin = Callable[[Role], AdminBrowser]


@pytest.fixture
def held(bridge: Bridge) -> int:
    """A run that holds two deactivations beside an update, a creation and a conflict."""
    return run_with(
        bridge.engine,
        [
            item(1, Kind.DEACTIVATE, State.HELD, key="S000101"),
            item(2, Kind.DEACTIVATE, State.HELD, key="twice"),
            item(3, Kind.UPDATE, State.DONE, content=Content({"firstName": "Zoë"}, {"firstName": "Zoe"})),
            item(4, Kind.CREATE, State.DONE, content=Content({}, {"firstName": "New", "lastName": "Person"})),
            item(5, Kind.CONFLICT, reason="duplicate", content=Content(note="two have it")),
        ],
        now=NOW,
        notices=["2 deactivations planned, 1 allowed: held."],
    )


def words(tree: Any, path: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in tree.xpath(path)]


def rows(tree: Any) -> list[str]:
    return words(tree, "//table[contains(@class, 'plan')]/tbody/tr")


def seen(tree: Any) -> str:
    return str(tree.xpath("//input[@name='seen']/@value")[0])


def test_who_changes_how_is_said_without_a_colour(admin: Admin, held: int) -> None:
    found = rows(admin(Role.VIEWER).tree(f"/admin/sync/plans/{held}"))
    assert found[0].startswith("Zoë O’Brien S000101 OttoLearn user 1 Deactivate held active before: yes")
    assert "active before: yes → after: no" in found[0]
    update = next(row for row in found if "Update" in row)
    assert "firstName before: Zoë → after: Zoe" in update
    new = next(row for row in found if "Create" in row)
    assert new.startswith("New Person p4 Create done active new: + yes firstName new: + New")
    assert "two have it duplicate" in found[-1]


def test_why_it_is_held_stands_above(admin: Admin, held: int) -> None:
    tree = admin(Role.VIEWER).tree(f"/admin/sync/plans/{held}")
    above = words(tree, "//section[contains(@class, 'approval')]")[0]
    assert "2 changes held" in above
    assert "more would change than the limits of the connection allow" in above
    assert "2 deactivations planned, 1 allowed: held." in above


def test_a_plan_is_narrowed_by_kind_state_id_and_name(admin: Admin, held: int) -> None:
    browser, path = admin(Role.VIEWER), f"/admin/sync/plans/{held}"
    assert len(rows(browser.tree(f"{path}?kind=deactivate"))) == 2
    assert len(rows(browser.tree(f"{path}?state=done"))) == 2
    assert len(rows(browser.tree(f"{path}?state=done&kind=update"))) == 1
    assert len(rows(browser.tree(f"{path}?q=s0001"))) == 1, "by the name in OttoLearn, or its attributes"
    assert len(rows(browser.tree(f"{path}?q=S0001"))) == 1
    assert [row[:3] for row in rows(browser.tree(f"{path}?q=o%E2%80%99brien"))] == ["Zoë"]
    assert [row[:10] for row in rows(browser.tree(f"{path}?q=person new"))] == ["New Person"]
    assert rows(browser.tree(f"{path}?q=person new&kind=update")) == []
    assert rows(browser.tree(f"{path}?q=%25")) == rows(browser.tree(f"{path}?kind=nonsense")) == []


def test_who_is_searched_by_name_is_found_behind_many_whose_attributes_are_called_so(
    admin: Admin, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_listing, "MOST", 2)
    monkeypatch.setattr(plan_listing, "SECONDS", 60.0)
    people = [Content(after={"firstName": first}) for first in ("Zoë", "Mia", "Ada", "Enid", "Eva", "Namely", "Ida")]
    creates = [item(number, Kind.CREATE, content=content) for number, content in enumerate(people, 1)]
    run = run_with(bridge.engine, creates, now=NOW)
    page = admin(Role.VIEWER).tree(f"/admin/sync/plans/{run}?q=name")
    assert page.xpath("//td[@data-label='Person']//span[@class='name']//text()") == ["Namely"]


def test_pages_leave_nobody_out_and_show_nobody_twice(admin: Admin, bridge: Bridge) -> None:
    kinds = (Kind.CREATE, Kind.DEACTIVATE, Kind.UPDATE)
    run = run_with(bridge.engine, [item(n, kinds[n % 3], State.HELD) for n in range(170)], now=NOW)
    browser, forward, back, next_ = admin(Role.VIEWER), [], [], f"/admin/sync/plans/{run}?state=held"
    trail = []
    while next_:
        tree = browser.tree(next_)
        forward.append(rows(tree))
        trail.append(next_)
        next_ = next(iter(tree.xpath("//a[@rel='next']/@href")), "")
    assert [len(page) for page in forward] == [30, 30, 30, 30, 30, 20]
    assert len({row for page in forward for row in page}) == 170
    next_ = trail[-1]
    while next_:
        tree = browser.tree(next_)
        back.append(rows(tree))
        next_ = next(iter(tree.xpath("//a[@rel='prev']/@href")), "")
    assert [row for page in reversed(back) for row in page][-170:] == [row for page in forward for row in page]
    assert len(rows(browser.tree(f"/admin/sync/plans/{run}?after=nonsense"))) == 30


def test_what_is_approved_is_asked_for_once_and_put_down(admin: Admin, bridge: Bridge, held: int) -> None:
    browser, path = admin(Role.OPERATOR), f"/admin/sync/plans/{held}"
    answer = browser.post(f"{path}/approve", seen=seen(browser.tree(path)))
    assert answer.status_code == 303
    asked = sync_requests.open_of(bridge.engine, "campus")
    assert asked is not None
    assert (asked.act, asked.run, asked.asked_by, asked.state) == (Act.APPROVE, held, "the operator", Stage.WAITING)
    line = audit.newest(bridge.engine, 1)[0]
    assert (line.act, line.who, line.connection) == ("approve_plan", "the operator", "campus")
    page = browser.get(path).text
    assert "The source will be read again" in page
    assert "waits to begin" in page
    assert "Read again and carry out" not in page


def test_the_second_of_two_who_approve_is_told(admin: Admin, bridge: Bridge, held: int) -> None:
    path, start = f"/admin/sync/plans/{held}", threading.Barrier(2)
    browsers = [admin(Role.OPERATOR), admin(Role.OWNER)]
    looked = seen(browsers[0].tree(path))

    def approve(browser: AdminBrowser) -> None:
        start.wait(60)
        browser.post(f"{path}/approve", seen=looked)

    threads = [threading.Thread(target=approve, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [words(browser.tree(path), "//p[contains(@class, 'message')]")[0] for browser in browsers]
    assert sorted("Nothing was asked for" in text for text in said) == [False, True]
    assert "asked for a sync of campus that is not done yet" in "".join(said)
    assert [line.act for line in audit.newest(bridge.engine, 9)] == ["approve_plan"]


def test_a_plan_that_has_changed_since_it_was_looked_at_is_not_approved(
    admin: Admin, bridge: Bridge, held: int
) -> None:
    browser, path = admin(Role.OPERATOR), f"/admin/sync/plans/{held}"
    looked = seen(browser.tree(path))
    with bridge.engine.begin() as database:
        sync_items.settle(database, held, [item(2, Kind.DEACTIVATE, State.DONE, key="twice")])
    browser.post(f"{path}/approve", seen=looked)
    assert "the plan has changed since you looked at it" in browser.get(path).text
    assert sync_requests.open_of(bridge.engine, "campus") is None
    browser.post(f"{path}/approve", seen=seen(browser.tree(path)))
    assert sync_requests.open_of(bridge.engine, "campus") is not None


@pytest.mark.parametrize("looked", ["", "2", "2.0.0", "1.0", "x.y"])
def test_nobody_approves_what_they_have_not_seen(admin: Admin, bridge: Bridge, held: int, looked: str) -> None:
    browser = admin(Role.OPERATOR)
    assert browser.post(f"/admin/sync/plans/{held}/approve", seen=looked).status_code == 303
    assert sync_requests.open_of(bridge.engine, "campus") is None
    assert audit.newest(bridge.engine, 1) == []


def test_what_is_over_or_too_old_or_unknown_is_not_approved(admin: Admin, bridge: Bridge, held: int) -> None:
    browser = admin(Role.OPERATOR)
    done = run_with(bridge.engine, [item(1, Kind.UPDATE, State.DONE)], status=Status.DONE, reason="", now=NOW)
    reading = run_with(bridge.engine, [item(1, Kind.UPDATE, State.PLANNED)], status=Status.READING, now=NOW)
    gone = run_with(bridge.engine, [item(1, Kind.UPDATE, State.HELD)], connection="removed", now=NOW)
    for run, said in (
        (done, "nothing of its plan is left to apply"),
        (reading, "is still under way"),
        (gone, "no connection that can be read is called removed"),
    ):
        browser.post(f"/admin/sync/plans/{run}/approve", seen="1.0")
        assert said in browser.get(f"/admin/sync/plans/{run}").text
    bridge.now += 8 * 86_400
    browser = admin(Role.OPERATOR)
    assert "the plan is older than 7 days" in browser.get(f"/admin/sync/plans/{held}").text
    browser.post(f"/admin/sync/plans/{held}/approve", seen="2.0")
    assert sync_requests.is_any(bridge.engine, now=bridge.now, lease=1e12) is False
    assert browser.get("/admin/sync/plans/99").status_code == 404
    assert browser.get(f"/admin/sync/plans/{2**70}").status_code == 404


def test_a_plan_that_was_only_made_can_be_carried_out_as_it_stands(admin: Admin, bridge: Bridge) -> None:
    run = run_with(bridge.engine, [item(1, Kind.UPDATE)], status=Status.PLANNED, reason="", now=NOW)
    browser, path = admin(Role.OPERATOR), f"/admin/sync/plans/{run}"
    assert "Carry out without reading" in browser.get(path).text
    browser.post(f"{path}/apply", seen=seen(browser.tree(path)))
    asked = sync_requests.open_of(bridge.engine, "campus")
    assert asked is not None
    assert asked.act == Act.APPLY


def test_what_was_held_is_never_applied_without_reading(admin: Admin, bridge: Bridge, held: int) -> None:
    browser = admin(Role.OPERATOR)
    browser.post(f"/admin/sync/plans/{held}/apply", seen="2.0")
    assert sync_requests.open_of(bridge.engine, "campus") is None


def test_what_came_of_an_approval_is_said(admin: Admin, bridge: Bridge, held: int) -> None:
    sync_requests.add(bridge.engine, "campus", Act.APPROVE, held, asked_by=HOSTILE, now=NOW)
    request = sync_requests.claim(bridge.engine, NOW)
    assert request is not None
    assert "is being done" in admin(Role.VIEWER).get(f"/admin/sync/plans/{held}").text
    sync_requests.end(bridge.engine, request.id, Stage.FAILED, result=None, detail="the source is down", now=NOW)
    page = admin(Role.VIEWER).get(f"/admin/sync/plans/{held}").text
    assert "Not carried out" in page
    assert "the source is down" in page
    assert "<script>alert" not in page


def test_a_viewer_sees_a_plan_and_approves_nothing(admin: Admin, bridge: Bridge, held: int) -> None:
    browser = admin(Role.VIEWER)
    tree = browser.tree(f"/admin/sync/plans/{held}")
    assert not tree.xpath("//form[contains(@action, 'approve')]")
    assert browser.post(f"/admin/sync/plans/{held}/approve", seen="2.0").status_code == 403
    assert browser.post(f"/admin/sync/plans/{held}/apply", seen="2.0").status_code == 403
    assert sync_requests.open_of(bridge.engine, "campus") is None


def test_values_that_want_to_do_harm_are_shown_and_do_nothing(admin: Admin, bridge: Bridge) -> None:
    content = Content({HOSTILE: HOSTILE}, {HOSTILE: HOSTILE * 2}, note=HOSTILE, foreign={HOSTILE: (HOSTILE, "")})
    run = run_with(
        bridge.engine,
        [item(1, Kind.UPDATE, State.HELD, key=HOSTILE, reason=HOSTILE, content=content)],
        now=NOW,
        notices=[HOSTILE],
    )
    page = admin(Role.OPERATOR).get(f"/admin/sync/plans/{run}?q={HOSTILE}").text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 8


def test_a_newer_run_is_pointed_to(admin: Admin, bridge: Bridge, held: int) -> None:
    newer = run_with(bridge.engine, [], status=Status.DONE, reason="", now=NOW)
    assert f"/admin/sync/plans/{newer}" in admin(Role.VIEWER).get(f"/admin/sync/plans/{held}").text
    assert sync_runs.find(bridge.engine, newer) is not None
    assert "Nothing to change" in admin(Role.VIEWER).get(f"/admin/sync/plans/{newer}").text
