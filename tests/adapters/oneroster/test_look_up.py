"""One person of OneRoster, asked for at a launch: services that know no filter are noticed."""

from __future__ import annotations

import pytest

from adapters.oneroster.look_up import look_up
from bridge.contracts import RECORD
from bridge.errors import RosterIncomplete


@pytest.mark.parametrize(
    ("student_id", "value"),
    [("sourcedId", "id-00003"), ("identifier", "S00003"), ("userIds.SIS", "003"), ("email", "zoe3@example.edu")],
)
def test_whoever_has_the_id_is_found_by_the_service(service, connection, context, student_id, value):
    (member,) = look_up(connection(student_id=student_id), context, value)
    assert (member.fields[RECORD], member.student.student_id) == ("id-00003", value)
    assert look_up(connection(student_id=student_id), context, "nobody") == []


def test_an_id_of_another_kind_is_not_the_student_id(service, connection, context):
    assert look_up(connection(student_id="userIds.SIS"), context, "ldap3") == []


def test_a_service_that_ignores_the_filter_is_noticed(service, connection, context):
    service.ignores_filters = True
    with pytest.raises(RosterIncomplete, match="filter"):
        look_up(connection(), context, "id-00003")


def test_a_quote_in_an_id_asks_nothing_else(service, connection, context):
    assert look_up(connection(), context, "x' OR status='active") == []
    assert not service.count


def test_whoever_has_left_comes_as_inactive_and_other_roles_are_nobody(service, connection, context):
    service.users[3]["status"] = "tobedeleted"
    (member,) = look_up(connection(), context, service.users[3]["sourcedId"])
    assert not member.active
    teachers = connection(roster={"filters": {"roles": ["teacher"]}})
    assert look_up(teachers, context, service.users[4]["sourcedId"]) == []
