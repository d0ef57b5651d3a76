"""Repairs on the page: whoever is ticked is linked, nobody twice, and nobody by whoever may not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from bridge.admin.roles import Role
from bridge.contracts import Learner, Student
from bridge.store import aliases, audit, unmatched
from bridge.web.admin.students import read_token, token
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge

SignIn = Callable[[Role], AdminBrowser]
HOSTILE = "\u202e<script>alert(1)</script>"
USERS = [
    Learner(1, True, {"username": "S000101", "firstName": "Zoë", "lastName": "O’Brien", "emailAddress": "zoe@x.org"}),
    Learner(2, True, {"username": "0042", "firstName": "Bo", "lastName": "Li"}),
    Learner(3, True, {"username": "s7", "firstName": "Ann", "lastName": "Lee"}),
    Learner(4, False, {"username": "gone", "firstName": "Gone", "lastName": "Girl"}),
    Learner(5, True, {"username": "x5", "firstName": "Hostile", "lastName": HOSTILE, "department": "Sales"}),
]


@pytest.fixture
def queue(bridge: Bridge) -> Bridge:
    bridge.learners = USERS
    bridge.services.directory.refresh(accept_fewer=True)
    for at, (student_id, first, last) in enumerate(
        [("s000101", "Zoë", "O’Brien"), ("42", "Bo", "Li"), ("S7", "Somebody", "Else"), ("w-1", "Who", HOSTILE)]
    ):
        unmatched.note(bridge.engine, "campus", Student(student_id, first, last), "no_match", now=1_000.0 + at)
    return bridge


def ticked(*pairs: tuple[str, int]) -> dict[str, object]:
    words = {token("campus", student_id): user for student_id, user in pairs}
    return {"student": list(words), **{f"user-{word}": str(user) for word, user in words.items()}}


def links(bridge: Bridge) -> dict[str, int]:
    return {row.student_id: row.user_id for row in aliases.every(bridge.engine)}


def said(browser: AdminBrowser, answer: object) -> str:
    assert answer.status_code == 303  # type: ignore[attr-defined]
    tree = browser.tree(answer.location)  # type: ignore[attr-defined]
    return " ".join(" ".join(p.text_content().split()) for p in tree.find_class("message"))


def test_the_lms_is_beside_who_it_could_be_and_why(queue: Bridge, admin: SignIn) -> None:
    tree = admin(Role.OPERATOR).tree("/admin/unmatched")
    rows = {row.find_class("name")[0].text_content(): row for row in tree.xpath("//table/tbody/tr")}
    assert list(rows) == [f"Who {HOSTILE}", "Somebody Else", "Bo Li", "Zoë O’Brien"]
    zoe = rows["Zoë O’Brien"].find_class("candidate")[0]
    assert zoe.xpath(".//mark")[0].text_content() == "S000101"
    assert "zoe@x.org" in zoe.text_content()
    assert "same ID in other letter case" in zoe.text_content()
    assert "zeros in front" in rows["Bo Li"].text_content()
    assert "other name" in rows["Somebody Else"].text_content()
    assert "Nobody like them" in rows[f"Who {HOSTILE}"].text_content()
    assert tree.xpath("//script[not(@src)]") == []


def test_several_are_linked_at_once_and_get_in(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = operator.post("/admin/unmatched/link", **ticked(("s000101", 1), ("42", 2)))
    assert "2 students linked" in said(operator, answer)
    assert links(queue) == {"s000101": 1, "42": 2}
    assert len(operator.tree("/admin/unmatched").xpath("//table/tbody/tr")) == 2
    done = [row for row in audit.newest(queue.engine, 9) if row.act == "link"]
    assert {(row.student_id, row.connection) for row in done} == {("s000101", "campus"), ("42", "campus")}


def test_another_name_is_linked_only_where_somebody_says_so(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    refused = said(operator, operator.post("/admin/unmatched/link", **ticked(("S7", 3))))
    assert "S7 is not linked with Ann Lee (3)" in refused
    assert links(queue) == {}
    operator.post("/admin/unmatched/link", **ticked(("S7", 3)), other_names="on")
    assert links(queue) == {"S7": 3}


def test_the_second_of_two_administrators_is_told_and_changes_nothing(queue: Bridge, admin: SignIn) -> None:
    first, second = admin(Role.OPERATOR), admin(Role.OPERATOR)
    first.post("/admin/unmatched/link", **ticked(("s000101", 1)))
    answer = second.post("/admin/unmatched/link", **ticked(("s000101", 2)), other_names="on")
    assert "somebody has linked them with a user meanwhile" in said(second, answer)
    answer = second.post("/admin/unmatched/link", **ticked(("s000101", 1)))
    assert "meanwhile" in said(second, answer)
    assert links(queue) == {"s000101": 1}
    assert len([row for row in audit.newest(queue.engine, 9) if row.act == "link"]) == 1


def test_two_who_link_at_the_same_moment_make_one_link(queue: Bridge, admin: SignIn) -> None:
    start, browsers = Barrier(4), [admin(Role.OPERATOR) for _ in range(4)]

    def link(number: int) -> None:
        start.wait(60)
        browsers[number].post("/admin/unmatched/link", **ticked(("42", 1 + number % 2)), other_names="on")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(link, range(4)))
    assert len([row for row in audit.newest(queue.engine, 9) if row.act == "link"]) == 1


def test_a_link_with_a_user_who_is_gone_may_be_made_anew(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    aliases.put(queue.engine, "campus", "s000101", 99, now=1.0)
    operator.post("/admin/unmatched/link", **ticked(("s000101", 1)))
    assert links(queue) == {"s000101": 1}


@pytest.mark.parametrize(("user", "why"), [(4, "inactive"), (99, "no OttoLearn user")])
def test_nobody_is_linked_with_whom_they_could_not_be(queue: Bridge, admin: SignIn, user: int, why: str) -> None:
    operator = admin(Role.OPERATOR)
    answer = operator.post("/admin/unmatched/link", **ticked(("s000101", user)), other_names="on")
    assert why in said(operator, answer)
    assert links(queue) == {}


def test_a_user_is_not_two_students(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = operator.post("/admin/unmatched/link", **ticked(("s000101", 1), ("42", 1)), other_names="on")
    assert "taken for one user" in said(operator, answer)
    assert links(queue) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"student": "nonsense"},
        {"student": ["$$", ""], "user-$$": "1"},
        {"student": token("campus", "s000101")},
        {"student": token("campus", "s000101"), f"user-{token('campus', 's000101')}": "1; drop"},
        {"student": token("campus", "s000101"), f"user-{token('campus', 's000101')}": "9" * 30},
    ],
)
def test_nonsense_links_nobody(queue: Bridge, admin: SignIn, fields: dict[str, object]) -> None:
    operator = admin(Role.OPERATOR)
    assert "Nobody is linked" in said(operator, operator.post("/admin/unmatched/link", **fields))
    assert links(queue) == {}


def test_a_student_whom_no_launch_named_is_not_linked(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    assert "no launch" in said(operator, operator.post("/admin/unmatched/link", **ticked(("made up", 1))))
    assert links(queue) == {}


def test_what_was_done_can_be_undone(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    operator.post("/admin/unmatched/link", **ticked(("s000101", 1)))
    assert "by a link" in operator.tree("/admin/unmatched?state=resolved").text_content()
    answer = operator.post("/admin/unmatched/undo", student=token("campus", "s000101"), state="resolved")
    assert "wait again" in said(operator, answer)
    assert links(queue) == {}
    operator.post("/admin/unmatched/ignore", student=token("campus", "42"))
    assert "Bo Li" not in operator.tree("/admin/unmatched").xpath("//table")[0].text_content()
    assert "Bo Li" in operator.tree("/admin/unmatched?state=ignored").text_content()
    operator.post("/admin/unmatched/undo", student=token("campus", "42"))
    assert "Bo Li" in operator.tree("/admin/unmatched").text_content()


@pytest.mark.parametrize("path", ["link", "ignore", "undo", "create"])
def test_a_viewer_repairs_nothing(queue: Bridge, admin: SignIn, path: str) -> None:
    viewer = admin(Role.VIEWER)
    assert viewer.post(f"/admin/unmatched/{path}", **ticked(("s000101", 1))).status_code == 403
    assert links(queue) == {}
    for address in ("/admin/unmatched", f"/admin/unmatched/student?of={token('campus', 's000101')}"):
        assert (
            viewer.tree(address).xpath(
                "//main//button[not(text()='Filter' or text()='Search')] | //main//input[@type='checkbox']"
            )
            == []
        )


def test_the_directory_is_searched_and_whoever_is_found_can_be_linked(queue: Bridge, admin: SignIn) -> None:
    operator, word = admin(Role.OPERATOR), token("campus", "w-1")
    for text in ("hostile", "<script>", "x5", "department: sales", "5"):
        tree = operator.get("/admin/unmatched/student", query_string={"of": word, "q": text})
        assert 'value="5"' in tree.text, text
        assert "<script>alert" not in tree.text
    assert "Nobody was found" in operator.tree(f"/admin/unmatched/student?of={word}&q=zzz").text_content()
    assert "two characters" in operator.tree(f"/admin/unmatched/student?of={word}&q=z").text_content()


@pytest.mark.parametrize("of", ["", "nonsense", token("campus", "nobody"), token("other", "s000101")])
def test_who_is_not_on_the_list_has_no_page(queue: Bridge, admin: SignIn, of: str) -> None:
    assert admin(Role.OPERATOR).get(f"/admin/unmatched/student?of={of}").status_code == 404
    assert admin(Role.OPERATOR).post("/admin/unmatched/create", student=of).status_code == 404


def test_an_ottolearn_that_does_not_answer_makes_nobody_and_says_so(queue: Bridge, admin: SignIn) -> None:
    operator = admin(Role.OPERATOR)
    answer = operator.post("/admin/unmatched/create", student=token("campus", "w-1"))
    assert "Nobody was created" in said(operator, answer)


@pytest.mark.parametrize("filters", ["text=zoë", "text=S000101", "connection=campus", "outcome=no_match"])
def test_the_list_is_narrowed(queue: Bridge, admin: SignIn, filters: str) -> None:
    assert "Zoë O’Brien" in admin(Role.VIEWER).tree(f"/admin/unmatched?{filters}").xpath("//table")[0].text_content()
    nobody = admin(Role.VIEWER).tree("/admin/unmatched?text=nobody%20at%20all")
    assert "Nobody like that" in nobody.text_content()


def test_the_next_page_goes_on_and_a_broken_address_begins_anew(queue: Bridge, admin: SignIn) -> None:
    for number in range(30):
        unmatched.note(queue.engine, "campus", Student(f"n{number}", "", ""), "no_match", now=2_000.0)
    viewer, seen, path = admin(Role.VIEWER), [], "/admin/unmatched"
    while path:
        tree = viewer.tree(path)
        seen += [cell.text_content() for cell in tree.xpath("//td/div/code")]
        path = next(iter(tree.xpath("//a[@rel='next']/@href")), "")
    assert len(seen) == len(set(seen)) == 34
    assert viewer.get("/admin/unmatched?after=%ffnonsense").status_code == 200


@pytest.mark.parametrize("key", [("campus", "S-1"), ("a", "\u202e'\"<>&"), ("", "")])
def test_a_student_is_written_into_an_address_and_read_again(key: tuple[str, str]) -> None:
    assert read_token(token(*key)) == key
    assert token(*key).replace("-", "").replace("_", "").isalnum()
