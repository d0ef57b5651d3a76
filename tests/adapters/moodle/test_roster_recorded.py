"""What a real Moodle 4.5 sent, read as a roster: the fake must not be kinder than the original."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.moodle.people import Person, check_rights, is_active, is_deleted, member
from adapters.moodle.roster import read_roster
from adapters.moodle.settings import Settings
from bridge.errors import OttoBridgeError, RemoteRefused, RemoteUnavailable, RosterIncomplete
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.serving import FakeServer, Reply, Request


def recorded(recordings: Path, name: str) -> dict[str, Any]:
    response = json.loads((recordings / "moodle" / "ws" / f"{name}.json").read_text(encoding="utf-8"))["response"]
    assert isinstance(response, dict)
    return response


def people(recordings: Path, name: str) -> list[Person]:
    said = recorded(recordings, name)["json"]
    return msgspec.convert(said["users"] if isinstance(said, dict) else said, list[Person])


def test_every_recorded_person_is_read(recordings: Path) -> None:
    found = {person.id: person for person in people(recordings, "30_get_users_all_email_wild")}
    for person in found.values():
        check_rights(person)
    members = {number: member(person, "idnumber") for number, person in found.items() if is_active(person)}
    assert len(members) == 65 - 2  # the guest and somebody who is not confirmed
    assert members[3].student == ("A12001", "Ana", "García López")
    assert members[3].fields["profile.sisid"] == "SIS-0001"
    assert members[10].student == ("", "Plato", "")
    assert members[33].student.student_id == "pad 7"
    assert [members[number].active for number in (3, 41, 42, 43)] == [True, False, False, False]


def test_the_recorded_deleted_person_is_told_from_everybody_else(recordings: Path) -> None:
    found = people(recordings, "65_by_field_id_deleted_susp") + people(recordings, "30_get_users_all_email_wild")
    assert [person.id for person in found if is_deleted(person)] == [44]


@pytest.mark.parametrize("name", ["67_by_field_mid", "49_get_users_mid_caps"])
def test_people_recorded_with_few_rights_are_no_roster(recordings: Path, name: str) -> None:
    with pytest.raises(RosterIncomplete, match="viewalldetails"):
        check_rights(people(recordings, name)[0])


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("10_err_bad_token", RemoteRefused),
        ("12_err_expired_token", RemoteRefused),
        ("13_err_ip_restricted", RemoteRefused),
        ("14_err_function_not_in_service", RemoteRefused),
        ("17_err_missing_param", RemoteRefused),
        ("20_err_no_such_course", RemoteRefused),
        ("21_err_missing_capability", RemoteRefused),
        ("114_cohorts_min", RemoteRefused),
        ("130_json_body_ignored", RemoteRefused),
        ("141_debug_accessexception", RemoteRefused),
        ("150_webservices_disabled", RemoteRefused),
        ("153_token_user_suspended", RemoteRefused),
        ("155_maintenance", RemoteUnavailable),
        ("156_cli_maintenance", RemoteUnavailable),
        ("157_upgrade_running", RemoteUnavailable),
        ("159_site_policy", RemoteRefused),
    ],
)
def test_every_recorded_error_stops_the_reading(recordings: Path, name: str, error: type[OttoBridgeError]) -> None:
    said = recorded(recordings, name)
    body = json.dumps(said["json"]).encode() if "json" in said else said.get("text", "<html>").encode()

    def answer(request: Request) -> Reply:
        return Reply(said["status"], body)

    with FakeServer(answer) as server:
        settings = Settings(api={"url": server.url, "token": "t"})  # type: ignore[arg-type]
        with pytest.raises(error):
            read_whole(read_roster(settings, Clock().context()))


@pytest.mark.parametrize("name", ["01_site_info", "158_upgrade_pending", "155c_maintenance_admin"])
def test_the_recorded_site_says_who_the_token_is(recordings: Path, name: str) -> None:
    def answer(request: Request) -> Reply:
        asked = dict(request.parameters())
        if asked["wsfunction"] == "core_webservice_get_site_info":
            return Reply(200, json.dumps(recorded(recordings, name)["json"]).encode())
        return Reply(200, b"[]")

    with FakeServer(answer) as server:
        settings = Settings(api={"url": server.url, "token": "t"})  # type: ignore[arg-type]
        with pytest.raises(RosterIncomplete, match="its own user"):
            read_whole(read_roster(settings, Clock().context()))
