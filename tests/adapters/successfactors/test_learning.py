"""SuccessFactors Learning: every student, active or not, or an error that says what to change."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from adapters.successfactors.roster import look_up, read_changes, read_roster
from bridge.contracts import RosterEnd
from bridge.errors import RemoteRefused, RosterIncomplete
from tests.adapters.successfactors.conftest import PEOPLE, Make
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.serving import Reply
from tests.fakes.successfactors import SECRET, SuccessFactors


def test_every_student_is_read_and_who_is_switched_off_is_inactive(
    service: SuccessFactors, learning: Make, clock: Clock
) -> None:
    for person in service.students[:130]:
        person["active"] = False
    members = read_whole(read_roster(learning(), clock.context()))
    assert len(members) == PEOPLE
    found = {member.student.student_id: member for member in members}
    assert [found[f"{number:06}"].active for number in (0, 129, 130, 249)] == [False, False, True, True]
    assert (found["000007"].student.first_name, found["000007"].fields["last_name"]) == ("Zoë", "O’Brien 7")
    assert found["000007"].fields["@record"] == "000007"
    assert service.tokens == 1
    assert learning().student_id == "studentID"


def test_learning_gives_no_clock_so_that_nobody_relies_on_changes(learning: Make, clock: Clock) -> None:
    *_, end = read_roster(learning(), clock.context())
    assert end == RosterEnd(PEOPLE, None)
    with pytest.raises(RosterIncomplete, match="always read whole"):
        list(read_changes(learning(), clock.context(), 0.0))
    assert look_up(learning(), clock.context(), "000007") == []


def test_candidates_stand_beside_the_id_for_doctor(service: SuccessFactors, learning: Make, clock: Clock) -> None:
    made = learning({"ids": ["studentID", "personGUID"]}, roster={"attributes": {"emailAddress": "emailAddress"}})
    member = read_whole(read_roster(made, clock.context()))[7]
    assert (member.fields["personGUID"], member.fields["emailAddress"]) == ("guid-7", "zoe7@acme.example")
    for person in service.students:
        del person["personGUID"]
    assert len(read_whole(read_roster(made, clock.context()))) == PEOPLE  # nobody needs it


@pytest.mark.parametrize("total", [100, PEOPLE - 1, 2 * PEOPLE])
def test_half_of_the_students_are_not_taken_for_all(
    service: SuccessFactors, learning: Make, clock: Clock, total: int
) -> None:
    service.total = total
    with pytest.raises(RosterIncomplete, match=f"where it says {total}"):
        list(read_roster(learning(), clock.context()))


def test_without_a_count_an_empty_page_ends_the_list(service: SuccessFactors, learning: Make, clock: Clock) -> None:
    service.counts = False
    assert len(read_whole(read_roster(learning(), clock.context()))) == PEOPLE
    service.cap = 40
    assert len(read_whole(read_roster(learning({"page_size": 100}), clock.context()))) == PEOPLE


def test_a_student_who_is_switched_on_between_the_lists_is_not_two(
    service: SuccessFactors, learning: Make, clock: Clock
) -> None:
    service.students[3]["active"] = False

    def switch(page: int) -> None:
        service.students[3]["active"] = page > 1

    service.on_page = switch
    with pytest.raises(RosterIncomplete, match="active and inactive"):
        list(read_roster(learning(), clock.context()))


def test_a_page_that_comes_twice_is_noticed(service: SuccessFactors, learning: Make, clock: Clock) -> None:
    service.students[150] = service.students[20]
    with pytest.raises(RosterIncomplete, match="came twice"):
        list(read_roster(learning(), clock.context()))


def test_an_error_that_comes_with_200_is_no_empty_page(service: SuccessFactors, learning: Make, clock: Clock) -> None:
    said = {"error": {"code": "ERR_500", "message": "Invalid criteria"}}
    service.fail_next(Reply(200, json.dumps(said).encode()), where="skip=100")
    with pytest.raises(RosterIncomplete, match=r"\(ERR_500: Invalid criteria\); check the address"):
        list(read_roster(learning(), clock.context()))


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><html>", b"", b"[]", b'{"value": {}}', b'{"value": [1]}', b"{}"])
def test_a_page_that_is_no_list_is_not_the_end(
    service: SuccessFactors, learning: Make, clock: Clock, body: bytes
) -> None:
    service.fail_next(Reply(200, body), where="skip=100")
    with pytest.raises(RosterIncomplete):
        list(read_roster(learning(), clock.context()))


@pytest.mark.parametrize("name", ["lastName", "emailAddress"])
def test_a_property_that_is_left_out_is_not_an_empty_one(
    service: SuccessFactors, learning: Make, clock: Clock, name: str
) -> None:
    for person in service.students:
        del person[name]
    made = learning(roster={"attributes": {"emailAddress": "emailAddress"}})
    with pytest.raises(RosterIncomplete, match=f"leaves `{name}` out of everybody.*of every domain"):
        list(read_roster(made, clock.context()))


def test_a_token_that_ends_in_the_middle_is_renewed(service: SuccessFactors, learning: Make, clock: Clock) -> None:
    service.fail_next(Reply(401, b"{}"), where="skip=100")
    assert len(read_whole(read_roster(learning(), clock.context()))) == PEOPLE
    assert service.tokens == 2


def test_a_wrong_secret_is_said_to_be_refused_and_not_shown(learning: Make, clock: Clock) -> None:
    made = learning({"client_secret": "wrong-secret"})
    with pytest.raises(RemoteRefused, match="invalid_client") as refused:
        list(read_roster(made, clock.context()))
    assert "wrong-secret" not in f"{refused.value}{made!r}"
    assert SECRET not in repr(learning())


@pytest.mark.parametrize(
    ("api", "what"),
    [
        ({"client_id": None}, "client_id"),
        ({"page_size": 5_000}, "page_size"),
        ({"ids": ["student ID"]}, "ids"),
        ({"user_type": "root"}, "user_type"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(learning: Make, api: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        learning(api)


def test_a_connection_without_a_source_is_refused(learning: Make) -> None:
    with pytest.raises(ValidationError, match="either `learning` or `hcm`"):
        learning(learning=None)
