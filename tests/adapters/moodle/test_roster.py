"""Everybody on a Moodle roster, or no roster: nobody whom Moodle hides may look like somebody who left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from adapters.moodle import ADAPTER
from adapters.moodle.listing import ROUNDS, SLICE, TRIES, WINDOW
from adapters.moodle.people import Person as MoodlePerson
from adapters.moodle.people import check_rights, member
from adapters.moodle.roster import read_roster
from adapters.moodle.settings import Settings
from bridge.contracts import RECORD, RosterEnd, RosterMember, Student
from bridge.errors import ConfigError, RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.net.retry import ATTEMPTS
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.moodle import ADMIN, FUNCTIONS, GUEST, RIGHTS, FakeMoodle, Person, crowd, deleted, failure, person
from tests.fakes.serving import Reply, Request

ANA = Person(3, "ana", "Ana", "García López", "ana@example.invalid", "A12001", profile=(("sisid", "SIS-1"),))
PLATO = Person(10, "plato", "Plato", "-", "plato@example.invalid")
PEOPLE = [GUEST, ADMIN, ANA, PLATO]
BY_FIELD = "core_user_get_users_by_field"
ENROLLED = "core_enrol_get_enrolled_users"
SITE = b'{"userid":2,"siteid":1,"functions":[{"name":"core_user_get_users_by_field"}]}'
NOTICE = b"<br />\n<b>Deprecated</b>:  Optional parameter in <b>/srv/x/lib.php</b> on line <b>7</b><br />\n"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def moodle() -> Iterator[FakeMoodle]:
    with FakeMoodle(people=list(PEOPLE)) as moodle:
        yield moodle


def read(moodle: FakeMoodle, clock: Clock, **settings: Any) -> list[RosterMember]:
    return read_whole(read_roster(moodle.settings(**settings), clock.context()))


def ids(members: list[RosterMember]) -> list[int]:
    return [int(member.fields["id"]) for member in members]


def in_course(number: int = 5) -> dict[str, Any]:
    return {"roster": {"filters": {"courses": [number]}}}


def test_everybody_comes_under_moodle_s_own_names(moodle: FakeMoodle, clock: Clock) -> None:
    ana, plato = read(moodle, clock)[1:]
    assert ana == RosterMember(
        Student("A12001", "Ana", "García López"),
        {
            RECORD: "3",
            "id": "3",
            "idnumber": "A12001",
            "username": "ana",
            "email": "ana@example.invalid",
            "firstname": "Ana",
            "lastname": "García López",
            "profile.sisid": "SIS-1",
        },
        active=True,
    )
    assert plato.student == Student("", "Plato", "")
    assert (plato.fields["idnumber"], plato.fields["lastname"]) == ("", "")


@pytest.mark.parametrize(
    ("student_id", "expected"),
    [("idnumber", "A12001"), ("username", "ana"), ("user_id", "3"), ("email", "ana@example.invalid")],
)
def test_launch_and_roster_agree_on_the_student_id(
    moodle: FakeMoodle, clock: Clock, student_id: str, expected: str
) -> None:
    assert read(moodle, clock, student_id=student_id)[1].student.student_id == expected


def test_guest_deleted_and_unconfirmed_people_are_nobody_and_suspended_ones_inactive(
    moodle: FakeMoodle, clock: Clock
) -> None:
    moodle.people = [
        *PEOPLE,
        person(11)._replace(suspended=True),
        person(12)._replace(confirmed=False),
        deleted(person(13)),
        deleted(person(14))._replace(email=""),
    ]
    found = [(member.fields["id"], member.active) for member in read(moodle, clock)]
    assert found == [("2", True), ("3", True), ("10", True), ("11", False)]


@pytest.mark.parametrize(
    "odd",
    [
        {"email": "d750033922193adb319648c5eb34f9a8"},
        {"username": "jo@example.invalid.1795427486"},
        {"username": "jo@example.invalid.1795427486", "email": "d750033922193adb319648c5eb34f9a8", "idnumber": "A9"},
        {"username": "jo@example.invalid.1795427486", "idnumber": ""},
        {"username": "jo.2026", "email": "", "idnumber": ""},
    ],
)
def test_somebody_with_an_odd_name_is_not_taken_for_deleted(
    moodle: FakeMoodle, clock: Clock, odd: dict[str, str]
) -> None:
    moodle.people = [*PEOPLE, person(11)._replace(**odd)]
    assert 11 in ids(read(moodle, clock))


def test_two_people_with_one_idnumber_are_both_told(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.people = [*PEOPLE, person(11)._replace(idnumber="A12001")]
    assert [member.student.student_id for member in read(moodle, clock)].count("A12001") == 2


@pytest.mark.parametrize("size", [SLICE - 3, SLICE - 2, SLICE - 1, 2 * SLICE])
@pytest.mark.parametrize("guest_listed", [True, False])
def test_a_site_is_read_to_its_last_person(clock: Clock, size: int, guest_listed: bool) -> None:
    with FakeMoodle(people=crowd(size), guest_listed=guest_listed) as moodle:
        assert ids(read(moodle, clock)) == list(range(2, size + 3))


def test_a_large_site_is_not_held_in_memory(clock: Clock) -> None:
    with FakeMoodle(people=crowd(5 * SLICE)) as moodle:
        pages = read_roster(moodle.settings(), clock.context())
        next(pages)
        asked = len(moodle.seen)
        assert isinstance(list(pages)[-1], RosterEnd)
        assert len(moodle.seen) - asked >= 5


@pytest.mark.parametrize("hidden", [3, 250, 499, 500, 501, 602])
def test_one_person_whom_moodle_hides_is_not_taken_for_gone(clock: Clock, hidden: int) -> None:
    with FakeMoodle(people=crowd(600), hidden={hidden}) as moodle, pytest.raises(RosterIncomplete):
        read(moodle, clock)


@pytest.mark.parametrize("guest_listed", [True, False])
@pytest.mark.parametrize("hidden", [{3}, {21}, {22}, set(range(4, 22)), set(range(3, 10))])
def test_on_a_small_site_too_nobody_whom_moodle_hides_is_taken_for_gone(
    clock: Clock, hidden: set[int], guest_listed: bool
) -> None:
    """Moodle 4.5.6 shows a token without moodle/user:viewdetails itself and teachers, and calls that success."""
    moodle = FakeMoodle(people=crowd(20), hidden=hidden, guest_listed=guest_listed)
    with moodle, pytest.raises(RosterIncomplete):
        read(moodle, clock)


@pytest.mark.parametrize("token_user", [2, 300, 602])
def test_a_token_that_sees_only_itself_is_no_roster(clock: Clock, token_user: int) -> None:
    moodle = FakeMoodle(people=crowd(600), token_user=token_user, rights=RIGHTS - {"viewdetails"})
    with moodle, pytest.raises(RosterIncomplete, match="moodle/user:viewdetails"):
        read(moodle, clock)


@pytest.mark.parametrize(
    ("right", "capability"),
    [
        ("viewalldetails", "moodle/user:viewalldetails"),
        ("viewhiddendetails", "moodle/user:viewhiddendetails"),
        ("viewfullnames", "moodle/site:viewfullnames"),
    ],
)
def test_a_hidden_detail_is_not_taken_for_an_empty_one(
    moodle: FakeMoodle, clock: Clock, right: str, capability: str
) -> None:
    moodle.rights = RIGHTS - {right}
    with pytest.raises(RosterIncomplete, match=capability):
        read(moodle, clock)


def test_nought_in_a_profile_field_is_not_taken_for_nothing() -> None:
    fields = [{"shortname": "nought", "value": 0}, {"shortname": "nothing", "value": None}]
    said = member(msgspec.convert({"id": 3, "customfields": fields}, MoodlePerson), "idnumber").fields
    assert (said["profile.nought"], said["profile.nothing"]) == ("0", "")


@pytest.mark.parametrize("key", ["username", "firstname", "lastname", "suspended", "confirmed"])
def test_every_detail_we_rely_on_is_looked_for(key: str) -> None:
    said = {"id": 3, "username": "a", "firstname": "A", "lastname": "B", "suspended": False, "confirmed": True}
    check_rights(msgspec.convert(said, MoodlePerson))
    del said[key]
    with pytest.raises(RosterIncomplete, match="moodle/"):
        check_rights(msgspec.convert(said, MoodlePerson))


def test_a_hidden_e_mail_address_is_not_taken_for_an_empty_one(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.rights = RIGHTS - {"viewemail"}
    assert "email" not in read(moodle, clock)[1].fields
    for settings in ({"student_id": "email"}, {"roster": {"attributes": {"emailAddress": "email"}}}):
        with pytest.raises(RosterIncomplete, match="viewuseridentity"):
            read(moodle, clock, **settings)


def test_a_token_that_does_not_see_itself_is_no_roster(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.fail_next(Reply(200, b"[]"), where=BY_FIELD)
    with pytest.raises(RosterIncomplete, match="its own user"):
        read(moodle, clock)


def test_a_roster_on_which_nobody_has_an_id_is_no_roster(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.people = [GUEST, ADMIN, PLATO]
    with pytest.raises(RosterIncomplete, match="idnumber"):
        read(moodle, clock)


def test_form_fields_that_php_drops_are_noticed(clock: Clock) -> None:
    with FakeMoodle(people=crowd(600), max_input_vars=400) as moodle, pytest.raises(RosterIncomplete, match="counts"):
        read(moodle, clock)


def test_people_who_come_while_moodle_is_read_are_read_too(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.meanwhile = [(BY_FIELD, lambda m: None), (BY_FIELD, lambda m: m.people.append(person(700)))]
    assert ids(read(moodle, clock)) == [2, 3, 10, 700]


def test_people_who_go_while_moodle_is_read_hold_nothing_up(clock: Clock) -> None:
    def delete_some(moodle: FakeMoodle) -> None:
        moodle.people[5:55] = [deleted(one) for one in moodle.people[5:55]]

    with FakeMoodle(people=crowd(600)) as moodle:
        moodle.meanwhile = [(BY_FIELD, lambda m: None), (BY_FIELD, lambda m: None), (BY_FIELD, delete_some)]
        assert len(read(moodle, clock)) == 601


def test_a_site_that_changes_too_much_is_no_roster(clock: Clock) -> None:
    def delete_many(moodle: FakeMoodle) -> None:
        moodle.people[5 : 6 + WINDOW] = [deleted(one) for one in moodle.people[5 : 6 + WINDOW]]

    with FakeMoodle(people=crowd(600)) as moodle:
        moodle.meanwhile = [(BY_FIELD, lambda m: None), (BY_FIELD, lambda m: None), (BY_FIELD, delete_many)]
        with pytest.raises(RosterIncomplete, match="changed a lot"):
            read(moodle, clock)


def test_a_site_that_grows_faster_than_it_is_read_is_no_roster(moodle: FakeMoodle, clock: Clock) -> None:
    def add(moodle: FakeMoodle) -> None:
        moodle.people.append(person(moodle.people[-1].id + 1))

    moodle.meanwhile = [(BY_FIELD, add)] * (2 * ROUNDS)
    with pytest.raises(RosterIncomplete, match="faster"):
        read(moodle, clock)


def test_a_site_that_breaks_off_is_no_roster(clock: Clock) -> None:
    with FakeMoodle(people=crowd(2 * SLICE)) as moodle:
        pages = read_roster(moodle.settings(), clock.context())
        next(pages)
        moodle.fail_next(failure("invalidtoken"))
        with pytest.raises(RosterIncomplete, match=r"broke off.*Manage tokens"):
            list(pages)


def test_an_answer_to_an_earlier_question_takes_nobody_s_place(clock: Clock) -> None:
    with FakeMoodle(people=crowd(3 * SLICE)) as moodle:
        shown = moodle.answer

        def repeating(request: Request) -> Reply:
            again = {str(number): str(number - SLICE) for number in range(2 * SLICE + 1, 3 * SLICE + 1)}
            form = [(name, again.get(value, value)) for name, value in request.parameters()]
            return shown(request._replace(body=urlencode(form).encode()))

        moodle.answer = repeating
        with pytest.raises(RosterIncomplete, match="people who were not asked for"):
            read(moodle, clock)


@pytest.mark.parametrize(
    ("errorcode", "words"),
    [
        ("invalidtoken", "Manage tokens"),
        ("accessexception", "webservice/rest:use"),
        ("errorcoursecontextnotvalid", "site policy"),
        ("requireloginerror", "moodle/course:view"),
        ("nopermissions", "moodle/user:viewalldetails"),
        ("invalidrecord", "roster.filters"),
        ("invalidparameter", BY_FIELD),
        ("wsaccessusersuspended", "suspended"),
        ("wsaccessuserexpired", "password"),
        ("somethingnew", BY_FIELD),
        ("", "no code"),
        ('"><script>', r"\(script\)"),
    ],
)
def test_a_refusal_says_what_to_change_and_names_nobody(
    moodle: FakeMoodle, clock: Clock, errorcode: str, words: str
) -> None:
    moodle.fail_next(failure(errorcode), where=BY_FIELD)
    with pytest.raises(RemoteRefused, match=words) as caught:
        read(moodle, clock)
    assert "Secret Person" not in str(caught.value)
    assert moodle.token not in str(caught.value)
    assert clock.slept == []


@pytest.mark.parametrize("errorcode", ["sitemaintenance", "upgraderunning"])
def test_a_site_at_rest_is_waited_for_and_never_an_empty_roster(
    moodle: FakeMoodle, clock: Clock, errorcode: str
) -> None:
    moodle.fail_next(failure(errorcode), times=ATTEMPTS - 1)
    assert len(read(moodle, clock)) == 3
    moodle.fail_next(failure(errorcode), times=ATTEMPTS)
    with pytest.raises(RemoteUnavailable, match="Moodle is"):
        read(moodle, clock)


def test_maintenance_by_command_line_is_waited_for(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.fail_next(Reply(503, b"<html>maintenance</html>"), times=2)
    assert len(read(moodle, clock)) == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(403), "switch them on"),
        (
            Reply(403, b"<!DOCTYPE html><title>Just a moment...</title>"),
            "something before Moodle .* refuses our server",
        ),
        (Reply(200, NOTICE + SITE), "debugging text of PHP or a plugin before the JSON: switch debug display off"),
        (Reply(200, SITE + b"\ndataflow/3.DEBUG: [] []\n"), "debugging text of PHP or a plugin after the JSON"),
        (Reply(200, SITE[:-9]), "breaks off"),
        (Reply(200, b""), "empty"),
        (Reply(301, b"", {"Location": "https://moodle.example/x?token=s3cret"}), "redirect to https://moodle.example:"),
        (Reply(404, b"<html>"), "api.url"),
        (Reply(200, b"<html>please log in"), r"a web page .* check `api.url`"),
        (Reply(200, b'<?xml version="1.0"?><EXCEPTION/>'), "api.url"),
        (Reply(200, b"null"), "api.url"),
        (Reply(200, b'[{"id": "3"}]'), "api.url"),
    ],
)
def test_what_is_no_answer_of_moodle_is_no_roster(moodle: FakeMoodle, clock: Clock, reply: Reply, words: str) -> None:
    moodle.fail_next(reply)
    with pytest.raises(RemoteRefused, match=words) as caught:
        read(moodle, clock)
    assert "s3cret" not in str(caught.value)


def test_a_byte_order_mark_before_every_answer_holds_nobody_up(moodle: FakeMoodle, clock: Clock) -> None:
    answer = moodle.answer
    moodle.answer = lambda request: (reply := answer(request))._replace(body=b"\xef\xbb\xbf" + reply.body)
    assert len(read(moodle, clock)) == 3


def test_one_name_that_cannot_be_decoded_holds_no_roster(moodle: FakeMoodle, clock: Clock) -> None:
    answer = moodle.answer
    moodle.answer = lambda request: (reply := answer(request))._replace(
        body=reply.body.replace(b'"Plato"', b'"Pl\xe1to"').replace(b'"Ana"', b'"An\\ud83d"')
    )
    found = read(moodle, clock)
    assert [member.student[:2] for member in found[1:]] == [("A12001", ""), ("", "")]


@pytest.mark.parametrize("function", FUNCTIONS[1:3])
def test_a_service_without_a_function_we_need_is_named_first(moodle: FakeMoodle, clock: Clock, function: str) -> None:
    moodle.functions.remove(function)
    with pytest.raises(RemoteRefused, match=f"lacks {function}:"):
        read(moodle, clock)
    assert len(moodle.seen) == 1


def test_only_a_roster_by_cohort_needs_the_function_for_cohorts(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.functions.remove("core_cohort_get_cohort_members")
    assert read(moodle, clock)
    with pytest.raises(RemoteRefused, match="the token's service lacks core_cohort_get_cohort_members:"):
        read(moodle, clock, roster={"filters": {"cohorts": [7]}})


def test_a_roster_by_cohort_needs_no_function_for_courses(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.functions.remove(ENROLLED)
    moodle.cohorts = {7: [ANA.id]}
    assert ids(read(moodle, clock, roster={"filters": {"cohorts": [7]}})) == [ANA.id]


def test_the_token_stays_out_of_every_address(moodle: FakeMoodle, clock: Clock) -> None:
    read(moodle, clock)
    assert moodle.token not in repr(moodle.settings())
    for request in moodle.seen:
        assert (request.method, request.query) == ("POST", "")
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert ("wstoken", moodle.token) in request.parameters()


def test_a_moodle_in_a_folder_is_found(moodle: FakeMoodle, clock: Clock) -> None:
    settings = Settings(api={"url": f"{moodle.url}/lms/", "token": moodle.token})  # type: ignore[arg-type]
    with pytest.raises(RemoteRefused, match="404"):
        read_whole(read_roster(settings, clock.context()))
    assert moodle.seen[0].path == "/lms/webservice/rest/server.php"


@pytest.mark.parametrize("size", [1, SLICE - 1, SLICE, SLICE + 1, 2 * SLICE + 1])
def test_a_course_is_read_to_its_last_member(clock: Clock, size: int) -> None:
    with FakeMoodle(people=crowd(1500), courses={5: list(range(10, 10 + size))}) as moodle:
        assert ids(read(moodle, clock, **in_course())) == list(range(10, 10 + size))


@pytest.mark.parametrize("gone", [10, 10 + SLICE - 1])
def test_somebody_who_leaves_a_course_meanwhile_makes_nobody_else_vanish(clock: Clock, gone: int) -> None:
    """Positions shift by one, and the person at the edge of a page would be skipped."""
    with FakeMoodle(people=crowd(1500), courses={5: list(range(10, 1200))}) as moodle:
        moodle.meanwhile = [(ENROLLED, lambda m: None), (ENROLLED, lambda m: m.courses[5].remove(gone))]
        assert ids(read(moodle, clock, **in_course())) == [one for one in range(10, 1200) if one != gone]


def test_a_course_that_keeps_changing_is_no_roster(clock: Clock) -> None:
    with FakeMoodle(people=crowd(1500), courses={5: list(range(10, 1200))}) as moodle:
        moodle.meanwhile = [(ENROLLED, lambda m: m.courses[5].pop(0))] * (3 * TRIES)
        with pytest.raises(RosterIncomplete, match="changes while it is read"):
            read(moodle, clock, **in_course())


@pytest.mark.parametrize("hidden", [10, 300, 509, 510, 1199])
def test_one_member_whom_a_course_hides_is_not_taken_for_gone(clock: Clock, hidden: int) -> None:
    moodle = FakeMoodle(people=crowd(1500), courses={5: list(range(10, 1200))}, hidden={hidden})
    with moodle, pytest.raises(RosterIncomplete, match="hides some"):
        read(moodle, clock, **in_course())


def test_a_course_that_shows_nobody_is_no_roster(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.courses = {5: []}
    with pytest.raises(RosterIncomplete, match="course 5 has no active members"):
        read(moodle, clock, **in_course())


def test_courses_and_cohorts_give_each_person_once(clock: Clock) -> None:
    with FakeMoodle(people=crowd(50)) as moodle:
        moodle.courses, moodle.cohorts = {5: [10, 11], 6: [11, 12]}, {7: [12, 30], 8: []}
        filters = {"courses": ["5", "6"], "cohorts": ["7", "8"]}
        assert ids(read(moodle, clock, roster={"filters": filters})) == [10, 11, 12, 30]


def test_a_cohort_member_whom_moodle_hides_is_not_taken_for_gone(clock: Clock) -> None:
    moodle = FakeMoodle(people=crowd(50), cohorts={7: [10, 11, 12]}, hidden={11})
    with moodle, pytest.raises(RosterIncomplete, match="hides 1 people"):
        read(moodle, clock, roster={"filters": {"cohorts": ["7"]}})


def test_suspended_and_deleted_members_are_known_by_their_account(clock: Clock) -> None:
    people = [*crowd(8), person(11)._replace(suspended=True), deleted(person(12))]
    with FakeMoodle(people=people, cohorts={7: [10, 11, 12]}) as moodle:
        found = read(moodle, clock, roster={"filters": {"cohorts": ["7"]}})
    assert [(member.fields["id"], member.active) for member in found] == [("10", True), ("11", False)]


@pytest.mark.parametrize("filters", [{"courses": [404]}, {"cohorts": [404]}])
def test_a_filter_that_names_nothing_empties_no_roster(
    moodle: FakeMoodle, clock: Clock, filters: dict[str, list[int]]
) -> None:
    with pytest.raises(RemoteRefused, match="not in this Moodle"):
        read(moodle, clock, roster={"filters": filters})


def test_empty_cohorts_alone_are_no_roster(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.cohorts = {7: []}
    with pytest.raises(RosterIncomplete, match="empty"):
        read(moodle, clock, roster={"filters": {"cohorts": [7]}})


def test_a_connection_without_an_api_says_what_to_write() -> None:
    with pytest.raises(ConfigError, match="`api`"):
        read_roster(Settings(), Clock().context())


def test_the_adapter_reads_rosters() -> None:
    assert ADAPTER.read_roster is read_roster
