"""Sync pages say how each roster stands, ask for what an operator wants once, and show a run to its end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bridge.admin.roles import Role
from bridge.store import audit, sync_people, sync_progress, sync_requests, sync_runs
from bridge.store.sync_progress import Progress
from bridge.store.sync_requests import Act, Stage
from bridge.store.sync_stops import is_asked_to_stop
from bridge.sync.record import SILENT
from bridge.web.admin.sync import EVENTS_AT_ONCE
from bridge.web.admin.sync_live import present_of
from bridge.web.admin.sync_words import NOBODY, Processes
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge
from tests.browser.sync_rows import run_of

SignIn = Callable[[Role], AdminBrowser]
CAMPUS = "/admin/sync?connection=campus"
HOSTILE = '<script>alert(1)</script>"\u202e'


def events(browser: AdminBrowser, address: str) -> tuple[str, Any]:
    """The name and the data of the one event that comes."""
    answer = browser.get(address)
    assert answer.mimetype == "text/event-stream"
    lines = answer.text.split("\n")
    assert lines[0].startswith("retry: ")
    assert (lines[3:], len(lines)) == (["", ""], 5)
    return lines[1].removeprefix("event: "), json.loads(lines[2].removeprefix("data: "))


def live(browser: AdminBrowser, path: str) -> str:
    """Where the page hears how far it is; empty where it does not."""
    found = browser.tree(path).xpath("//@data-live")
    return str(found[0]) if found else ""


def under_way(bridge: Bridge, done: int = 10, total: int | None = 40) -> int:
    run = run_of(bridge.engine, "campus", bridge.now - 20, "applying")
    sync_progress.note(bridge.engine, run, Progress("writing", done, total, bridge.now - 1))
    return run


def acts(bridge: Bridge) -> list[tuple[str, str, str]]:
    return [(row.who, row.act, row.connection) for row in reversed(audit.newest(bridge.engine, 20))]


def test_where_no_roster_was_synced_it_says_how_one_is(admin: SignIn) -> None:
    assert "No roster is synced yet" in admin(Role.VIEWER).get("/admin/sync").text


def test_the_status_never_looks_through_everybody(
    bridge: Bridge, admin: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked_through(*_: object) -> int:
        raise AssertionError("the people of a connection were counted for a page")

    monkeypatch.setattr(sync_people, "count_present", looked_through)
    run_of(bridge.engine, "campus", bridge.now - 7_200, read=48_123)
    run_of(bridge.engine, "campus", bridge.now - 600, since=bridge.now - 7_200, read=7)
    page = admin(Role.VIEWER).get("/admin/sync").text
    assert "48,123" in page
    assert "2 hours ago" in page
    one = admin(Role.VIEWER).get(CAMPUS).text
    assert "48,123" in one
    assert "10 minutes ago" in one


def test_to_look_at_a_roster_that_was_never_synced_writes_nothing(bridge: Bridge, admin: SignIn) -> None:
    assert "There was no run yet" in admin(Role.VIEWER).get(CAMPUS).text
    assert sync_people.sources(bridge.engine) == {}


@pytest.mark.parametrize("name", ["nobody", "packages", HOSTILE, ""])
def test_nothing_is_asked_for_of_what_has_no_roster(bridge: Bridge, admin: SignIn, name: str) -> None:
    operator = admin(Role.OPERATOR)
    assert operator.post("/admin/sync/ask", connection=name, act="sync").status_code == 404
    assert operator.post("/admin/sync/withdraw", connection=name).status_code == 404
    assert sync_requests.every_open(bridge.engine) == []
    if name:
        answer = operator.get("/admin/sync", query_string={"connection": name})
        assert answer.status_code == 404
        assert "<script>" not in answer.text


@pytest.mark.parametrize("act", ["plan", "sync"])
def test_an_operator_asks_and_the_audit_list_says_who(bridge: Bridge, admin: SignIn, act: str) -> None:
    operator = admin(Role.OPERATOR)
    answer = operator.post("/admin/sync/ask", connection="campus", act=act)
    assert (answer.status_code, answer.location) == (303, CAMPUS)
    found = sync_requests.open_of(bridge.engine, "campus")
    assert found is not None
    assert (found.act, found.asked_by, found.state) == (act, "the operator", Stage.WAITING)
    assert acts(bridge) == [("the operator", f"ask_{act}", "campus")]
    page = operator.get(CAMPUS).text
    assert f"Asked for a {act} of campus." in page
    assert "It begins within some seconds." in page
    assert "Sync now" not in page


@pytest.mark.parametrize("act", ["", "apply", "approve", "drop"])
def test_a_page_of_rosters_asks_for_a_plan_or_a_sync_alone(bridge: Bridge, admin: SignIn, act: str) -> None:
    assert admin(Role.OPERATOR).post("/admin/sync/ask", connection="campus", act=act).status_code == 400
    assert sync_requests.every_open(bridge.engine) == []


def test_of_two_who_ask_at_once_the_second_is_told_who_was_first(
    bridge: Bridge, admin: SignIn, admin_services: Any
) -> None:
    other = AdminBrowser(bridge.client.application.test_client(), admin_services).sign_in(Role.OWNER, HOSTILE)
    operator = admin(Role.OPERATOR)
    pages = [one.get(CAMPUS).text for one in (other, operator)]
    assert all("Sync now" in page for page in pages)
    other.post("/admin/sync/ask", connection="campus", act="plan")
    operator.post("/admin/sync/ask", connection="campus", act="sync")
    page = operator.get(CAMPUS).text
    assert "Nothing was asked for: &lt;script&gt;" in page
    assert "has asked for a plan already" in page
    assert "<script>alert" not in page
    assert [one.act for one in sync_requests.every_open(bridge.engine)] == [Act.PLAN]
    assert len(acts(bridge)) == 1


def test_while_a_run_is_under_way_nothing_new_is_asked_for(bridge: Bridge, admin: SignIn) -> None:
    under_way(bridge)
    operator = admin(Role.OPERATOR)
    operator.post("/admin/sync/ask", connection="campus", act="sync")
    assert "A sync of this connection is under way: nothing was asked for." in operator.get(CAMPUS).text
    assert sync_requests.every_open(bridge.engine) == []


def test_however_many_pages_listen_most_threads_are_left_to_launches(
    bridge: Bridge, admin: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way(bridge)
    viewers = [admin(Role.VIEWER) for _ in range(EVENTS_AT_ONCE + 1)]
    address = live(viewers[0], CAMPUS)
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(*asked: Any) -> Any:
        begun.release()
        assert go_on.wait(60)
        return present_of(*asked)

    monkeypatch.setattr("bridge.web.admin.sync.present_of", slow)
    with ThreadPoolExecutor(EVENTS_AT_ONCE) as threads:
        answers = [threads.submit(events, viewer, address) for viewer in viewers[:-1]]
        try:
            assert all(begun.acquire(timeout=60) for _ in answers)
            assert viewers[-1].get(address).text == "retry: 5000\n\n"
        finally:
            go_on.set()
        assert [answer.result()[0] for answer in answers] == ["progress"] * EVENTS_AT_ONCE
    assert events(viewers[-1], address)[0] == "progress"


def test_after_a_run_that_died_a_sync_can_be_asked_for(bridge: Bridge, admin: SignIn) -> None:
    run_of(bridge.engine, "campus", bridge.now - SILENT - 61, "reading")
    operator = admin(Role.OPERATOR)
    page = operator.get(CAMPUS).text
    assert "Nothing was heard of it for 3 minutes" in page
    assert "Sync now" in page
    operator.post("/admin/sync/ask", connection="campus", act="sync")
    assert len(sync_requests.every_open(bridge.engine)) == 1


def test_what_waits_is_taken_back_and_what_has_begun_is_not(bridge: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    operator.post("/admin/sync/ask", connection="campus", act="sync")
    assert "Take back" in operator.get(CAMPUS).text
    operator.post("/admin/sync/withdraw", connection="campus")
    page = operator.get(CAMPUS).text
    assert "It was taken back" in page
    assert "Sync now" in page
    assert acts(bridge)[1:] == [("the operator", "withdraw_sync", "campus")]
    operator.post("/admin/sync/ask", connection="campus", act="sync")
    assert sync_requests.claim(bridge.engine, bridge.now) is not None
    operator.post("/admin/sync/withdraw", connection="campus")
    assert "There is nothing to take back any more" in operator.get(CAMPUS).text
    assert len(acts(bridge)) == 3
    assert sync_requests.open_of(bridge.engine, "campus") is not None


def test_why_nothing_came_of_it_is_said(bridge: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    operator.post("/admin/sync/ask", connection="campus", act="plan")
    claimed = sync_requests.claim(bridge.engine, bridge.now)
    assert claimed is not None
    sync_requests.end(bridge.engine, claimed.id, Stage.FAILED, result=None, detail=f"no key {HOSTILE}", now=bridge.now)
    page = operator.get(CAMPUS).text
    assert "Nothing came of a plan" in page
    assert "no key &lt;script&gt;" in page


def test_where_no_worker_lives_the_pages_say_so(bridge: Bridge, admin: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    run_of(bridge.engine, "campus", bridge.now - 7_200)
    operator = admin(Role.OPERATOR)
    said = NOBODY.partition("`")[0]
    assert said not in operator.get("/admin/sync").text
    monkeypatch.setattr("bridge.web.admin.sync_live.processes_of", lambda _: Processes(True, 0, 0))
    assert said in operator.get("/admin/sync").text
    assert operator.get(CAMPUS).text.count(said) == 1
    operator.post("/admin/sync/ask", connection="campus", act="sync")
    assert operator.get(CAMPUS).text.count(said) == 1
    assert events(operator, live(operator, CAMPUS))[1][0]["text"] == NOBODY


@pytest.mark.parametrize(
    ("age", "processes", "said"),
    [
        (5, Processes(True, 2, 0), "It begins within some seconds."),
        (61, Processes(True, 2, 1), "a sync of another connection is under way"),
        (61, Processes(True, 2, 0), "no worker takes rosters"),
        (61, Processes(False, 0, 0), "the process that should has ended"),
    ],
)
def test_what_waits_for_long_says_for_what(
    bridge: Bridge, admin: SignIn, monkeypatch: pytest.MonkeyPatch, age: float, processes: Processes, said: str
) -> None:
    monkeypatch.setattr("bridge.web.admin.sync_live.processes_of", lambda _: processes)
    sync_requests.add(bridge.engine, "campus", Act.SYNC, None, asked_by="Ann", now=bridge.now - age)
    assert said in admin(Role.VIEWER).get(CAMPUS).text


def test_who_waits_for_another_connection_is_told_for_which(bridge: Bridge, admin: SignIn) -> None:
    for name in ("bare", "campus"):
        sync_requests.add(bridge.engine, name, Act.SYNC, None, asked_by="Ann", now=bridge.now)
    assert "It waits for what was asked for before: bare." in admin(Role.VIEWER).get(CAMPUS).text


@pytest.mark.parametrize("path", ["/admin/sync", CAMPUS, "/admin/sync/runs/1"])
def test_a_page_hears_how_far_a_run_is_and_that_it_is_over(bridge: Bridge, admin: SignIn, path: str) -> None:
    run, viewer = under_way(bridge), admin(Role.VIEWER)
    address = live(viewer, path)
    told = {"id": "0", "text": "Writing to OttoLearn: 10 of 40.", "done": 10, "total": 40}
    assert events(viewer, address) == ("progress", [told])
    sync_progress.note(bridge.engine, run, Progress("writing", 30, 40, bridge.now))
    assert events(viewer, address)[1][0]["done"] == 30
    sync_runs.change(bridge.engine, run, status="done", ended_at=bridge.now)
    assert events(viewer, address) == ("over", [])
    assert live(viewer, path) == ""


def test_a_reading_is_measured_by_the_last_one(bridge: Bridge, admin: SignIn) -> None:
    run_of(bridge.engine, "campus", bridge.now - 7_200, read=1_000)
    run = run_of(bridge.engine, "campus", bridge.now - 20, "reading")
    viewer = admin(Role.VIEWER)
    assert "It reads who is in OttoLearn" in viewer.get(CAMPUS).text
    for done, total in ((250, 1_000), (1_001, 0)):
        sync_progress.note(bridge.engine, run, Progress("reading", done, None, bridge.now))
        line = events(viewer, live(viewer, CAMPUS))[1][0]
        assert (line["done"], line["total"]) == (done, total)


def test_a_page_that_is_left_open_keeps_nobody_signed_in(bridge: Bridge, admin: SignIn) -> None:
    under_way(bridge)
    viewer = admin(Role.VIEWER)
    address = live(viewer, CAMPUS)
    idle = viewer.admin.sessions.idle
    for path in (address, f"{CAMPUS}&unattended=yes"):
        viewer.sign_in(Role.VIEWER)
        bridge.now += idle - 1
        assert viewer.get(path).status_code == 200
        bridge.now += 2
        assert viewer.get(path).status_code == 303


def test_an_event_takes_no_message_from_the_next_page(bridge: Bridge, admin: SignIn) -> None:
    run, operator = under_way(bridge), admin(Role.OPERATOR)
    address = live(operator, CAMPUS)
    operator.post(f"/admin/sync/runs/{run}/stop")
    operator.get(address)
    assert "The run is asked to stop." in operator.get(f"/admin/sync/runs/{run}").text


def test_an_operator_stops_a_run_and_the_audit_list_says_who(bridge: Bridge, admin: SignIn) -> None:
    run, operator = under_way(bridge), admin(Role.OPERATOR)
    assert ">Stop<" in operator.get(f"/admin/sync/runs/{run}").text
    operator.post(f"/admin/sync/runs/{run}/stop")
    assert is_asked_to_stop(bridge.engine, run)
    assert acts(bridge) == [("the operator", "stop_sync", "campus")]
    page = operator.get(f"/admin/sync/runs/{run}").text
    assert "It was asked to stop" in page
    assert ">Stop<" not in page
    sync_runs.change(bridge.engine, run, status="partial", reason="stopped", ended_at=bridge.now)
    operator.post(f"/admin/sync/runs/{run}/stop")
    assert "The run is over already." in operator.get(f"/admin/sync/runs/{run}").text
    assert len(acts(bridge)) == 1


def test_a_viewer_sees_no_button(bridge: Bridge, admin: SignIn) -> None:
    run = under_way(bridge)
    run_of(bridge.engine, "bare", bridge.now)
    for path in ("/admin/sync", CAMPUS, "/admin/sync?connection=bare", f"/admin/sync/runs/{run}"):
        forms = admin(Role.VIEWER).tree(path).xpath("//main//form[@method='post']")
        assert forms == [], path


@pytest.mark.parametrize("number", ["0", "99", str(2**63), str(10**30)])
def test_a_run_that_is_not_there_is_said_to_be_none(admin: SignIn, number: str) -> None:
    for answer in (
        admin(Role.OPERATOR).get(f"/admin/sync/runs/{number}"),
        admin(Role.OPERATOR).post(f"/admin/sync/runs/{number}/stop"),
    ):
        assert answer.status_code == 404
        assert "There is no run" in answer.text


def test_a_run_says_why_and_who_can_change_it(bridge: Bridge, admin: SignIn) -> None:
    reasons = {"taken": 3, "refused_409": 1, HOSTILE: 2}
    said = {"notices": [HOSTILE], "reasons": reasons, "durations": {"reading": 1.25}, "held": 12_345}
    run = run_of(bridge.engine, "campus", bridge.now - 60, "held_back", "limit_exceeded", **said)
    page = admin(Role.VIEWER).get(f"/admin/sync/runs/{run}").text
    assert "more would change than the limits of the connection allow" in page
    assert "<code>ottobridge sync approve RUN</code>" in page
    assert "an id of this person belongs to another OttoLearn user" in page
    assert "12,345" in page
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") == 2


def test_a_run_says_who_asked_for_it(bridge: Bridge, admin: SignIn) -> None:
    sync_requests.add(bridge.engine, "campus", Act.SYNC, None, asked_by=HOSTILE, now=bridge.now)
    claimed = sync_requests.claim(bridge.engine, bridge.now)
    assert claimed is not None
    run = run_of(bridge.engine, "campus", bridge.now)
    sync_requests.end(bridge.engine, claimed.id, Stage.DONE, result=run, detail="", now=bridge.now)
    page = admin(Role.VIEWER).get(f"/admin/sync/runs/{run}").text
    assert "&lt;script&gt;alert(1)" in page
    other = run_of(bridge.engine, "campus", bridge.now)
    assert "nobody on these pages" in admin(Role.VIEWER).get(f"/admin/sync/runs/{other}").text


def test_a_run_of_a_connection_that_is_no_more_is_still_shown(bridge: Bridge, admin: SignIn) -> None:
    for status in ("done", "reading"):
        run = run_of(bridge.engine, HOSTILE, bridge.now, status)
        page = admin(Role.OPERATOR).get(f"/admin/sync/runs/{run}")
        assert page.status_code == 200
        assert "<script>alert" not in page.text


def test_the_pages_of_the_history_leave_no_run_out_and_show_none_twice(bridge: Bridge, admin: SignIn) -> None:
    for number in range(65):
        run_of(bridge.engine, "campus", bridge.now - 9_000 + number, since=1.0 if number % 5 else None, read=number)
        run_of(bridge.engine, "bare", bridge.now - 9_000 + number)
    source = sync_people.source_id(bridge.engine, "campus")
    sync_runs.begin(bridge.engine, source, now=bridge.now, full=False, settings="", look_up=True)
    assert _walk(admin(Role.VIEWER), CAMPUS) == list(range(129, 0, -2))
    assert _walk(admin(Role.VIEWER), f"{CAMPUS}&runs=whole") == list(range(121, 0, -10))


def _walk(browser: AdminBrowser, path: str) -> list[int]:
    found: list[int] = []
    while path:
        page = browser.tree(path)
        found += [int(link.split("/")[-1]) for link in page.xpath("//table[@class='rows']//td[1]/a/@href")]
        path = next(iter(page.xpath("//a[@rel='next']/@href")), "")
    return found


def test_many_connections_come_a_page_at_a_time(bridge: Bridge, admin: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.web.admin.sync_live.ROWS", 1)
    for name in ("bare", "campus", "learning"):
        run_of(bridge.engine, name, bridge.now)
    viewer, path, found = admin(Role.VIEWER), "/admin/sync", []
    while path:
        page = viewer.tree(path)
        found += page.xpath("//td[1]/a/bdi/text()")
        path = next(iter(page.xpath("//a[@rel='next']/@href")), "")
    assert found == ["bare", "campus", "learning"]
    before = page.xpath("//a[@rel='prev']/@href")[0]
    assert viewer.tree(before).xpath("//td[1]/a/bdi/text()") == ["campus"]


def test_the_plot_leads_to_the_runs_and_counts_no_plan(bridge: Bridge, admin: SignIn) -> None:
    run_of(bridge.engine, "campus", bridge.now - 300, created=7, read=90)
    run_of(bridge.engine, "campus", bridge.now - 200, "planned", created=1_000_000, read=91)
    run_of(bridge.engine, "campus", bridge.now - 100, deactivated=2, read=92)
    page = admin(Role.VIEWER).tree(CAMPUS)
    changes, read = page.xpath("//figure")
    assert changes.xpath(".//a/@href") == ["/admin/sync/runs/1", "/admin/sync/runs/3"]
    assert "7 created" in changes.xpath("string(.//a[1]/title)")
    assert read.xpath(".//a/@href") == [f"/admin/sync/runs/{run}" for run in (1, 2, 3)]
    tables = page.xpath("//details[@class='figures']//tbody/tr/td/text()")
    assert tables == ["7", "0", "0", "2", "90", "91", "92"]


def test_an_address_lends_no_words_to_the_page_that_loads_itself(bridge: Bridge, admin: SignIn) -> None:
    under_way(bridge)
    page = admin(Role.VIEWER).get(f"{CAMPUS}&_scheme=javascript&_external=1&_anchor=x&endpoint=x&still=yes")
    assert page.status_code == 200
    assert "javascript:" not in page.text
    assert 'http-equiv="refresh"' not in page.text
    assert 'http-equiv="refresh"' in admin(Role.VIEWER).get(CAMPUS).text
