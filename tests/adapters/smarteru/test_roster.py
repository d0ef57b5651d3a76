"""SmarterU: everybody, by the number that packages are given, or an error that says why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.smarteru import ADAPTER
from adapters.smarteru import export as export_file
from adapters.smarteru.examine import examine
from adapters.smarteru.install import installation
from adapters.smarteru.look_up import look_up
from adapters.smarteru.roster import read_changes, read_roster
from adapters.smarteru.settings import Settings
from bridge.contracts import RECORD, Observation, RosterEnd, Student
from bridge.errors import RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.install.guide import Addresses, to_text
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.serving import Reply
from tests.fakes.smarteru import ACCOUNT, HEADERS, USER, Account, export_text, failed, person

PEOPLE = 30
ENTITY = (
    b'<!DOCTYPE SmarterU [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    b"<SmarterU><Result>Success</Result><Info><TotalRecords>&x;</TotalRecords></Info></SmarterU>"
)
Connect = Callable[..., Settings]


@pytest.fixture
def account() -> Iterator[Account]:
    with Account([person(number) for number in range(PEOPLE)]) as account:
        yield account


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connect(account: Account, tmp_path: Path) -> Connect:
    def settings(text: str | None = None, **keys: Any) -> Settings:
        path = tmp_path / "export.csv"
        path.write_text(export_text(account.people) if text is None else text, "utf-8-sig")
        access = {"url": account.url, "account_key": ACCOUNT, "user_key": USER, **keys.pop("api", {})}
        said = {"student_id": "scorm_student_id", "export": str(path), "api": access, **keys}
        return Settings.model_validate({name: value for name, value in said.items() if value is not None})

    return settings


def test_a_whole_account_is_read_with_what_attributes_may_be_filled_from(
    account: Account, connect: Connect, clock: Clock
) -> None:
    account.people[3] = person(3, Status="Inactive")
    *pages, end = read_roster(connect(api={"page_size": "7"}), clock.context())
    people = [member for page in pages for member in page]
    assert (len(people), end) == (PEOPLE, RosterEnd(PEOPLE, account.now))
    assert people[0].student == Student("1001", "Zoë", "O’Brien 0")
    assert [one.active for one in people[:5]] == [True, True, True, False, True]
    fields = people[0].fields
    assert (fields["Email"], fields["EmployeeID"], fields[RECORD]) == ("p0@example.com", "E0000", "1001")


def test_the_users_are_found_where_a_client_has_them_too(account: Account, connect: Connect, clock: Clock) -> None:
    account.directly = True
    assert len(read_whole(read_roster(connect(), clock.context()))) == PEOPLE


@pytest.mark.parametrize(("number", "field"), [("scorm", "scorm_student_id"), ("profile", "profile_id")])
def test_the_number_of_packages_is_the_id_whichever_number_the_api_has(
    account: Account, connect: Connect, clock: Clock, number: str, field: str
) -> None:
    account.number = number
    first = read_whole(read_roster(connect(), clock.context()))[0]
    assert (first.student.student_id, first.fields[field]) == ("1001", account.people[0][number])
    assert "ID" not in first.fields  # or doctor would advise it as a student_id


def test_a_profile_id_is_never_anybodys_student_id(account: Account, connect: Connect, clock: Clock) -> None:
    account.number = "profile"
    settings = connect(export_text(account.people[:-1]))
    found = read_whole(read_roster(settings, clock.context()))
    assert [one.student.student_id for one in found] == [*(f"{1001 + n}" for n in range(PEOPLE - 1)), ""]


def test_an_export_of_another_account_proves_nothing(account: Account, connect: Connect, clock: Clock) -> None:
    foreign = [person(n, profile=f"9{n}", scorm=f"8{n}") for n in range(PEOPLE)]
    with pytest.raises(RosterIncomplete, match="which number the API has cannot be said"):
        read_whole(read_roster(connect(export_text(foreign)), clock.context()))
    nobody = [person(n, Email=f"x{n}@example.org", EmployeeID=f"X{n}") for n in range(PEOPLE)]
    with pytest.raises(RosterIncomplete, match=r"finds none of 10 people.*Let that user see everybody"):
        read_whole(read_roster(connect(export_text(nobody)), clock.context()))


def test_where_both_numbers_are_the_same_newcomers_have_one_too(
    account: Account, connect: Connect, clock: Clock
) -> None:
    account.people = [person(n, profile=f"{n + 1}", scorm=f"{n + 1}") for n in range(PEOPLE)]
    settings = connect(export_text(account.people[:-1]))
    assert read_whole(read_roster(settings, clock.context()))[-1].student.student_id == "30"


@pytest.mark.parametrize(("gone", "whole"), [(1, True), (2, False)])
def test_one_who_left_a_small_account_stops_nothing_and_two_are_told(
    account: Account, connect: Connect, clock: Clock, gone: int, whole: bool
) -> None:
    account.people = account.people[:8]
    settings = connect()
    account.people = account.people[gone:]
    if whole:
        assert len(read_whole(read_roster(settings, clock.context()))) == 8 - gone
    else:
        with pytest.raises(RosterIncomplete, match=r"2 of 8 people of export\.csv"):
            read_whole(read_roster(settings, clock.context()))


def test_a_number_that_fits_only_those_who_were_asked_for_is_not_believed_of_all(
    account: Account, connect: Connect, clock: Clock
) -> None:
    export = export_text(account.people)
    asked = range(0, PEOPLE, 3)
    account.people = [person(n) if n in asked else person(n, scorm=f"7{n}") for n in range(PEOPLE)]
    with pytest.raises(RosterIncomplete, match=r"of 10 of 30 people who are in export\.csv"):
        read_whole(read_roster(connect(export), clock.context()))


def test_one_address_that_changed_hands_does_not_stop_everybody(
    account: Account, connect: Connect, clock: Clock
) -> None:
    export = export_text(account.people)
    account.people[1] = person(1, Email="p2@example.com")
    account.people[2] = person(2, Email="new@example.com")
    assert len(read_whole(read_roster(connect(export), clock.context()))) == PEOPLE


def test_a_key_that_sees_half_of_the_people_makes_nobody_gone(account: Account, connect: Connect, clock: Clock) -> None:
    account.sees = {"Sales"}
    with pytest.raises(RosterIncomplete, match=r"15 of 30 people of export\.csv.*see everybody"):
        read_whole(read_roster(connect(), clock.context()))


def test_an_export_of_last_year_proves_the_number_and_stops_nothing(
    account: Account, connect: Connect, clock: Clock
) -> None:
    export = export_text(account.people)
    account.people = [*account.people[1:], *(person(n) for n in range(500, 600))]
    assert len(read_whole(read_roster(connect(export), clock.context()))) == 129
    assert clock.notices == ["1 people of the export are not in the API's list; make a new export where they left"]


@pytest.mark.parametrize(
    ("trap", "words"),
    [
        ({"total": PEOPLE + 1}, f"{PEOPLE} users came where it says {PEOPLE + 1}"),
        ({"total": PEOPLE - 1}, "came where it says"),
        ({"says_total": False}, "does not say how many there are"),
        ({"repeats": True}, "came twice"),
        ({"leaves_out": {"Status"}}, "leaves Status out"),
        ({"leaves_out": {"ID"}}, "leaves ID out"),
    ],
)
def test_a_list_that_is_not_whole_makes_nobody_gone(
    account: Account, connect: Connect, clock: Clock, trap: dict[str, Any], words: str
) -> None:
    vars(account).update(trap)
    with pytest.raises(RosterIncomplete, match=words):
        read_whole(read_roster(connect(api={"page_size": "10"}), clock.context()))


def test_a_smaller_page_than_asked_for_is_not_the_last(account: Account, connect: Connect, clock: Clock) -> None:
    account.cap = 4
    assert len(read_whole(read_roster(connect(), clock.context()))) == PEOPLE


def test_a_page_that_changes_its_size_passes_nobody_over(account: Account, connect: Connect, clock: Clock) -> None:
    settings, listed = connect(api={"page_size": "10"}), account._list

    def shrinking(asked: Any) -> Reply:
        account.cap = 10 if account.pages == 0 else 5
        return listed(asked)

    account._list = shrinking  # type: ignore[method-assign]
    with pytest.raises(RosterIncomplete, match="came twice"):
        read_whole(read_roster(settings, clock.context()))


@pytest.mark.parametrize("name", ["Email", "EmployeeID"])
def test_a_field_that_vanishes_or_is_renamed_is_told_and_empties_nothing(
    account: Account, connect: Connect, clock: Clock, name: str
) -> None:
    account.leaves_out = {name}
    settings = connect(roster={"attributes": {"emailAddress": "Email", "employeeId": "EmployeeID"}})
    with pytest.raises(RosterIncomplete, match=rf"leaves {name} out of users.*may not read it, or it has another name"):
        read_whole(read_roster(settings, clock.context()))


def test_a_status_that_nobody_knows_deactivates_nobody(account: Account, connect: Connect, clock: Clock) -> None:
    account.people[5] = person(5, Status="Archived")
    with pytest.raises(RosterIncomplete, match="'archived' as the Status"):
        read_whole(read_roster(connect(), clock.context()))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><title>Just a moment...</title>", "a web page and not XML"),
        (b"<html><body>Sign in</body></html>", "a web page and not XML"),
        (b"<SmarterU><Result>Success</Result><Info><Users><User><ID>1", "is not XML, or breaks off"),
        (b"", "is not XML"),
        (b"<Other/>", "not one of SmarterU's"),
        (b"<SmarterU><Info/></SmarterU>", "neither Success nor Failed"),
        (b"<SmarterU><Result>Success</Result></SmarterU>", "neither Success nor Failed"),
        (ENTITY, "not one of SmarterU's"),
        (b"<!--" + b"x" * 9000 + b"-->" + ENTITY, "not one of SmarterU's"),
    ],
)
def test_what_is_no_answer_of_the_api_makes_nobody_gone(
    account: Account, connect: Connect, clock: Clock, body: bytes, words: str
) -> None:
    account.fail_next(Reply(200, body), where="%3CPage%3E2")
    with pytest.raises(RosterIncomplete, match=words):
        read_whole(read_roster(connect(api={"page_size": "10"}), clock.context()))


def test_failed_is_a_failure_although_http_says_200_and_no_key_is_told(
    account: Account, connect: Connect, clock: Clock
) -> None:
    with pytest.raises(RemoteRefused, match=r"SU:02: An invalid account API key.*check `api\.account_key`") as told:
        read_whole(read_roster(connect(api={"account_key": "wrong-key-0123456789"}), clock.context()))
    assert "wrong-key" not in str(told.value)
    account.fail_next(failed("LU:09", f"no more for {ACCOUNT}-{USER}"), where="%3CPage%3E2")
    with pytest.raises(RosterIncomplete, match=r"broke off.*LU:09") as broken:
        read_whole(read_roster(connect(api={"page_size": "10"}), clock.context()))
    assert ACCOUNT not in str(broken.value)


def test_an_interruption_is_waited_for(account: Account, connect: Connect, clock: Clock) -> None:
    account.fail_next(Reply(503), times=3, where="listUsers")
    assert len(read_whole(read_roster(connect(), clock.context()))) == PEOPLE
    account.fail_next(Reply(404, b"<html>"), where="listUsers")
    with pytest.raises(RemoteRefused, match="answered 404 to listUsers; the answer is a web page"):
        read_whole(read_roster(connect(), clock.context()))


@pytest.mark.parametrize(
    ("filters", "count"), [({"home_groups": ["Sales"]}, 15), ({"teams": ["Night"]}, 30), ({"teams": ["None"]}, 0)]
)
def test_who_is_on_the_roster_is_chosen_here(
    connect: Connect, clock: Clock, filters: dict[str, list[str]], count: int
) -> None:
    settings = connect(roster={"filters": filters})
    if count:
        assert len(read_whole(read_roster(settings, clock.context()))) == count
    else:
        with pytest.raises(RosterIncomplete, match="the roster is empty"):
            read_whole(read_roster(settings, clock.context()))


@pytest.mark.parametrize("days", ["%d-%b-%Y", "%d/%m/%Y"])
@pytest.mark.parametrize("refuses", [True, False])
def test_changes_are_asked_for_in_the_days_that_the_account_reads(
    account: Account, connect: Connect, clock: Clock, days: str, refuses: bool
) -> None:
    account.days, account.refuses_days = (days,), refuses
    account.people[7] = person(7, ModifiedDate="2027-01-13 08:00:00.000")
    *pages, end = read_changes(connect(), clock.context(), account.now - 86_400)
    assert [member.student.student_id for page in pages for member in page] == ["1008"]
    assert end == RosterEnd(1, account.now)


def test_days_that_the_account_does_not_read_are_not_a_night_without_changes(
    account: Account, connect: Connect, clock: Clock
) -> None:
    account.days = ("%Y-%m-%d",)
    with pytest.raises(RosterIncomplete, match="finds nobody by the day of a change"):
        list(read_changes(connect(), clock.context(), account.now - 86_400))


def test_a_key_that_sees_half_of_the_people_is_not_asked_what_changed(
    account: Account, connect: Connect, clock: Clock
) -> None:
    account.sees = {"Sales"}
    with pytest.raises(RosterIncomplete, match=r"5 of 10 people.*changes of the others would be missed"):
        list(read_changes(connect(), clock.context(), account.now))


def test_people_who_never_launched_say_nothing_of_the_number(account: Account, connect: Connect, clock: Clock) -> None:
    export = export_text([person(n, **({"scorm": ""} if n % 3 else {})) for n in range(PEOPLE)])
    assert len(read_whole(read_roster(connect(export), clock.context()))) == PEOPLE


def test_where_the_export_brings_the_ids_changes_alone_are_not_enough(
    account: Account, connect: Connect, clock: Clock
) -> None:
    account.number = "profile"
    with pytest.raises(RosterIncomplete, match="the export brings the student IDs"):
        list(read_changes(connect(), clock.context(), account.now))


@pytest.mark.parametrize("number", ["scorm", "profile"])
def test_one_person_is_found_by_the_number_of_packages_and_by_no_other(
    account: Account, connect: Connect, clock: Clock, number: str
) -> None:
    account.number = number
    (found,) = look_up(connect(), clock.context(), "1004")
    assert (found.student.student_id, found.fields["Email"]) == ("1004", "p3@example.com")
    assert look_up(connect(), clock.context(), "999999") == ()
    assert look_up(connect(), clock.context(), "1000") == ()  # a Profile ID, of the first person
    assert look_up(connect(roster={"filters": {"home_groups": ["Plant"]}}), clock.context(), "1004") == []


def test_looking_one_person_up_takes_three_calls_and_waits_for_nobody(
    account: Account, connect: Connect, clock: Clock
) -> None:
    look_up(connect(), clock.context(), "1004")
    assert sum(account.count.values()) == 3
    account.fail_next(Reply(503, b"", {"Retry-After": "1"}))
    with pytest.raises(RemoteUnavailable):
        look_up(connect(), clock.context(), "1004")
    assert clock.slept == []


@pytest.mark.parametrize(("student_id", "value"), [("Email", "p3@example.com"), ("EmployeeID", "E0003")])
def test_an_id_that_the_api_names_plainly_needs_no_export(
    account: Account, connect: Connect, clock: Clock, student_id: str, value: str
) -> None:
    settings = connect(student_id=student_id, export=None)
    assert read_whole(read_roster(settings, clock.context()))[3].student.student_id == value
    (found,) = look_up(settings, clock.context(), value)
    assert found.student.student_id == value
    assert sum(account.count.values()) == 2


def test_an_export_that_nobody_needs_stops_nothing(account: Account, connect: Connect, clock: Clock) -> None:
    settings = connect("no export", student_id="EmployeeID")
    assert read_whole(read_roster(settings, clock.context()))[3].student.student_id == "E0003"
    *_, end = read_changes(settings, clock.context(), account.now)
    assert end == RosterEnd(0, account.now)


def test_the_guide_names_the_right_that_is_missed_most_and_no_key(connect: Connect) -> None:
    text = to_text(installation(connect(), Addresses("https://bridge.example.edu", "smarteru")))
    assert "the API shows only whom this user may see" in " ".join(text.split())
    assert "Export to CSV (full)" in text
    assert ACCOUNT not in text


def looked_at(settings: Settings, clock: Clock) -> dict[str, Observation]:
    return {found.what: found for found in examine(settings, clock.context())}


@pytest.mark.parametrize(
    ("number", "state", "words"),
    [("scorm", "ok", "API ID = SCORM Student ID"), ("profile", "look", "API ID = Profile ID")],
)
def test_doctor_says_which_number_the_api_has(
    account: Account, connect: Connect, clock: Clock, number: str, state: str, words: str
) -> None:
    account.number = number
    found = looked_at(connect(), clock)
    assert (found["number in the API"].state, words in found["number in the API"].detail) == (state, True)
    assert found["whom the API's user sees"].state == "ok"


def test_doctor_says_where_the_number_is_neither_and_whom_the_key_does_not_see(
    account: Account, connect: Connect, clock: Clock
) -> None:
    export = export_text([person(n, profile=f"9{n}", scorm=f"8{n}") for n in range(PEOPLE)])
    account.sees = {"Sales"}
    found = looked_at(connect(export), clock)
    assert (found["number in the API"].state, found["number in the API"].detail[:8]) == ("failed", "neither:")
    sight = found["whom the API's user sees"]
    assert (sight.state, sight.detail) == (
        "look",
        "the API shows 15 people where export.csv has 30; it finds 5 of 10 of them",
    )
    (alone,) = examine(connect(student_id="Email", export=None), clock.context())
    assert (alone.state, "Export to CSV (full)" in alone.advice) == ("look", True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADERS.replace("SCORM Student ID", "Student"), "no column SCORM Student ID; make it with Users Dashboard"),
        (HEADERS.replace("Profile ID", "Profile"), "no column Profile ID"),
        (HEADERS.replace("Email Address", "Mail").replace("Employee ID", "No"), "no column Email Address"),
        (HEADERS, "nobody in it has a Profile ID"),
        (f"{HEADERS}\n1,2,a,b,c,d@x.y,,,\n1,3,a,b,e,f@x.y,,,\n", "a Profile ID stands twice"),
        (f"{HEADERS},Profile ID\n", "a header stands twice"),
        ("", "no column Profile ID"),
    ],
)
def test_an_export_that_lacks_a_number_is_told_with_how_to_make_another(
    connect: Connect, clock: Clock, text: str, words: str
) -> None:
    with pytest.raises(RosterIncomplete, match=re.escape(words)):
        read_whole(read_roster(connect(text), clock.context()))


def test_an_address_that_several_people_share_names_none_of_them(
    account: Account, connect: Connect, clock: Clock
) -> None:
    account.people = [person(n, Email="office@example.com") for n in range(PEOPLE)]
    assert read_whole(read_roster(connect(), clock.context()))[4].student.student_id == "1005"


def test_a_file_far_too_large_for_an_export_is_not_read(
    connect: Connect, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_file, "MAX_BYTES", 100)
    with pytest.raises(RosterIncomplete, match=r"export\.csv: the file is larger than"):
        list(read_roster(connect(), clock.context()))


def test_an_export_that_is_gone_is_named(connect: Connect, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(RemoteUnavailable, match=r"gone\.csv: the file cannot be opened"):
        list(read_roster(connect(export=str(tmp_path / "gone.csv")), clock.context()))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"student_id": None}, "has no default here: scorm_student_id is what packages are given"),
        ({"student_id": "ID"}, "the number in the API may be the Profile ID"),
        ({"export": None}, "needs `export`"),
        ({"student_id": "username"}, "scorm_student_id"),
        ({"api": {"page_size": "5000"}}, "less than or equal to 1000"),
    ],
)
def test_a_wrong_setting_says_what_is_allowed(connect: Connect, keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        connect(**keys)


def test_no_key_shows_in_the_settings(connect: Connect) -> None:
    assert ACCOUNT not in repr(connect())
    assert USER not in repr(connect())
    assert ADAPTER.settings is Settings
