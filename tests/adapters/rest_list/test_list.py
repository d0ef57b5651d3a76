"""Lists with a key: everybody by each preset, or an error that says what to change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.rest_list import ADAPTER, presets
from adapters.rest_list.listing import read_items
from adapters.rest_list.roster import look_up, read_changes, read_roster
from adapters.rest_list.session import open_session
from adapters.rest_list.settings import Settings
from bridge.contracts import RosterEnd, RosterMember
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.roster.clock import ServiceClock
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.rest_list import ACCESS, KEY, PASSWORD, SECRET, SERVERS, Cornerstone, ListServer, serving
from tests.fakes.serving import Reply

PEOPLE = 230
ID = {
    "absorb": "externalId",
    "cornerstone": "externalId",
    "litmos": "UserName",
    "talentlms": "login",
    "learnupon": "id",
}
MAIL = {"absorb": "emailAddress", "cornerstone": "primaryEmail", "litmos": "Email"}
CAPS = {"talentlms": 100, "absorb": 100, "litmos": 100, "learnupon": 100, "cornerstone": 50}
TOKENS = ("absorb", "cornerstone")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=sorted(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[ListServer]:
    """Every preset's server, in pages smaller than it likes."""
    with serving(request.param, PEOPLE, cap=CAPS[request.param]) as server:
        yield server


def settings(server: ListServer, **changes: Any) -> Settings:
    size = {"paging": {"size": server.cap}}
    own = {"student_id": ID.get(server.preset, "id"), "list": {**size, **changes.pop("list", {})}}
    return Settings.model_validate({**server.settings, **own, **changes})


def read(server: ListServer, clock: Clock, **changes: Any) -> list[RosterMember]:
    return read_whole(read_roster(settings(server, **changes), clock.context()))


def test_every_preset_has_a_server_to_be_tried_against() -> None:
    assert set(presets.names()) == set(SERVERS)


def test_everybody_is_read_with_names_ids_and_who_may_learn(server: ListServer, clock: Clock) -> None:
    active = {"talentlms": {"status": "inactive"}, "absorb": {"activeStatus": 1}, "litmos": {"Active": False}}
    gone = active.get(server.preset, {"enabled": False, "status": "Inactive"})
    server.people[4] |= {name: value for name, value in gone.items() if name in server.people[4]}
    members = read(server, clock)
    assert len(members) == PEOPLE
    assert (members[6].student.first_name, members[6].student.last_name) == ("Zoë", "O’Brien 7")
    assert members[6].fields["first_name"] == "Zoë"
    assert members[6].fields["@record"] == str(server.people[6].get("id", server.people[6].get("Id")))
    assert [number for number, member in enumerate(members) if not member.active] == [4]
    candidates = set(settings(server).list.ids)
    assert candidates <= set(members[6].fields)


def test_a_key_that_is_not_known_is_said_to_be_refused(server: ListServer, clock: Clock) -> None:
    wrong = dict.fromkeys(ACCESS, "wrong-credential")
    with pytest.raises(RemoteRefused) as refused:
        read(server, clock, api={"url": server.url + server.base, **wrong})
    assert "wrong-credential" not in str(refused.value)
    assert server.pages == 0


def test_no_secret_is_shown(server: ListServer) -> None:
    shown = repr(settings(server))
    assert not [secret for secret in (KEY, SECRET, PASSWORD) if secret in shown]


@pytest.mark.parametrize(
    "reply", [b"<!DOCTYPE html><title>Sign in</title>", b"[1]", b'{"other": []}', b"", b'{"data": 3}']
)
def test_a_page_that_is_no_list_is_not_the_end(server: ListServer, clock: Clock, reply: bytes) -> None:
    read(server, clock)
    wheres = {"talentlms": "page=2", "learnupon": "page=2", "absorb": "_offset=1", "litmos": "start=100"}
    server.fail_next(Reply(200, reply), where=wheres.get(server.preset, "pageToken"))
    with pytest.raises(RosterIncomplete):
        read(server, clock)


def test_a_page_that_comes_twice_is_noticed(server: ListServer, clock: Clock) -> None:
    server.people[CAPS[server.preset]] = server.people[3]
    with pytest.raises(RosterIncomplete, match="came twice"):
        read(server, clock)


