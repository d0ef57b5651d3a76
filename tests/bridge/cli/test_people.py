"""What an administrator does about a person who is no longer who they were, by the commands that the pages name."""

from __future__ import annotations

import json

import pytest

from tests.bridge.cli.conftest import Site

REFUSED, ENTERED = 409, 303


@pytest.fixture
def known(site: Site) -> Site:
    """Z, who has the ID z in both Username attributes, has come."""
    assert site.run("learners", "refresh")[0] == 0
    assert site.run("learners", "link", "z", 1, "--write", "employeeId")[0] == 0
    assert site.launch("z", "u-1") == ENTERED
    return site


def shown(site: Site, asked: str) -> list[dict[str, object]]:
    people: list[dict[str, object]] = json.loads(site.run("people", "show", asked, "--json")[1])["people"]
    return people


def test_both_sides_are_shown_by_id_by_record_and_by_user(known: Site) -> None:
    for asked in ("z", "u-1", "1"):
        (row,) = shown(known, asked)
        assert row["door"] == row["namespace"]
        assert (row["namespace"], row["record"], row["student_id"], row["user_id"], row["name"]) == (
            *("lti11", "u-1", "z", 1),
            "Z O",
        )
    assert "u-1" in known.run("people", "show", "z")[1]


@pytest.mark.parametrize("option", ["--namespace", "--door"])
def test_a_record_is_let_go_in_the_namespace_that_is_named_by_the_former_option_too(known: Site, option: str) -> None:
    assert known.run("people", "release", "--record", "u-1", option, "roster")[0] == 1
    assert [row["user_id"] for row in shown(known, "u-1")] == [1]
    assert known.run("people", "release", "--record", "u-1", option, "lti11")[0] == 0
    assert shown(known, "u-1") == []
    assert option == "--namespace" or option not in known.run("people", "release", "--help")[1]


def test_nobody_is_said_and_is_an_exit_code(site: Site) -> None:
    code, told = site.run("people", "show", "z")
    assert (code, "Nobody came to the connection campus" in told) == (1, True)


def test_to_release_nobody_is_said_and_is_an_exit_code(site: Site) -> None:
    code, told = site.run("people", "release", "zzz")
    assert (code, "nothing is held because of it" in told) == (1, True)


def test_a_changed_id_is_followed_by_one_command_and_the_person_enters(known: Site) -> None:
    assert known.launch("z-new", "u-1") == REFUSED
    code, told = known.run("people", "follow", "z", "z-new")
    assert (code, "has the ID z-new now" in told) == (0, True), told
    assert known.launch("z-new", "u-1") == ENTERED
    assert json.loads(known.run("unmatched", "--json")[1]) == []
    assert known.launch("z", "u-9") == 404


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("z", "l", "has this ID in username"),
        ("z", "null", "no student ID"),
        ("z", "a\u200bb", "no student ID"),
        ("nobody", "x", "is nobody"),
    ],
)
def test_a_change_that_would_take_an_id_from_somebody_is_refused(known: Site, old: str, new: str, words: str) -> None:
    code, told = known.run("people", "follow", old, new)
    assert (code, words in told) == (1, True)
    assert known.launch("z", "u-1") == ENTERED


def test_an_account_made_anew_enters_after_the_old_record_is_let_go(known: Site) -> None:
    assert known.launch("z", "u-2") == REFUSED
    assert known.launch("z", "u-1") == ENTERED
    code, told = known.run("people", "release", "z")
    assert (code, "u-1 (lti11) is no longer OttoLearn user 1, Z O" in told) == (0, True)
    assert known.launch("z", "u-2") == ENTERED
    assert known.launch("z", "u-1") == REFUSED


def test_who_is_held_stays_on_the_list_though_their_id_is_somebody_s(known: Site) -> None:
    known.launch("z", "u-2")
    (waiting,) = json.loads(known.run("unmatched", "--json")[1])
    assert (waiting["student_id"], waiting["outcome"]) == ("z", "identity_of_another")
    assert "another record of the LMS is this user already" in known.run("unmatched")[1]


def test_a_connection_that_is_none_is_told(site: Site) -> None:
    code, told = site.run("people", "show", "z", "--connection", "nowhere")
    assert (code, "there are: campus" in told) == (2, True)


def test_a_link_to_an_account_that_is_another_record_says_what_lets_the_new_one_in(known: Site) -> None:
    code, told = known.run("learners", "link", "anew", 1, "--yes")
    assert (code, "The LMS record u-1 with the ID z is this user already" in told) == (0, True), told
    assert known.launch("anew", "u-2") == REFUSED
    command = told.partition("only after: ottobridge ")[2].split()
    assert known.run(*command)[0] == 0
    assert known.launch("anew", "u-2") == ENTERED


@pytest.mark.parametrize("named", [(), ("z", "--record", "u-1")])
def test_a_record_is_let_go_only_when_one_is_named(known: Site, named: tuple[str, ...]) -> None:
    assert known.run("people", "release", *named)[0] == 2
    assert shown(known, "z") != []


def test_a_link_takes_no_id_from_another_user_unasked(known: Site) -> None:
    code, told = known.run("learners", "link", "l", 1)
    assert (code, "the OttoLearn user 2 has this ID in username; add --yes" in told) == (1, True), told
    assert known.run("learners", "link", "l", 1, "--yes")[0] == 0
