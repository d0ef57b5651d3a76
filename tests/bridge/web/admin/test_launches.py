"""The page of launches shows what there is, finds whom it is asked for, and trusts no name."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from bridge.admin.roles import Role
from bridge.store import audit, launch_counts, launches
from bridge.store.launch_lines import LaunchLine
from bridge.web.admin.paging import ROWS
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge

SignIn = Callable[[Role], AdminBrowser]
HOSTILE = '\u202e"><script>alert(1)</script>'


def keep(bridge: Bridge, **changed: Any) -> None:
    line = LaunchLine(bridge.now - 60, "campus", "lti13", "S1", "Zoë", "O’Brien", "matched", "", "7K3M-9QXT")
    launches.append(bridge.engine, line._replace(**changed))


@pytest.fixture
def viewer(admin: SignIn) -> AdminBrowser:
    return admin(Role.VIEWER)


def ids(viewer: AdminBrowser, query: str = "") -> list[str]:
    """The student IDs on the page, from top to bottom."""
    return viewer.tree(f"/admin/launches?{query}").xpath("//td[@data-label='Student']//code/bdi/text()")


def test_an_empty_record_says_so(viewer: AdminBrowser) -> None:
    assert "Nobody has come yet" in viewer.get("/admin/launches").text
    assert "No launch is like that" in viewer.get("/admin/launches?outcome=inactive").text


def test_a_launch_is_found_by_name_id_and_reference(bridge: Bridge, viewer: AdminBrowser) -> None:
    keep(bridge)
    keep(bridge, student_id="S2", first_name="Ada", last_name="Lovelace", reference="AAAA-2222")
    launch_counts.count_some(bridge.engine, bridge.now)
    assert ids(viewer) == ["S2", "S1"]
    for text, found in {"obrien": [], "O’Br": ["S1"], "lovelace ada": ["S2"], "S1": ["S1"], "7k3m9qxt": ["S1"]}.items():
        assert ids(viewer, f"q={text}") == found, text
    assert ids(viewer, "q=nobody") == []


def test_filters_go_together(bridge: Bridge, viewer: AdminBrowser) -> None:
    keep(bridge)
    keep(bridge, student_id="S2", outcome="no_match")
    keep(bridge, student_id="S3", outcome="no_match", connection="packages")
    assert ids(viewer, "outcome=failed") == ["S3", "S2"]
    assert ids(viewer, "outcome=failed&connection=campus") == ["S2"]
    assert ids(viewer, f"since={int(bridge.now)}") == []
    assert ids(viewer, "outcome=nonsense&since=x&after=zzz&before=!&span=9&by=9") == ["S3", "S2", "S1"]


def test_launches_of_one_reason_are_found_and_the_filter_stays(bridge: Bridge, viewer: AdminBrowser) -> None:
    keep(bridge, student_id="S2", outcome="rejected", reason="replayed")
    keep(bridge, student_id="S3", outcome="rejected", reason="expired")
    keep(bridge, student_id="S4", outcome="rejected", reason="replayed", connection="packages")
    assert ids(viewer, "reason=replayed") == ["S4", "S2"]
    assert ids(viewer, "reason=replayed&connection=campus") == ["S2"]
    assert ids(viewer, "reason=no-word-of-ours") == ["S4", "S3", "S2"]
    page = viewer.tree("/admin/launches?reason=replayed")
    assert page.xpath("//select[@name='reason']/option[@selected]/text()") == ["replayed"]
    assert all("reason=replayed" in link for link in page.xpath("//span[@class='tabs']/a/@href"))
    assert "S3" not in viewer.get("/admin/launches.csv?reason=replayed").text


def test_every_launch_is_on_one_page(bridge: Bridge, viewer: AdminBrowser) -> None:
    for number in range(2 * ROWS + 5):
        keep(bridge, student_id=f"N{number}", time=bridge.now - 1000 + number // 3)
    seen, url = [], "/admin/launches"
    while url:
        page = viewer.tree(url)
        seen += page.xpath("//td[@data-label='Student']//code/bdi/text()")
        last, url = url, next(iter(page.xpath("//a[@rel='next']/@href")), "")
    assert seen == [f"N{number}" for number in reversed(range(2 * ROWS + 5))]
    back = viewer.tree(viewer.tree(last).xpath("//a[@rel='prev']/@href")[0])
    assert back.xpath("//td[@data-label='Student']//code/bdi/text()") == seen[ROWS : 2 * ROWS]


def test_the_plot_counts_what_the_list_shows(bridge: Bridge, viewer: AdminBrowser) -> None:
    for age in (60, 90, 7200):
        keep(bridge, time=bridge.now - age)
    keep(bridge, outcome="no_match")
    page = viewer.tree("/admin/launches?span=24h")
    rows = [
        [int(cell) for cell in row.xpath("td/text()")] for row in page.xpath("//details[@class='figures']//tbody/tr")
    ]
    assert [sum(column) for column in zip(*rows, strict=True)] == [3, 1]
    assert page.xpath("//figcaption//bdi/text()") == ["matched", "no match"]
    assert page.xpath("//figure//svg/a/@href")
    by = viewer.tree("/admin/launches?span=90d&by=connection&connection=campus")
    assert by.xpath("//figcaption//bdi/text()") == ["campus"]
    link = page.xpath("//figure//svg/a/@href")[-1]
    assert len(ids(viewer, link.partition("?")[2].partition("#")[0])) in {1, 2, 3}


def test_the_smaller_of_many_connections_share_a_colour_and_are_all_counted(
    bridge: Bridge, viewer: AdminBrowser
) -> None:
    for place, name in enumerate("abcdefgh"):
        for _ in range(9 - place):
            keep(bridge, connection=name, time=bridge.now - 60)
    keep(bridge, connection="h", outcome="no_match", time=bridge.now - 60)
    page = viewer.tree("/admin/launches?span=30d&by=connection&outcome=matched")
    rows = [
        [int(cell) for cell in row.xpath("td/text()")] for row in page.xpath("//details[@class='figures']//tbody/tr")
    ]
    assert page.xpath("//figcaption//bdi/text()") == [*"abcde", "others"]
    assert [sum(column) for column in zip(*rows, strict=True)] == [9, 8, 7, 6, 5, 4 + 3 + 2]


def test_a_hostile_name_stays_text(bridge: Bridge, viewer: AdminBrowser) -> None:
    keep(bridge, student_id=HOSTILE, first_name=HOSTILE, last_name=HOSTILE, connection=HOSTILE, kind=HOSTILE[:30])
    page = viewer.tree("/admin/launches?by=connection")
    assert page.xpath("//script/@src | //script[not(@src)]") == [page.xpath("//script/@src")[0]]
    assert page.xpath("//td[@data-label='Student']//code/bdi/text()") == [HOSTILE]
    assert page.xpath("//td[@data-label='Student']//span/bdi/text()") == [f"{HOSTILE} {HOSTILE}"]


def test_the_file_holds_what_was_filtered_and_no_formula(bridge: Bridge, viewer: AdminBrowser) -> None:
    keep(bridge, first_name="=1+1")
    keep(bridge, student_id="S2", outcome="no_match")
    answer = viewer.get("/admin/launches.csv?outcome=matched")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="launches.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["student_id"], row["first_name"], row["outcome"]) for row in rows] == [("S1", "'=1+1", "matched")]
    assert [row.act for row in audit.newest(bridge.engine, 9)] == ["export_launches"]
    assert viewer.get("/admin/launches.csv?q=nobody").text.count("\n") == 1
