"""Blackboard: which field is the student ID and who can write it, one person at a launch, and its documented shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.blackboard import ADAPTER
from adapters.blackboard.launch import PLACES
from adapters.blackboard.look_up import look_up
from adapters.blackboard.people import ASKED, NESTED
from adapters.blackboard.roster import read_roster
from adapters.blackboard.settings import Settings
from bridge.contracts import RECORD, Assurance, SignedClaims, SignedForm, Student
from bridge.errors import LaunchRejected, RemoteUnavailable
from bridge.install.guide import Addresses, to_text
from tests.fakes.blackboard import KEY, SECRET, Learn, user
from tests.fakes.contexts import Clock, InMemoryState, read_whole
from tests.fakes.lti_platform import CLAIM, FORM, claims

USER = {
    *("id", "uuid", "externalId", "dataSourceId", "userName", "studentId", "educationLevel", "gender", "birthDate"),
    *("created", "lastLogin", "systemRoleIds", "institutionRoleIds", "availability", "name", "job", "contact"),
    *("address", "locale"),
}
"""Members of a user in the API's public description (learn-swagger.json; the client that was generated from it:
github.com/mcharris/BlackboardRestPHP, docs/Model/User.md, at d82a456; institutionRoleIds since 3300)."""
QUERY = {"offset", "limit", "userName", "externalId", "created", "createdCompare", "dataSourceId", "sort", "fields"}
"""Parameters of the list there (docs/Api/UsersApi.md, at 7ad6710)."""


@pytest.fixture
def learn() -> Iterator[Learn]:
    with Learn([user(number) for number in range(30)]) as learn:
        yield learn


def connect(learn: Learn, **keys: Any) -> Settings:
    api = {"url": learn.url, "key": KEY, "secret": SECRET, "page_size": "10", **keys.pop("api", {})}
    return Settings.model_validate({"api": api, **keys})


CUSTOM = {"user_name": "zoe", "user_pk": "_8_1", "student_id": "0042"}


@pytest.mark.parametrize(
    ("student_id", "by_claims", "by_form"),
    [
        ("externalId", "S000101", "S000101"),
        ("uuid", "a445ca99-1a64", "123456"),
        ("email", "zoe@example.edu", "zoe@example.edu"),
        ("userName", "zoe", "zoe"),
        ("id", "_8_1", "_8_1"),
        ("studentId", "0042", "0042"),
    ],
)
def test_an_id_that_a_course_author_can_write_is_only_claimed(student_id: str, by_claims: str, by_form: str) -> None:
    settings = Settings.model_validate({"student_id": student_id})
    token = SignedClaims({**claims("n"), f"{CLAIM}custom": CUSTOM})
    form = SignedForm({**FORM, **{f"custom_{name}": value for name, value in CUSTOM.items()}})
    worth = Assurance.CLAIMED if PLACES[settings.student_id].custom else Assurance.SIGNED
    launched = [ADAPTER.read_claims(token, settings), ADAPTER.read_form(form, settings)]  # type: ignore[misc]
    assert [one.student.student_id for one in launched] == [by_claims, by_form]
    assert [one.assurance for one in launched] == [worth, worth]


def test_an_external_key_in_a_custom_field_of_a_link_opens_nothing() -> None:
    token = {**claims("n"), f"{CLAIM}custom": {"externalId": "X1", "external_id": "X1"}, f"{CLAIM}lis": {}}
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        ADAPTER.read_claims(SignedClaims(token), Settings())  # type: ignore[misc]


def test_a_variable_that_blackboard_did_not_fill_is_what_it_is_and_names_nobody_signed() -> None:
    token = SignedClaims({**claims("n"), f"{CLAIM}custom": {"user_name": "$User.username"}})
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        ADAPTER.read_claims(token, Settings(student_id="userName"))  # type: ignore[misc]


@pytest.mark.parametrize("student_id", PLACES)
def test_the_sheet_names_the_field_and_who_can_write_it(student_id: str) -> None:
    settings = Settings.model_validate(
        {"student_id": student_id, "lti11": {"consumer_key": "k", "shared_secret": "the-secret"}}
    )
    assert ADAPTER.installation is not None
    text = to_text(ADAPTER.installation(settings, Addresses("https://bridge.example.edu", "campus")))
    place = PLACES[settings.student_id]
    assert (place.field or f"custom_{place.custom}") in text
    assert ("Who can write the student ID" in text) == bool(place.custom)
    assert "system.user.VIEW" in text
    assert "the-secret" not in text


def test_a_person_is_read_with_what_attributes_may_be_filled_from(learn: Learn) -> None:
    learn.users[4] = user(4, job={"title": "Nurse", "department": "ICU"})
    settings = connect(learn, roster={"attributes": {"division": "job.department"}})
    person = read_whole(read_roster(settings, Clock().context()))[4]
    assert person.student == Student("X00004", "Zoë", "O’Brien 4")
    assert person.fields["job.department"] == "ICU"
    assert (person.fields["studentId"], person.fields[RECORD]) == ("004", "_4_1")
    assert "birthDate" not in learn.seen[-1].query


def test_only_who_is_asked_for_is_on_the_roster_and_found_at_a_launch(learn: Learn) -> None:
    learn.users[3] = user(3, dataSourceId="_7_1")
    learn.users[4] = user(4, institutionRoleIds=["Staff"])
    filters = {"data_sources": ["_2_1"], "institution_roles": ["student"]}
    settings = connect(learn, roster={"filters": filters})
    found = {one.fields["id"] for one in read_whole(read_roster(settings, Clock().context()))}
    assert found == {f"_{number}_1" for number in range(30)} - {"_3_1", "_4_1"}
    assert [look_up(settings, Clock().context(), f"X0000{number}") for number in (3, 4)] == [[], []]
    assert len(look_up(settings, Clock().context(), "X00005")) == 1


@pytest.mark.parametrize(
    ("student_id", "value", "found"),
    [
        ("externalId", "X00007", ["_7_1"]),
        ("externalId", "X0000", []),
        ("externalId", "X00007/../X00008", []),
        ("userName", "zoe.7", ["_7_1"]),
        ("uuid", f"{7:032x}", ["_7_1"]),
        ("id", "_7_1", ["_7_1"]),
        ("id", "userName:zoe.7", []),
        ("studentId", "007", []),
        ("email", "zoe.7@example.edu", []),
    ],
)
def test_a_launch_finds_the_one_who_has_the_id_and_nobody_else(
    learn: Learn, student_id: str, value: str, found: list[str]
) -> None:
    people = look_up(connect(learn, student_id=student_id), Clock().context(), value)
    assert [one.fields[RECORD] for one in people] == found


def test_strangers_launches_leave_the_day_s_calls_to_the_roster(learn: Learn) -> None:
    context = replace(Clock().context(), state=InMemoryState())
    settings = connect(learn, api={"calls_per_day": "12", "look_ups_per_day": "4"})
    assert [look_up(settings, context, f"made-up-{number}") for number in range(3)] == [[], [], []]
    before = sum(learn.count.values())
    for number in range(20):
        with pytest.raises(RemoteUnavailable, match="look_ups_per_day"):
            look_up(settings, context, f"made-up-{number}")
    assert sum(learn.count.values()) == before == 4
    assert len(read_whole(read_roster(settings, context))) == 30


def test_calls_for_launches_cannot_be_all_of_the_day() -> None:
    api = {"url": "https://learn.example.edu", "key": "k", "secret": "s", "calls_per_day": 50, "look_ups_per_day": 50}
    with pytest.raises(ValidationError, match="nothing is left for the roster"):
        Settings.model_validate({"api": api})


def test_what_is_asked_and_played_is_in_the_published_description(learn: Learn) -> None:
    assert set(ASKED) <= USER
    assert {part for part, _ in NESTED.values()} <= USER
    assert set(user(1)) <= USER
    read_whole(read_roster(connect(learn, roster={"filters": {"data_sources": ["_2_1"]}}), Clock().context()))
    assert {name for request in learn.seen if request.method == "GET" for name, _ in request.parameters()} <= QUERY
