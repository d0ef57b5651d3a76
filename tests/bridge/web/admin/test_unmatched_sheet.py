"""A completed sheet links whom it shows, all at once or nobody; refusals are said line by line, and nothing runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from bridge.admin.roles import Role
from bridge.contracts import Learner, Student
from bridge.store import aliases, audit, unmatched
from bridge.store.unmatched import State
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge

SignIn = Callable[[Role], AdminBrowser]
SHEET = "/admin/unmatched/sheet"
HOSTILE = "=cmd|' /C calc'!A0"


def learner(number: int, **attributes: str) -> Learner:
    return Learner(number, True, {"username": f"u{number}", "emailAddress": f"u{number}@x.org", **attributes})


USERS = [
    learner(1, firstName="Zoë", lastName="O’Brien", employeeId="E1"),
    learner(2, firstName="Bo", lastName="Li"),
    learner(3, firstName="Ann", lastName="Lee"),
    Learner(4, False, {"username": "gone", "emailAddress": "gone@x.org", "firstName": "Gone"}),
]


@pytest.fixture
def queue(bridge: Bridge) -> Bridge:
    bridge.learners = USERS
    bridge.services.directory.refresh(accept_fewer=True)
    for at, (student_id, first, last) in enumerate(
        [("007", "Zoë", "O’Brien"), ("42", "Bo", "Li"), ("S7", "Somebody", "Else"), ("w-1", HOSTILE, HOSTILE)]
    ):
        unmatched.note(bridge.engine, "campus", Student(student_id, first, last), "no_match", now=1_000.0 + at)
    return bridge


def downloaded(browser: AdminBrowser, kind: str = "csv") -> list[list[str]]:
    answer = browser.get(f"{SHEET}/people.{kind}")
    assert answer.status_code == 200
    assert f"unmatched.{kind}" in answer.headers["Content-Disposition"]
    if kind == "csv":
        return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    return [[cell.value or "" for cell in row] for row in sheet.iter_rows()]


def completed(rows: list[list[str]], entered: dict[str, str], kind: str = "csv") -> bytes:
    """The list with an email for each of these IDs."""
    head, *people = rows
    filled = [[row[0], entered.get(row[0], ""), *row[2:]] for row in people]
    if kind == "csv":
        out = io.StringIO()
        csv.writer(out).writerows([head, *filled])
        return out.getvalue().encode()
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (head, *filled):
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def brought(browser: AdminBrowser, content: bytes, name: str = "people.csv", **fields: str) -> Any:
    return browser.post(SHEET, sheet=(io.BytesIO(content), name), **fields)


def links(bridge: Bridge) -> dict[str, int]:
    return {row.student_id: row.user_id for row in aliases.every(bridge.engine)}


def said(browser: AdminBrowser, path: str) -> str:
    return " ".join(" ".join(p.text_content().split()) for p in browser.tree(path).find_class("message"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_list_goes_out_and_comes_back(queue: Bridge, admin: SignIn, kind: str) -> None:
    operator = admin(Role.OPERATOR)
    rows = downloaded(operator, kind)
    assert {row[0] for row in rows[1:]} == {"007", "42", "S7", "w-1"}, "zeros are kept"
    answer = brought(operator, completed(rows, {"007": "u1@x.org", "42": "u2@x.org"}, kind), f"people.{kind}")
    assert answer.status_code == 303, answer.text
    page = operator.get(answer.location).text
    assert "Would be linked: 2" in page
    assert "Left empty: 2" in page
    assert "Zoë O’Brien" in page
    assert links(queue) == {}, "nothing is changed by looking"
    applied = operator.post(f"{answer.location}/apply")
    assert "2 students linked" in said(operator, applied.location)
    assert links(queue) == {"007": 1, "42": 2}
    assert {row.student_id for row in unmatched.newest(queue.engine, 9)} == {"S7", "w-1"}
    acts = {(row.act, row.student_id, row.connection) for row in audit.newest(queue.engine, 9)}
    assert {("link", "007", "campus"), ("link", "42", "campus")} <= acts
    assert f"people.{kind}" in audit.newest(queue.engine, 1)[0].details


def test_what_was_applied_can_be_undone_as_a_whole(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = brought(operator, completed(downloaded(operator), {"007": "u1@x.org", "42": "u2@x.org"}))
    operator.post(f"{answer.location}/apply")
    aliases.put(queue.engine, "campus", "42", 3, now=queue.now)
    undone = operator.post(f"{answer.location}/undo")
    assert "1 student wait again. 1 were linked otherwise since." in said(operator, undone.location)
    assert links(queue) == {"42": 3}, "what somebody did since stays"
    assert {row.student_id for row in unmatched.newest(queue.engine, 9)} == {"007", "S7", "w-1"}
    assert ("undo", "007") in {(row.act, row.student_id) for row in audit.newest(queue.engine, 9)}
    operator.post(f"{answer.location}/apply")
    assert links(queue) == {"42": 3}, "one that was undone is not applied again"


def test_refusals_are_said_in_words_beside_their_lines(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    entered = {"007": "nobody@x.org", "42": "gone@x.org", "S7": "u3@x.org"}
    answer = brought(operator, completed(downloaded(operator), entered))
    rows = operator.tree(answer.location).xpath("//tbody/tr")
    told = {" ".join(row.xpath("./td[2]//code")[0].text_content().split()): row.text_content() for row in rows}
    assert "no OttoLearn user has what was entered" in told["007"]
    assert "people!A" in told["007"]
    assert "the OttoLearn user is inactive" in told["42"]
    assert "call them otherwise" in told["S7"]
    assert "--yes" not in operator.get(answer.location).text, "the page has a tick for it"
    again = brought(operator, completed(downloaded(operator), entered), other_names="yes")
    assert "Would be linked: 1" in operator.get(again.location).text
    operator.post(f"{again.location}/apply")
    assert links(queue) == {"S7": 3}


def test_two_lines_that_contradict_each_other_are_both_left_out(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = brought(operator, completed(downloaded(operator), {"007": "u1@x.org", "42": "u1@x.org"}), other_names="y")
    assert operator.get(answer.location).text.count("another row gives") == 2
    assert "Link " not in operator.get(answer.location).text


def test_nobody_is_linked_where_a_line_does_not_hold_any_more(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = brought(operator, completed(downloaded(operator), {"007": "u1@x.org", "42": "u2@x.org"}))
    queue.learners = [USERS[0], USERS[1]._replace(active=False), *USERS[2:]]
    queue.services.directory.refresh(accept_fewer=True)
    applied = operator.post(f"{answer.location}/apply")
    assert "1 of the lines do not hold any more" in said(operator, applied.location)
    assert links(queue) == {}
    assert "the OttoLearn user is inactive" in operator.get(f"{answer.location}?show=refused").text
    operator.post(f"{answer.location}/apply")
    assert links(queue) == {"007": 1}, "what is shown now is applied"


def test_whom_somebody_links_meanwhile_stops_all_of_it(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = brought(operator, completed(downloaded(operator), {"007": "u1@x.org", "42": "u2@x.org"}))
    aliases.put(queue.engine, "campus", "42", 3, now=queue.now)
    applied = operator.post(f"{answer.location}/apply")
    assert "somebody has linked 42 meanwhile" in said(operator, applied.location)
    assert links(queue) == {"42": 3}
    assert {row.student_id for row in unmatched.newest(queue.engine, 9)} == {"007", "42", "S7", "w-1"}
    assert "link" not in {row.act for row in audit.newest(queue.engine, 9)}


def test_a_link_that_lets_nobody_in_is_replaced(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = brought(operator, completed(downloaded(operator), {"007": "u1@x.org"}))
    aliases.put(queue.engine, "campus", "007", 999, now=queue.now)
    unmatched.mark(queue.engine, "campus", "007", State.WAITING)
    operator.post(f"{answer.location}/apply")
    assert links(queue) == {"007": 1}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_of_the_download_is_a_formula(queue: Bridge, admin: SignIn, kind: str) -> None:
    unmatched.note(queue.engine, "campus", Student("=1+1", HOSTILE, "@SUM(A1)"), "no_match", now=9_000.0)
    answer = admin(Role.VIEWER).get(f"{SHEET}/people.{kind}")
    if kind == "csv":
        cells = [cell for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))) for cell in row]
        assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_a_formula_in_what_is_brought_is_nobody_and_shown_as_text(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    content = completed(downloaded(operator), {"007": "<script>alert(1)</script>", "42": '=HYPERLINK("x")'})
    page = operator.get(brought(operator, content).location)
    assert "<script>alert" not in page.text
    assert "Refused: 2" in page.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n", "is not a list that"),
        (b"", "Choose a file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old .xls"),
        (b"PK\x03\x04 broken", "people.csv"),
        (b"\x00\x01\x02\xff" * 50, "people.csv"),
    ],
)
def test_another_file_is_refused_in_words(queue: Bridge, admin: SignIn, content: bytes, words: str) -> None:
    name = "people.csv" if content else ""
    answer = brought(admin(Role.OPERATOR), content, name)
    assert answer.status_code == 400
    assert words in answer.text


def test_ten_thousand_lines_come_back_and_one_more_does_not(queue: Bridge, admin: SignIn) -> None:
    queue.learners = [learner(n, firstName="Same", lastName="Name") for n in range(1, 10_001)]
    queue.services.directory.refresh(accept_fewer=True)
    operator, head = admin(Role.OPERATOR), downloaded(admin(Role.OPERATOR))[0]
    rows = [[f"{n:06}", f"u{n}@x.org", "", "Same", "Name", "campus", "1", ""] for n in range(1, 10_002)]
    for row in rows[:300]:
        unmatched.note(queue.engine, "campus", Student(row[0], "Same", "Name"), "no_match", now=2_000.0)
    entered = {row[0]: row[1] for row in rows}
    answer = brought(operator, completed([head, *rows[:-1]], entered, "xlsx"), "people.xlsx")
    assert answer.status_code == 303, answer.text
    page = operator.get(answer.location)
    assert "Would be linked: 300" in page.text
    assert "Refused: 9,700" in page.text
    assert len(page.data) < 60_000
    assert operator.get(f"{answer.location}?show=refused&from=9650").text.count("<tr>") == 51
    operator.post(f"{answer.location}/apply")
    assert len(links(queue)) == 300
    assert brought(operator, completed([head, *rows], entered, "xlsx"), "people.xlsx").status_code == 413


def test_a_sheet_is_shown_to_nobody_else_and_not_for_ever(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = brought(operator, completed(downloaded(operator), {"007": "u1@x.org"}))
    assert admin(Role.OWNER).get(answer.location).status_code == 404
    assert admin(Role.OWNER).post(f"{answer.location}/apply").status_code == 404
    assert admin(Role.VIEWER).get(answer.location).status_code == 403
    queue.now += 3_601
    assert admin(Role.OPERATOR).get(answer.location).status_code == 404


def test_a_viewer_brings_none_back(queue: Bridge, admin: SignIn) -> None:
    viewer = admin(Role.VIEWER)
    assert brought(viewer, b"x").status_code == 403
    assert "Show who would be linked" not in viewer.get(SHEET).text
    assert 'href="/admin/unmatched/sheet"' in viewer.get("/admin/unmatched").text
