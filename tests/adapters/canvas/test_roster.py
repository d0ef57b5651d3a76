"""Everybody on a Canvas roster, or no roster: nothing that Canvas leaves out may look like somebody who left."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.canvas import ADAPTER
from adapters.canvas.api import Canvas
from adapters.canvas.report import HOPS, PATIENCE
from adapters.canvas.roster import read_roster
from adapters.canvas.settings import Settings
from bridge.contracts import RECORD, RosterEnd, RosterMember, Student
from bridge.errors import ConfigError, RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.net.retry import ATTEMPTS, LONGEST_ASKED
from tests.fakes.canvas import (
    COLUMNS,
    Bucket,
    Crowd,
    Enrollment,
    FakeCanvas,
    Login,
    Person,
    error,
    person,
    throttled,
)
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.dribbling import LASTS, dribbling
from tests.fakes.serving import FakeServer, Reply

AVERY = Person(101, "Testcase, Avery", "avery@example.edu", (Login("S000101", "atestcase", "INT-101"),))
MONONYM = Person(103, "Mononym", "mononym@example.edu", (Login("S000103", "mononym"),))
MANUAL = Person(106, "Account, Manual", "m@example.edu", (Login(None, "manual"), Login("S106B", "manual-sso")))
NO_SIS_ID = Person(107, "Login, No", None, (Login(None, "nologin"),))
SHARD = Person(10000000000108, "Ünïcode-Þór, Zoë", "zoe@example.edu", (Login("S-0108/Ä", "zoe"),))
PEOPLE = [AVERY, MONONYM, MANUAL, NO_SIS_ID, SHARD]
LIST_ONLY = {"list", "sis", "logins", "email"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def canvas() -> Iterator[FakeCanvas]:
    with FakeCanvas(people=list(PEOPLE)) as canvas:
        yield canvas


def read(canvas: FakeCanvas, clock: Clock, **settings: Any) -> list[RosterMember]:
    return read_whole(read_roster(canvas.settings(**settings), clock.context()))


def test_the_report_gives_everybody_under_canvas_s_own_names(canvas: FakeCanvas, clock: Clock) -> None:
    avery = read(canvas, clock)[0]
    assert avery == RosterMember(
        Student("S000101", "Avery", "Testcase"),
        {
            RECORD: "101",
            "canvas_user_id": "101",
            "sis_user_id": "S000101",
            "integration_id": "INT-101",
            "login_id": "atestcase",
            "email": "avery@example.edu",
            "first_name": "Avery",
            "last_name": "Testcase",
            "sortable_name": "Testcase, Avery",
        },
        active=True,
    )


@pytest.mark.parametrize("student_id", ["sis_user_id", "integration_id", "login_id", "canvas_user_id", "email"])
def test_the_way_of_reading_does_not_decide_who_is_on_the_roster(
    canvas: FakeCanvas, clock: Clock, student_id: str
) -> None:
    by_report = read(canvas, clock, student_id=student_id)
    canvas.rights = LIST_ONLY
    by_list = read(canvas, clock, student_id=student_id)
    assert sorted(by_report) == sorted(by_list)
    assert [member.fields[student_id] for member in by_list] == [member.student.student_id for member in by_list]


def test_a_person_with_two_logins_does_not_become_two_learners(canvas: FakeCanvas, clock: Clock) -> None:
    found = [member for member in read(canvas, clock) if member.fields["canvas_user_id"] == "106"]
    assert [member.student.student_id for member in found] == ["S106B"]


def test_of_two_logins_the_active_one_counts(clock: Clock) -> None:
    """Neither a suspended login nor one without a SIS ID hides the login that a launch will name."""
    suspended_first = Person(1, "A, B", None, (Login("old", "o", status="suspended"), Login("new", "n")))
    no_sis_last = Person(2, "C, D", None, (Login("kept", "k"), Login(None, "x"), Login("later", "l")))
    none_active = Person(3, "E, F", None, (Login("s3", "s", status="suspended"), Login(None, "t", status="suspended")))
    only_one_active = Person(4, "G, H", None, (Login("s4", "u", status="suspended"), Login(None, "v")))
    without_sis = Person(5, "I, J", None, (Login(None, "w"), Login(None, "x")))
    people = [suspended_first, no_sis_last, none_active, only_one_active, without_sis]
    with FakeCanvas(people=people) as canvas:
        found = {member.fields["canvas_user_id"]: member for member in read(canvas, clock)}
    assert {number: (member.fields["login_id"], member.active) for number, member in found.items()} == {
        "1": ("n", True),
        "2": ("k", True),
        "3": ("s", False),
        "4": ("v", True),
        "5": ("w", True),
    }


def test_a_suspended_login_is_inactive_and_a_deleted_one_is_gone(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.people = [
        AVERY,
        Person(1, "A, B", None, (Login("s1", "a", status="suspended"),)),
        Person(2, "C, D", None, (Login("s2", "c", status="deleted"),)),
        Person(3, "E, F", None, (Login("s3", "e", status="deleted"), Login("s4", "f"))),
    ]
    found = {member.student.student_id: member.active for member in read(canvas, clock)}
    assert found == {"S000101": True, "s1": False, "s4": True}


def test_names_that_canvas_split_itself_are_not_split_again(canvas: FakeCanvas, clock: Clock) -> None:
    """A newer Canvas may split otherwise than the rule we know, and its launches then do too."""
    canvas.attachment = {"size": None}
    canvas.fail_next(Reply(200, canvas.file().replace(b"Avery,Testcase", b"Avery Ann,Test")), where="/files/")
    assert read(canvas, clock)[0].student == Student("S000101", "Avery Ann", "Test")


def test_a_zip_is_read_by_its_first_bytes(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.zipped, canvas.attachment = True, {"content-type": "text/csv"}
    assert len(read(canvas, clock)) == len(PEOPLE)


def test_the_report_asks_for_users_alone_and_is_tidied_away(canvas: FakeCanvas, clock: Clock) -> None:
    read(canvas, clock)
    asked = next(request for request in canvas.seen if request.method == "POST")
    assert asked.parameters() == [("parameters[users]", "true")]
    assert canvas.deleted_reports == [1]


def test_no_names_are_left_on_the_disk(canvas: FakeCanvas, clock: Clock, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pages = read_roster(canvas.settings(), clock.context())
    next(pages)
    held = list(tmp_path.iterdir())
    assert [folder.stat().st_mode & 0o077 for folder in held] == [0]
    pages.close()  # type: ignore[attr-defined]  # it is a generator
    assert list(tmp_path.iterdir()) == []


def test_the_token_is_not_sent_to_the_storage_that_a_download_leads_to(canvas: FakeCanvas, clock: Clock) -> None:
    with FakeServer(lambda request: Reply(200, canvas.file())) as storage:
        canvas.storage = f"{storage.url}/bucket?signature=1"
        assert len(read(canvas, clock)) == len(PEOPLE)
        assert [request.headers.get("authorization") for request in storage.seen] == [None]


def test_the_token_is_not_sent_to_an_attachment_on_another_host(canvas: FakeCanvas, clock: Clock) -> None:
    with FakeServer(lambda request: Reply(200, canvas.file())) as elsewhere:
        canvas.attachment = {"url": f"{elsewhere.url}/file"}
        assert len(read(canvas, clock)) == len(PEOPLE)
        assert [request.headers.get("authorization") for request in elsewhere.seen] == [None]


@pytest.mark.parametrize("between", ["\\@", "@"])
def test_the_token_is_not_sent_to_a_host_that_hides_behind_canvas_s_name(
    canvas: FakeCanvas, clock: Clock, between: str
) -> None:
    with FakeServer(lambda request: Reply(200, canvas.file())) as elsewhere:
        hidden = f"{elsewhere.url}{between}{canvas.url.removeprefix('http://')}/file"
        canvas.attachment = {"url": hidden}
        with pytest.raises(RemoteRefused, match="read as two"):
            read(canvas, clock)
        assert list(elsewhere.seen) == []
    api = canvas.settings().api
    assert api
    known = Canvas(api, clock.context())
    assert known.headers_for(hidden) == {}
    assert "Authorization" in known.headers_for(f"{canvas.url}/file")
    with pytest.raises(RosterIncomplete, match="another host"):
        known.ask("GET", hidden)


def test_a_redirect_back_to_canvas_carries_no_token_either(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.storage = f"{canvas.url}/files/777/download"
    with pytest.raises(RemoteRefused, match="again and again"):
        read(canvas, clock)
    downloads = [request for request in canvas.seen if request.path.startswith("/files/")]
    assert [("authorization" in request.headers) for request in downloads] == [True] + [False] * (HOPS - 1)


def test_a_report_cut_short_is_fetched_again(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.fail_next(Reply(200, canvas.file()[:99], cut=500), where="/files/")
    assert len(read(canvas, clock)) == len(PEOPLE)


def test_a_report_that_stays_cut_short_is_no_roster(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.fail_next(Reply(200, canvas.file()[:99], cut=500), times=ATTEMPTS, where="/files/")
    with pytest.raises(RemoteUnavailable):
        read(canvas, clock)


def test_a_report_that_ends_at_a_row_but_too_early_is_no_roster(canvas: FakeCanvas, clock: Clock) -> None:
    shorter = b"".join(canvas.file().splitlines(keepends=True)[:-1])
    canvas.fail_next(Reply(200, shorter), where="/files/")
    with pytest.raises(RosterIncomplete, match="announced"):
        read(canvas, clock)


def test_a_download_without_end_does_not_fill_the_disk(
    canvas: FakeCanvas, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.canvas.report.MAX_BYTES", len(canvas.file()) - 1)
    with pytest.raises(RosterIncomplete, match="too large"):
        read(canvas, clock)


def test_a_download_that_dribbles_does_not_hold_the_sync_for_ever(
    canvas: FakeCanvas, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.canvas.report.LONGEST_DOWNLOAD", 0.5)
    with dribbling(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x") as port:
        canvas.attachment = {"url": f"http://127.0.0.1:{port}/"}
        began = time.monotonic()
        with pytest.raises(RosterIncomplete, match="too slowly"):
            read(canvas, clock)
        assert time.monotonic() - began < LASTS / 3


def test_a_download_that_is_refused_is_no_roster(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.fail_next(error(403), where="/files/")
    with pytest.raises(RemoteRefused, match="403"):
        read(canvas, clock)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>please log in</html>", "language"),
        (b"", "language"),
        (",".join(COLUMNS).replace("user_id", "Benutzer").encode(), "language"),
        (",".join(COLUMNS).encode() + b"\n101,S1\n", "row 2 is not complete"),
        (",".join(COLUMNS).encode() + b'\n101,"S1', "quote"),
        (",".join(COLUMNS).encode() + b"\n" + b"x" + b",a" * (len(COLUMNS) - 1), "canvas_user_id"),
        (",".join(COLUMNS).encode() + b"\n" + b"\xb2" * 3 + b",a" * (len(COLUMNS) - 1), "utf-8"),
        ("²".join([",".join(COLUMNS) + "\n", ",a" * (len(COLUMNS) - 1)]).encode(), "canvas_user_id"),
        (b"PK\x03\x04 and no zip", "zip"),
    ],
    ids=["html", "nothing", "translated", "short-row", "open-quote", "no-id", "no-text", "no-number", "no-zip"],
)
def test_a_file_that_is_no_report_is_no_roster(canvas: FakeCanvas, clock: Clock, content: bytes, words: str) -> None:
    canvas.attachment = {"size": None}
    canvas.fail_next(Reply(200, content), where="/files/")
    with pytest.raises(RosterIncomplete, match=words):
        read(canvas, clock)


def test_a_column_that_an_older_canvas_lacks_is_absent_and_not_empty(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.columns = [column for column in COLUMNS if column != "integration_id"]
    assert "integration_id" not in read(canvas, clock)[0].fields
    with pytest.raises(RosterIncomplete, match="integration_id"):
        read(canvas, clock, student_id="integration_id")


@pytest.mark.parametrize("end", ["error", "aborted", "deleted"])
def test_a_report_that_crashed_is_asked_for_once_more(canvas: FakeCanvas, clock: Clock, end: str) -> None:
    canvas.reports = [end]
    assert len(read(canvas, clock)) == len(PEOPLE)
    canvas.reports = [end, end]
    with pytest.raises(RosterIncomplete, match="does not finish"):
        read(canvas, clock)


def test_a_finished_report_without_a_file_is_no_roster(canvas: FakeCanvas, clock: Clock) -> None:
    for number in (1, 2):
        said = f'{{"id": {number}, "status": "complete", "progress": 100}}'.encode()
        canvas.fail_next(Reply(200, said), where=f"provisioning_csv/{number}")
    with pytest.raises(RosterIncomplete, match="does not finish"):
        read(canvas, clock)


def test_a_report_that_never_ends_does_not_hold_the_sync_for_ever(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.looks = 10**9
    with pytest.raises(RosterIncomplete, match="6 hours"):
        read(canvas, clock)
    assert PATIENCE < sum(clock.slept) < PATIENCE + 120
    assert len(clock.slept) < 1000


def test_a_report_that_vanishes_does_not_make_the_list_a_second_source(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.fail_next(error(404), where="provisioning_csv/1")
    with pytest.raises(RosterIncomplete, match="no longer has"):
        read(canvas, clock)


def test_a_report_described_otherwise_is_no_roster(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.fail_next(Reply(200, b"[]"), where="provisioning_csv")
    with pytest.raises(RosterIncomplete, match="a way we do not know"):
        read(canvas, clock)


@pytest.mark.parametrize("refusal", [401, 403, 404])
def test_without_the_right_to_reports_the_list_is_read_and_said(canvas: FakeCanvas, clock: Clock, refusal: int) -> None:
    canvas.rights, canvas.refusal = LIST_ONLY, refusal
    assert len(read(canvas, clock)) == len(PEOPLE)
    assert ["may not run reports" in notice for notice in clock.notices] == [True]


def test_the_end_of_a_roster_says_that_the_right_to_reports_was_missing(canvas: FakeCanvas, clock: Clock) -> None:
    def lacks() -> str:
        *_, end = read_roster(canvas.settings(), clock.context())
        assert isinstance(end, RosterEnd)
        return end.lacks

    assert lacks() == ""
    canvas.rights = LIST_ONLY
    assert lacks() == "the right to run reports"


def test_a_firewalls_page_is_not_taken_for_a_missing_right(clock: Clock) -> None:
    with FakeCanvas() as canvas:
        canvas.fail_next(Reply(403, b"<!DOCTYPE html><title>Just a moment...</title>"))
        with pytest.raises(RemoteRefused, match=r"Canvas answered 403.*a firewall"):
            read_whole(read_roster(canvas.settings(), clock.context()))


def test_the_list_is_read_to_its_last_page(clock: Clock) -> None:
    with FakeCanvas(people=Crowd(1234), rights=LIST_ONLY) as canvas:
        found = read(canvas, clock)
    assert [member.student.student_id for member in found] == [person(n + 1).logins[0].sis_user_id for n in range(1234)]


def test_a_large_list_is_not_held_in_memory(clock: Clock) -> None:
    with FakeCanvas(people=Crowd(1000), rights=LIST_ONLY) as canvas:
        pages = read_roster(canvas.settings(), clock.context())
        next(pages)
        assert canvas.count["/api/v1/accounts/1/users"] <= 2  # the next one is asked for meanwhile
        assert isinstance(list(pages)[-1], RosterEnd)
        assert canvas.count["/api/v1/accounts/1/users"] == 10


def test_a_list_in_an_order_that_shifts_is_never_asked_for(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights = LIST_ONLY
    read(canvas, clock)
    asked = next(request for request in canvas.seen if request.path.endswith("/users"))
    assert ("sort", "id") in asked.parameters()
    assert ("per_page", "100") in asked.parameters()


@pytest.mark.parametrize("student_id", ["sis_user_id", "integration_id"])
def test_a_token_that_may_not_read_sis_ids_empties_no_roster(canvas: FakeCanvas, clock: Clock, student_id: str) -> None:
    canvas.rights = {"list", "logins", "email"}
    with pytest.raises(RosterIncomplete, match="SIS Data - read"):
        read(canvas, clock, student_id=student_id)


def test_a_field_that_an_attribute_needs_is_not_taken_for_empty(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights = {"list", "sis", "logins"}
    assert "email" not in read(canvas, clock)[0].fields
    with pytest.raises(RosterIncomplete, match="email"):
        read(canvas, clock, roster={"attributes": {"emailAddress": "email"}})


def test_null_is_a_person_without_a_sis_id(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights = LIST_ONLY
    found = {member.fields["canvas_user_id"]: member.student.student_id for member in read(canvas, clock)}
    assert found["107"] == ""
    assert found["10000000000108"] == "S-0108/Ä"


def test_a_roster_on_which_nobody_has_an_id_is_no_roster(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.people = [NO_SIS_ID]
    with pytest.raises(RosterIncomplete, match="sis_user_id"):
        read(canvas, clock)


@pytest.mark.parametrize("rights", [LIST_ONLY, {"reports"}])
def test_an_empty_answer_is_no_roster(clock: Clock, rights: set[str]) -> None:
    with FakeCanvas(people=[], rights=rights) as canvas, pytest.raises(RosterIncomplete, match="empty"):
        read(canvas, clock)


def test_a_token_that_is_not_valid_is_told_from_a_missing_right(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.token = "expired"
    settings = canvas.settings()
    canvas.token = "another"
    with pytest.raises(RemoteRefused, match="wrong, expired or revoked"):
        read_whole(read_roster(settings, clock.context()))
    assert len(canvas.seen) == 1


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_missing_right_is_not_taken_for_throttling(canvas: FakeCanvas, clock: Clock, refusal: int) -> None:
    canvas.rights, canvas.refusal = set(), refusal
    with pytest.raises(RemoteRefused, match="lack a right"):
        read(canvas, clock)
    assert clock.slept == []


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("remaining", ["0.0", "18.49214469441995", "nan", "soon"])
def test_throttling_is_waited_out_and_not_taken_for_a_missing_right(
    canvas: FakeCanvas, clock: Clock, status: int, remaining: str
) -> None:
    canvas.rights = LIST_ONLY
    canvas.fail_next(throttled(status, remaining), times=ATTEMPTS - 1, where="/users")
    assert len(read(canvas, clock)) == len(PEOPLE)
    assert len(clock.slept) == ATTEMPTS - 1
    assert min(clock.slept) >= 1


def test_throttling_without_end_is_no_roster(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights = LIST_ONLY
    canvas.fail_next(throttled(), times=ATTEMPTS, where="/users")
    with pytest.raises(RemoteUnavailable, match="rate limit"):
        read(canvas, clock)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_retry_after_is_honoured(canvas: FakeCanvas, clock: Clock, status: int) -> None:
    canvas.rights = LIST_ONLY
    canvas.fail_next(throttled(status, **{"Retry-After": "77"}), where="/users")
    read(canvas, clock)
    assert clock.slept == [77]


def test_a_refusal_waits_until_the_bucket_has_room(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights = LIST_ONLY
    canvas.fail_next(throttled(403, "50"), where="/users")
    read(canvas, clock)
    assert clock.slept == [15]


def test_a_wait_of_hours_ends_the_run(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.fail_next(throttled(403, **{"Retry-After": str(LONGEST_ASKED + 1)}))
    with pytest.raises(RemoteUnavailable):
        read(canvas, clock)
    assert clock.slept == []


def test_we_slow_down_before_canvas_refuses_others_who_use_the_token(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights, canvas.remaining = LIST_ONLY, 150.0
    read(canvas, clock)
    assert clock.slept == [5]


@pytest.mark.parametrize(
    ("leak", "cost", "full"), [(10.0, 20.0, 0.0), (10.0, 45.0, 0.0), (100.0, 20.0, 0.0), (10.0, 20.0, 600.0)]
)
def test_the_limit_is_used_and_not_exceeded(clock: Clock, leak: float, cost: float, full: float) -> None:
    """Whatever the operator set, and however full others left the bucket."""
    bucket = Bucket(lambda: clock.now, leak=leak, cost=cost, level=full)
    with FakeCanvas(people=Crowd(10_000), rights=LIST_ONLY, bucket=bucket) as canvas:
        started = clock.now
        read(canvas, clock)
    assert bucket.refused <= 1
    allowed = (clock.now - started) * leak / cost
    assert bucket.taken >= 0.8 * allowed


def test_the_token_does_not_follow_a_next_link_to_another_host(clock: Clock) -> None:
    with (
        FakeServer(lambda request: Reply(200, b"[]")) as thief,
        FakeCanvas(people=Crowd(300), rights=LIST_ONLY) as canvas,
    ):
        canvas.next_link = lambda link: link.replace(canvas.url, thief.url)
        with pytest.raises(RosterIncomplete, match="another host"):
            read(canvas, clock)
        assert not thief.seen


@pytest.mark.parametrize(
    "link", ["https://[/x", "https://canvas:99999/x", "/api/v1/accounts/1/users?page=2", "file:///x"]
)
def test_a_next_link_that_is_no_address_is_no_roster(clock: Clock, link: str) -> None:
    with FakeCanvas(people=Crowd(300), rights=LIST_ONLY) as canvas:
        canvas.next_link = lambda _: link
        with pytest.raises(RosterIncomplete, match="another host"):
            read(canvas, clock)


@pytest.mark.parametrize("url", ["https://[/x", "https://canvas:99999/x", "", "file:///x"])
def test_an_attachment_that_is_no_address_is_no_roster(canvas: FakeCanvas, clock: Clock, url: str) -> None:
    canvas.attachment = {"url": url}
    with pytest.raises((RemoteRefused, RemoteUnavailable)):
        read(canvas, clock)


def test_a_redirect_without_a_host_stays_on_its_host(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.fail_next(Reply(302, b"", {"Location": "/files/777/elsewhere"}), where="/files/")
    assert len(read(canvas, clock)) == len(PEOPLE)


def test_a_next_link_that_repeats_ends_in_no_roster(clock: Clock) -> None:
    """Gradecraft asked for one page for ever."""
    with FakeCanvas(people=Crowd(300), rights=LIST_ONLY) as canvas:
        canvas.fail_next(Reply(200, b"[]", {"Link": f'<{canvas.url}/api/v1/again>; rel="next"'}), 9, where="again")
        canvas.next_link = lambda link: f"{canvas.url}/api/v1/again"
        with pytest.raises(RosterIncomplete, match="twice"):
            read(canvas, clock)


def test_a_list_that_starts_again_is_no_roster(clock: Clock) -> None:
    """A bookmark that Canvas cannot read is the start of the list, without an error."""
    with FakeCanvas(people=Crowd(300), rights=LIST_ONLY) as canvas:
        canvas.next_link = lambda link: f"{link.partition('bookmark:')[0]}bookmark:nonsense"
        with pytest.raises(RosterIncomplete, match="started its list"):
            read(canvas, clock)


def test_a_list_that_breaks_off_is_no_roster(clock: Clock) -> None:
    with FakeCanvas(people=Crowd(300), rights=LIST_ONLY) as canvas:
        canvas.fail_next(error(404), where="bookmark")
        pages = read_roster(canvas.settings(), clock.context())
        assert len(next(pages)) == 100
        with pytest.raises(RosterIncomplete, match="broke off"):
            list(pages)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]", b'[{"name": "nobody"}]', b'[{"id": "101"}]'])
def test_a_page_that_is_no_list_of_people_is_no_roster(canvas: FakeCanvas, clock: Clock, body: bytes) -> None:
    canvas.rights = LIST_ONLY
    canvas.fail_next(Reply(200, body), where="/users")
    with pytest.raises(RosterIncomplete):
        read(canvas, clock)


def test_other_statuses_are_refusals(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.fail_next(error(400, "search_term"))
    with pytest.raises(RemoteRefused, match="400"):
        read(canvas, clock)


COURSE = [
    Enrollment(AVERY),
    Enrollment(MONONYM, "invited"),
    Enrollment(MANUAL, "inactive"),
    Enrollment(NO_SIS_ID, "completed"),
    Enrollment(Person(999, "Student, Test", None, (Login("t", "t"),)), type="StudentViewEnrollment"),
]


def test_only_people_who_take_part_in_a_course_are_on_its_roster(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.courses = {"55": COURSE, "sis_course_id:B-1": [Enrollment(AVERY), Enrollment(SHARD)]}
    canvas.sections = {"77": [Enrollment(MONONYM)]}
    filters = {"courses": ["55", "sis_course_id:B-1"], "sections": ["77"]}
    found = read(canvas, clock, roster={"filters": filters})
    assert [member.student.student_id for member in found] == ["S000101", "S000103", "S-0108/Ä"]
    states = [request.parameters() for request in canvas.seen]
    assert all(("state[]", "active") in asked and ("state[]", "invited") in asked for asked in states)


def test_who_fills_the_email_can_filter_by_courses_too(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.courses = {"55": COURSE, "56": [Enrollment(AVERY), Enrollment(SHARD)]}
    roster = {"attributes": {"emailAddress": "email"}, "filters": {"courses": ["55", "56"]}}
    found = read(canvas, clock, roster=roster)
    assert [member.student.student_id for member in found] == ["S000101", "S000103", "S-0108/Ä"]
    assert found[0].fields["email"] == AVERY.email


def test_an_email_that_no_section_tells_is_asked_for_in_no_run() -> None:
    for wish in ({"attributes": {"emailAddress": "email"}}, {"templates": {"emailAddress": "{email}"}}):
        with pytest.raises(ValueError, match="filter by courses"):
            Settings(roster={**wish, "filters": {"sections": ["77"]}})  # type: ignore[arg-type]


def test_a_course_is_read_to_its_last_page(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.courses = {"55": [Enrollment(one) for one in Crowd(250)]}
    assert len(read(canvas, clock, roster={"filters": {"courses": ["55"]}})) == 250


def test_a_course_that_is_gone_does_not_empty_the_rest(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.courses = {"55": COURSE}
    with pytest.raises(RosterIncomplete, match="does not have this"):
        read(canvas, clock, roster={"filters": {"courses": ["55", "56"]}})


def test_an_enrollment_without_its_user_is_no_roster(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.courses = {"55": COURSE}
    canvas.fail_next(Reply(200, b'[{"id": 1, "type": "StudentEnrollment"}]'), where="/courses/")
    with pytest.raises(RosterIncomplete, match="not a list of people"):
        read(canvas, clock, roster={"filters": {"courses": ["55"]}})


@pytest.mark.parametrize("course", ["../accounts/1", "5?as_user_id=1", "5#x", "", "sis_course_id:a/b"])
def test_a_filter_cannot_lead_elsewhere(course: str) -> None:
    with pytest.raises(ValueError, match="courses"):
        Settings(roster={"filters": {"courses": [course]}})  # type: ignore[arg-type]


def test_a_connection_without_an_api_says_what_to_write() -> None:
    with pytest.raises(ConfigError, match="`api`"):
        read_roster(Settings(), Clock().context())


def test_the_token_is_in_no_repr_and_no_address(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights = LIST_ONLY
    assert canvas.token not in repr(canvas.settings())
    read(canvas, clock)
    assert not [request for request in canvas.seen if canvas.token in request.path + request.query]


def test_the_adapter_reads_rosters() -> None:
    assert ADAPTER.read_roster is read_roster


def test_the_next_page_is_asked_for_while_one_is_used_and_no_further_one(clock: Clock) -> None:
    with FakeCanvas(people=Crowd(1_000), rights=LIST_ONLY) as canvas:
        settings = canvas.settings()
        assert settings.api is not None
        pages = Canvas(settings.api, clock.context()).pages("accounts/1/users?sort=id&per_page=100")
        next(pages)
        late = time.monotonic() + 90
        while sum(canvas.count.values()) < 3 and time.monotonic() < late:
            time.sleep(0.01)
        time.sleep(0.1)
        assert sum(canvas.count.values()) == 3  # one is used, one waits for its turn, one waits to wait
        pages.close()
