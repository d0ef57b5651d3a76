from __future__ import annotations

import json
import unicodedata

import pytest

from bridge.contracts import Outcome, Student
from bridge.reasons import REASONS
from sandbox.people import PEOPLE, find_person, seed_lines


def test_no_outcome_of_a_launch_is_left_out_of_the_demo():
    assert {person.outcome for person in PEOPLE} == set(Outcome)


def test_two_people_of_the_demo_are_never_taken_for_one():
    assert len({person.key for person in PEOPLE}) == len({person.number for person in PEOPLE}) == len(PEOPLE)


def test_a_rejection_is_expected_with_a_reason_that_exists():
    assert all((person.outcome is Outcome.REJECTED) == (person.reason in REASONS) for person in PEOPLE)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("martin", Student("A12008", "Martin", "King, Jr.")),
        ("suharto", Student("A12012", "Suharto", "")),
        ("pat", Student("MixedCase.7", "Pat", "Padded")),
        ("zoe", Student("A12005", unicodedata.normalize("NFC", "Zoe\u0308"), "O’Brien-d'Arcy")),
        ("sam", Student("", "", "")),
    ],
)
def test_a_check_does_not_expect_what_the_lms_merely_sent(key, expected):
    assert find_person(key).student == expected


def test_a_placeholder_is_not_shown_as_a_name():
    assert find_person("suharto").name == "Suharto"


def test_a_made_up_key_is_nobody():
    assert find_person("nobody") is None


def test_the_seed_gives_each_outcome_its_cause():
    users = {user["id"]: user for user in map(json.loads, seed_lines())}
    names = [value for user in users.values() for key, value in user["attribute"].items() if key != "emailAddress"]

    assert names.count("A12030") == 2
    assert "A99999" not in names
    assert users[110]["active"] is False
    assert [user["id"] for user in users.values() if not user["active"]] == [110]
    assert users[104]["attribute"] == {
        "firstName": "伟",
        "lastName": "王",
        "username": "A12013",
        "employeeId": "",
        "emailAddress": "user104@example.invalid",
    }