GOES_ON_WHERE_IT_ENDED = {"litmos", "cornerstone"}
"""Lists that are asked for by offset or token."""


def test_pages_that_become_smaller_lose_nobody(server: ListServer, clock: Clock) -> None:
    server.sizes = (100, 60, 60, 60)
    if server.preset in GOES_ON_WHERE_IT_ENDED:
        assert len(read(server, clock)) == PEOPLE
        return
    with pytest.raises(RosterIncomplete, match=r"came twice|size of its pages"):
        read(server, clock)


def test_pages_that_become_larger_pass_nobody_over(server: ListServer, clock: Clock) -> None:
    server.sizes = (60, 100, 100, 100)
    if server.preset in GOES_ON_WHERE_IT_ENDED:
        assert len(read(server, clock)) == PEOPLE
        return
    with pytest.raises(RosterIncomplete, match=r"came where it says|size of its pages"):
        read(server, clock)


@pytest.mark.parametrize("preset", ["absorb", "litmos"])
def test_half_of_the_people_are_not_taken_for_everybody(preset: str, clock: Clock) -> None:
    said = f"{PEOPLE} people came where it says {2 * PEOPLE}"
    with serving(preset, PEOPLE, cap=100, total=2 * PEOPLE) as server, pytest.raises(RosterIncomplete, match=said):
        read(server, clock)


def test_a_link_to_something_else_does_not_end_the_list(clock: Clock) -> None:
    with serving("learnupon", PEOPLE, cap=100) as server:
        body = json.dumps({"user": server.people[:100]}).encode()
        server.fail_next(Reply(200, body, {"Link": "</style.css>; rel=preload; as=style"}))
        assert len(read(server, clock)) == PEOPLE


def test_a_token_list_that_forgets_to_say_how_it_goes_on_is_not_whole(clock: Clock) -> None:
    said = r"nextPageToken or nextpagetoken.*`list\.paging\.cursor`"
    with serving("cornerstone", PEOPLE, cursor_name="cursor") as server, pytest.raises(RosterIncomplete, match=said):
        read(server, clock)


def test_the_last_page_of_a_token_list_may_be_full(clock: Clock) -> None:
    with serving("cornerstone", 100) as server:
        assert len(read(server, clock)) == 100


@pytest.mark.parametrize("name", ["nextPageToken", "nextpagetoken"])
def test_the_page_token_is_found_however_it_is_spelt(clock: Clock, name: str) -> None:
    with serving("cornerstone", PEOPLE, cursor_name=name) as server:
        assert len(read(server, clock)) == PEOPLE


def test_a_page_token_that_died_of_age_is_told_as_that(clock: Clock) -> None:
    with serving("cornerstone", PEOPLE, cursor_dies=True) as server:
        server.fail_next(Reply(429, b"", {"Retry-After": "301"}), where="pageToken")
        with pytest.raises(RosterIncomplete, match="ended after 5 minutes"):
            read(server, clock)
    said = "400 to the list of people"
    with serving("cornerstone", PEOPLE, cursor_dies=True) as server, pytest.raises(RosterIncomplete, match=said):
        read(server, clock)


@pytest.mark.parametrize("preset", TOKENS)
def test_a_token_that_somebody_else_ended_is_renewed_in_the_middle(preset: str, clock: Clock) -> None:
    with serving(preset, PEOPLE, cap=50, relogin=3) as server:
        assert len(read(server, clock)) == PEOPLE
        assert server.tokens == 3


def test_a_token_that_the_service_gives_no_time_lives_as_long_as_the_preset_says(clock: Clock) -> None:
    with serving("absorb", PEOPLE, cap=50) as server:
        context = clock.context()
        pages = read_items(settings(server), context, open_session(settings(server), context), ServiceClock())
        next(pages)
        clock.now += 14_400 - 61
        next(pages)
        assert server.tokens == 1
        clock.now += 2
        next(pages)
        assert server.tokens == 2


def test_a_field_that_is_left_out_of_everybody_is_not_an_empty_one(server: ListServer, clock: Clock) -> None:
    mail = MAIL.get(server.preset, "email")
    for person in server.people:
        person["e_mail"] = person.pop(mail)
    roster = {"attributes": {"emailAddress": mail}}
    with pytest.raises(RosterIncomplete, match=rf"leaves `{mail}` out of everybody.*It sends .*e_mail"):
        read(server, clock, roster=roster)
    assert len(read(server, clock)) == PEOPLE  # nobody asked for it


