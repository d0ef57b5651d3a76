"""What was refused is seen with its reason, and is tried again once, however many ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.admin.roles import Role
from bridge.contracts import Kind as Launched
from bridge.store import audit, visits
from bridge.store.sync_items import Content, Kind, State
from bridge.store.sync_runs import Status
from bridge.store.visits import REFUSED, Visit
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.admin.planned import item, run_with
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import NOW

HOSTILE = "\u202e<script>alert(1)</script> שלום"
Admin = Callable[[Role], AdminBrowser]


@pytest.fixture
def reports(bridge: Bridge) -> list[int]:
    """Thirty-two reports that an LMS did not take."""
    for number in range(32):
        row = Visit(0, NOW, "campus", Launched.LTI13, f"{HOSTILE if number == 5 else 'S'}{number}", 1, HOSTILE, "")
        visit = visits.add(bridge.engine, row, due_at=NOW)
        visits.report(bridge.engine, visit, progress=0.5, mastered=False, seconds=9, now=NOW, due_at=NOW)
    due = visits.claim_due(bridge.engine, now=NOW, until=NOW + 1, most=99)
    for told in due:
        visits.settle(bridge.engine, told, REFUSED, detail=f"400 {HOSTILE}")
    return [told.id for told in due]


def ticks(tree: Any) -> list[int]:
    return [int(value) for value in tree.xpath("//input[@name='report']/@value")]


def refused(bridge: Bridge) -> list[int]:
    return [told.id for _, told in visits.refused(bridge.engine, 99)]


def test_every_report_is_shown_once_the_newest_first(admin: Admin, reports: list[int]) -> None:
    browser = admin(Role.OPERATOR)
    first = browser.tree("/admin/sync/refused")
    second = browser.tree(first.xpath("//a[@rel='next']/@href")[0])
    assert [*ticks(first), *ticks(second)] == sorted(reports, reverse=True)
    assert not second.xpath("//a[@rel='next']")


def test_ticked_reports_are_sent_again_and_no_other(admin: Admin, bridge: Bridge, reports: list[int]) -> None:
    browser = admin(Role.OPERATOR)
    browser.post("/admin/sync/refused/again", report=[str(reports[3]), str(reports[7])])
    assert set(reports) - set(refused(bridge)) == {reports[3], reports[7]}
    assert "2 reports will be sent again" in browser.get("/admin/sync/refused").text
    (line,) = audit.newest(bridge.engine, 9)
    assert (line.act, line.who) == ("retry_progress", "the operator")
    assert str(reports[7]) in line.details


def test_the_second_who_asks_is_told(admin: Admin, bridge: Bridge, reports: list[int]) -> None:
    other, browser = admin(Role.OWNER), admin(Role.OPERATOR)
    other.post("/admin/sync/refused/again", report=str(reports[3]))
    browser.post("/admin/sync/refused/again", report=[str(reports[3]), str(reports[4])])
    page = browser.get("/admin/sync/refused").text
    assert "1 report will be sent again" in page
    assert "1 report had been asked for by somebody else" in page


@pytest.mark.parametrize("ticked", [[], ["x"], ["-1"], ["9" * 40], ["٣"]])
def test_a_form_that_names_nothing_changes_nothing(
    admin: Admin, bridge: Bridge, reports: list[int], ticked: list[str]
) -> None:
    browser = admin(Role.OPERATOR)
    assert browser.post("/admin/sync/refused/again", report=ticked).status_code == 303
    assert len(refused(bridge)) == len(reports)
    assert "tick at least one report" in browser.get("/admin/sync/refused").text


def test_a_viewer_sees_and_retries_nothing(admin: Admin, bridge: Bridge, reports: list[int]) -> None:
    browser = admin(Role.VIEWER)
    tree = browser.tree("/admin/sync/refused")
    assert ticks(tree) == []
    assert browser.post("/admin/sync/refused/again", report=str(reports[0])).status_code == 403
    assert len(refused(bridge)) == len(reports)


def test_who_is_refused_is_shown_with_why_and_how_often(admin: Admin, bridge: Bridge) -> None:
    changed = Content({"firstName": HOSTILE}, {"firstName": "Zoe"})
    again = item(1, Kind.UPDATE, State.QUARANTINED, key=HOSTILE, reason="refused_400", content=changed)
    other = item(2, Kind.UPDATE, State.QUARANTINED, key="S2", reason="no_answer", content=changed)
    fine = item(3, Kind.UPDATE, State.DONE, key="S3", content=changed)
    how: dict[str, Any] = {"status": Status.PARTIAL, "reason": "", "now": NOW}
    run_with(bridge.engine, [again, fine], **how)
    run_with(bridge.engine, [again], **how)
    run_with(bridge.engine, [again, other, fine], **how)
    run_with(bridge.engine, [], status=Status.FAILED, reason="unavailable", now=NOW)
    browser = admin(Role.OPERATOR)
    (link,) = browser.tree("/admin/sync/refused").xpath("//table//a")
    assert link.text_content() == "campus"
    tree = browser.tree(link.get("href"))
    rows = [" ".join(row.text_content().split()) for row in tree.xpath("//table/tbody/tr")]
    assert len(rows) == 2
    assert "in 3 of the last 3 runs" in rows[0]
    assert "OttoLearn refused the record" in rows[0]
    assert "for the first time" in rows[1]
    assert tree.xpath("//form[contains(@action, '/sync/ask')]//input[@name='connection']/@value") == ["campus"]
    assert "<script>alert" not in browser.get(link.get("href")).text


def test_whoever_was_taken_since_is_not_shown_any_more(admin: Admin, bridge: Bridge) -> None:
    refused_once = item(1, Kind.UPDATE, State.QUARANTINED, key="S1", reason="refused_400")
    run_with(bridge.engine, [refused_once], status=Status.PARTIAL, reason="", now=NOW)
    run_with(bridge.engine, [refused_once._replace(state=State.DONE)], status=Status.DONE, reason="", now=NOW)
    assert "Nobody is refused" in admin(Role.VIEWER).get("/admin/sync/refused?connection=campus").text


@pytest.mark.parametrize("name", ["nobody", HOSTILE, "packages"])
def test_a_connection_without_a_run_has_nobody(admin: Admin, name: str) -> None:
    page = admin(Role.VIEWER).get(f"/admin/sync/refused?connection={name}")
    assert page.status_code == 200
    assert "Nobody is refused" in page.text
    assert "<script>alert" not in page.text
