"""Who a pushed person is: which attribute is what, and when somebody has left."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.scim import ADAPTER
from adapters.scim.people import read_person
from adapters.scim.roster import look_up, read_changes, read_roster
from adapters.scim.settings import Settings
from bridge.contracts import RECORD, ReaderContext, RosterEnd
from bridge.errors import RosterIncomplete
from bridge.roster.services import Pushed, Pushes
from tests.fakes.contexts import Clock

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def pushed(record: str = "r1", lives: bool = True, groups: tuple[str, ...] = (), **said: Any) -> Pushed:
    document = {
        "userName": "Ann@example.com",
        "externalId": "00u1",
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [
            {"value": "home@example.com", "type": "home", "primary": True},
            {"value": "work@example.com", "type": "work"},
        ],
        ENTERPRISE: {"employeeNumber": "E-1", "department": "Care", "manager": {"value": "m-1"}},
        **said,
    }
    return Pushed(record, document, lives, frozenset(groups))


def context(*people: Pushed) -> ReaderContext:
    from dataclasses import replace

    def find(attribute: str, value: str) -> list[Pushed]:
        del attribute, value
        return list(people)

    return replace(Clock().context(), pushes=Pushes(lambda since: iter([list(people)] if people else []), find))


@pytest.mark.parametrize(
    ("student_id", "value"),
    [
        ("userName", "Ann@example.com"),
        ("externalId", "00u1"),
        ("employeeNumber", "E-1"),
        ("email", "work@example.com"),
    ],
)
def test_every_id_can_be_the_student_id_and_all_are_told(student_id: str, value: str) -> None:
    member = read_person(pushed(), student_id, ())
    assert member.student == (value, "Ann", "Lee")
    assert member.active
    said = {"userName": "Ann@example.com", "externalId": "00u1", "employeeNumber": "E-1", "email": "work@example.com"}
    more = {"department": "Care", "manager": "m-1", "first_name": "Ann", "last_name": "Lee", RECORD: "r1"}
    assert member.fields.items() >= {**said, **more}.items()


@pytest.mark.parametrize(
    ("mails", "value"),
    [
        ([{"value": "a@x", "type": "home"}, {"value": "b@x", "primary": True}], "b@x"),
        ([{"value": "a@x"}, {"value": "b@x"}], "a@x"),
        ([{"value": "a@x", "type": "Work"}], "a@x"),
        ([{"value": "a@x", "type": "work"}, {"value": "b@x", "type": "work", "primary": True}], "b@x"),
        ([], None),
        (None, None),
        ("a@x", None),
        ([{"type": "work"}], None),
        ([7], None),
    ],
)
def test_the_address_is_that_at_work_else_the_primary_one(mails: Any, value: str | None) -> None:
    assert read_person(pushed(emails=mails), "email", ()).fields.get("email") == value


@pytest.mark.parametrize(("active", "there"), [(True, True), (None, True), (False, False)])
def test_only_who_is_said_to_be_inactive_is(active: bool | None, there: bool) -> None:
    assert read_person(pushed(active=active), "userName", ()).active is there


def test_who_was_deleted_has_left() -> None:
    assert not read_person(pushed(lives=False), "userName", ()).active


def test_who_is_in_none_of_the_groups_has_left() -> None:
    assert read_person(pushed(groups=("Staff", "id-1")), "userName", ("Others", "Staff")).active
    assert not read_person(pushed(groups=("Staff",)), "userName", ("Others",)).active


def test_an_attribute_that_is_not_there_is_not_said_to_be_empty() -> None:
    person = Pushed("r1", {"userName": "ann"})
    assert set(read_person(person, "employeeNumber", ()).fields) == {"userName", "first_name", "last_name", RECORD}
    assert read_person(person, "employeeNumber", ()).student.student_id == ""


def test_nobody_is_taken_for_gone_where_nobody_was_pushed_or_nobody_has_the_id() -> None:
    settings = Settings(student_id="employeeNumber")
    with pytest.raises(RosterIncomplete, match="empty"):
        list(read_roster(settings, context()))
    with pytest.raises(RosterIncomplete, match="employeeNumber"):
        list(read_roster(settings, context(Pushed("r1", {"userName": "ann"}))))


def test_a_roster_ends_with_the_time_at_which_its_reading_began() -> None:
    for pages in (read_roster(Settings(), context(pushed())), read_changes(Settings(), context(pushed()), 1.0)):
        *_, end = pages
        assert isinstance(end, RosterEnd)
        assert (end.total, end.as_of) == (1, Clock().now)


def test_without_the_store_nothing_can_be_read() -> None:
    with pytest.raises(RosterIncomplete):
        list(read_roster(Settings(), Clock().context()))


def test_one_person_is_looked_up_by_the_very_id() -> None:
    settings = Settings(student_id="employeeNumber")
    other = pushed("r2", **{ENTERPRISE: {"employeeNumber": "e-1"}})
    gone = pushed("r3", active=False)
    found = look_up(settings, context(pushed(), other, gone), "E-1")
    assert [member.fields[RECORD] for member in found] == ["r1"]
    assert look_up(settings, context(), "E-1") == []


def test_what_is_pushed_belongs_to_a_door_of_its_own() -> None:
    assert ADAPTER.roster_namespace == "scim"
    assert ADAPTER.takes_pushes