def test_an_id_that_is_left_out_of_one_person_is_not_an_empty_one(server: ListServer, clock: Clock) -> None:
    del server.people[150][ID.get(server.preset, "id")]
    with pytest.raises(RosterIncomplete):
        read(server, clock)


def test_names_under_another_name_do_not_become_empty(server: ListServer, clock: Clock) -> None:
    last = settings(server).list.last_name
    for person in server.people:
        person["surname"] = person.pop(last)
    with pytest.raises(RosterIncomplete, match=f"leaves `{last}` out of everybody"):
        read(server, clock)
    assert len(read(server, clock, list={"last_name": "surname", "paging": {"size": server.cap}})) == PEOPLE


def test_a_name_that_is_left_out_of_one_person_is_not_said_to_be_empty(server: ListServer, clock: Clock) -> None:
    del server.people[7][settings(server).list.last_name]
    found = read(server, clock)
    assert "last_name" not in found[7].fields
    assert found[8].fields["last_name"] == "O’Brien 9"


def test_a_status_with_new_words_deactivates_nobody(server: ListServer, clock: Clock) -> None:
    active = settings(server).list.active
    assert active is not None
    for person in server.people:
        person[active.field] = "enabled-2"
    told = (
        f"`{active.field}` says of somebody enabled-2" if active.inactive else f"nobody is active by `{active.field}`"
    )
    with pytest.raises(RosterIncomplete, match=told):
        read(server, clock)
    server.people[2][active.field] = None
    with pytest.raises(RosterIncomplete, match="not whether they are active"):
        read(server, clock)
    for person in server.people:
        person[active.field] = active.values[0]
    del server.people[3][active.field]
    with pytest.raises(RosterIncomplete, match=f"leaves `{active.field}` out of somebody"):
        read(server, clock)


def test_an_empty_list_is_no_roster(server: ListServer, clock: Clock) -> None:
    server.people = []
    with pytest.raises(RosterIncomplete, match="the roster is empty"):
        read(server, clock)


def test_an_id_that_nobody_has_is_no_roster(server: ListServer, clock: Clock) -> None:
    for person in server.people:
        person["nickname"] = None
    with pytest.raises(RosterIncomplete, match="none of 230 people has a nickname"):
        read(server, clock, student_id="nickname")


def test_only_those_whom_the_filters_choose_are_on_the_roster(clock: Clock) -> None:
    with serving("cornerstone", 40) as server:
        for number, person in enumerate(server.people):
            person["division"] = {"name": "north" if number % 4 else "south"}
        assert len(read(server, clock, roster={"filters": {"division.name": ["south"]}})) == 10
        with pytest.raises(RosterIncomplete, match=r"leaves `division\.id` out of everybody"):
            read(server, clock, roster={"filters": {"division.id": ["south"]}})


def test_changes_are_asked_for_where_the_description_says_how_and_by_the_clock_of_the_lms(clock: Clock) -> None:
    said = {"totalItems": 1, "users": [{**serving("absorb", 1).people[0], "activeStatus": 1}]}
    date = {"Date": "Fri, 15 Jan 2027 08:00:00 GMT"}
    with serving("absorb", PEOPLE, cap=100) as server:
        asking = settings(server, list={"changes": {"_filter": "dateEdited ge datetime'{moment}'"}})
        server.fail_next(Reply(200, json.dumps(said).encode(), date), where="_filter=")
        *pages, end = read_changes(asking, clock.context(), 1_800_000_000.0 - 3_600)
        assert [member.active for page in pages if not isinstance(page, RosterEnd) for member in page] == [False]
        assert end == RosterEnd(1, 1_800_000_000.0)
        assert "_filter=dateEdited%20ge%20datetime%272027-01-15T07%3A00%3A00Z%27" in server.seen[-1].query
        *_, whole = read_roster(asking, clock.context())
        assert whole == RosterEnd(PEOPLE, None)
        assert "_filter" not in server.seen[-1].query
        server.fail_next(Reply(200, json.dumps({**said, "totalItems": 2}).encode()), where="_filter=")
        server.fail_next(Reply(200, b'{"totalItems": 2, "users": []}'), where="_filter=")
        with pytest.raises(RosterIncomplete, match="1 people came where it says 2"):
            list(read_changes(asking, clock.context(), 0.0))


def test_a_list_that_cannot_be_asked_for_changes_is_read_whole(server: ListServer, clock: Clock) -> None:
    assert not ADAPTER.tells_changes(settings(server))
    with pytest.raises(RosterIncomplete, match="always read whole"):
        list(read_changes(settings(server), clock.context(), 0.0))


def test_somebody_is_found_at_once_where_the_lms_can_be_asked(clock: Clock) -> None:
    with serving("cornerstone", PEOPLE) as server:
        found = look_up(settings(server), clock.context(), "zoe.7")
        assert [member.student.last_name for member in found] == ["O’Brien 7"]
        assert look_up(settings(server), clock.context(), "zoe.7&status=x") == []
        assert server.pages == 2
        assert look_up(settings(server, student_id="guid"), clock.context(), "9c3d-7") == []
        assert server.pages == 2


def test_a_search_that_finds_more_than_was_asked_for_lets_nobody_else_in(clock: Clock) -> None:
    with serving("cornerstone", PEOPLE) as server:
        server.fail_next(Reply(200, json.dumps({"data": server.people[:9]}).encode()), where="externalId")
        found = look_up(settings(server), clock.context(), "zoe.7")
        assert [member.student.student_id for member in found] == ["zoe.7"]


def test_a_list_of_an_lms_that_has_no_preset_is_described_in_the_configuration(clock: Clock) -> None:
    people = [{"uid": number, "n": f"Zoë O’Brien {number}", "ext": {"no": f"{number:04}"}} for number in range(25)]

    class Other(Cornerstone):
        def _knows(self, request: Any) -> bool:
            return request.headers.get("authorization") == f"Token {KEY}"

        def _page(self, request: Any, query: Any) -> Reply:
            start = int(query["from"])
            headers = {"X-Count": str(len(people))}
            return Reply(200, json.dumps(people[start : start + 10]).encode(), headers)

    described = {
        "path": "people",
        "auth": {"headers": {"Authorization": "Token {api_key}"}},
        "paging": {"kind": "offset", "parameter": "from", "total_header": "X-Count"},
        "key": "uid",
        "full_name": "n",
    }
    with Other(people=[]) as server:
        api = {"url": server.url, "api_key": KEY}
        made = Settings.model_validate({"student_id": "ext.no", "api": api, "list": described})
        members = read_whole(read_roster(made, clock.context()))
    assert [member.student.student_id for member in members] == [f"{number:04}" for number in range(25)]
    assert members[7].student.first_name
    assert members[7].fields["@record"] == "7"


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"preset": "moodle"}, "allowed: absorb, cornerstone, learnupon, litmos, talentlms"),
        ({"student_id": ""}, r"`student_id` is missing.*\(id, login, email\).*ottobridge doctor"),
        ({"api": {"url": "https://acme.talentlms.com/api/v2"}}, "`api` needs `api_key`"),
        ({"preset": ""}, "list"),
        ({"list": {"paging": {"kind": "token", "parameter": ""}}}, "`kind: token` needs `parameter`"),
        ({"list": {"paging": {"kind": "token", "cursor": ()}}}, "`kind: token` needs `cursor`"),
        ({"list": {"paging": {"size_parameter": "n", "size": 0}}}, "`size_parameter` needs `size`"),
        ({"list": {"pagination": {}}}, "pagination"),
        ({"list": "all"}, "list"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(keys: dict[str, Any], what: str) -> None:
    sound = {
        "preset": "talentlms",
        "student_id": "login",
        "api": {"url": "https://acme.talentlms.com/api/v2", "api_key": KEY},
    }
    with pytest.raises(ValidationError, match=what) as refused:
        Settings.model_validate({**sound, **keys})
    assert KEY not in str(refused.value)


def test_what_a_connection_says_does_not_change_the_preset_of_another() -> None:
    read_once = json.dumps(presets.read("talentlms"))
    api = {"url": "https://a.test", "api_key": KEY}
    Settings.model_validate({"preset": "talentlms", "student_id": "id", "api": api, "list": {"paging": {"size": 7}}})
    assert json.dumps(presets.read("talentlms")) == read_once
