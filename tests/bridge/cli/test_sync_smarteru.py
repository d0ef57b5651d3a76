"""`ottobridge sync smarteru`: whatever the account does wrong, nobody leaves, and the words say what to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bridge.cli.rostered import Rostered, rostered
from tests.fakes.serving import Reply
from tests.fakes.smarteru import ACCOUNT, USER, Account, export_text, failed, person

PEOPLE = 30


@pytest.fixture
def account() -> Iterator[Account]:
    with Account([person(number) for number in range(PEOPLE)]) as account:
        yield account


@pytest.fixture
def site(account: Account, tmp_path: Path) -> Iterator[Rostered]:
    export = tmp_path / "export.csv"
    export.write_text(export_text(account.people), "utf-8")
    keys = {
        "student_id": "scorm_student_id",
        "export": str(export),
        "api": {"url": account.url, "account_key": ACCOUNT, "user_key": USER, "page_size": "10"},
        "roster": {"attributes": {"emailAddress": "Email"}},
    }
    with rostered(tmp_path, "smarteru", keys) as site:
        code, outcome = site.sync()
        assert (code, outcome["created"]) == (0, PEOPLE)
        yield site


def _broken(reply: Reply) -> Callable[[Account], None]:
    return lambda account: account.fail_next(reply, where="%3CPage%3E2")


def _set(**traps: object) -> Callable[[Account], None]:
    return lambda account: vars(account).update(traps)


@pytest.mark.parametrize(
    ("trap", "words"),
    [
        (_set(sees={"Sales"}), "the user of `api.user_key` sees only a part of the account"),
        (_set(repeats=True), "came twice"),
        (_set(total=PEOPLE + 5), f"{PEOPLE} users came where it says {PEOPLE + 5}"),
        (_set(leaves_out={"Email"}), "leaves Email out of users"),
        (_set(leaves_out={"Status"}), "leaves Status out of users"),
        (_broken(Reply(200, b"<!DOCTYPE html><title>Sign in</title>")), "a web page and not XML"),
        (_broken(Reply(200, b"<SmarterU><Result>Succ")), "is not XML, or breaks off"),
        (_broken(failed("LU:99", "Your session has ended")), "broke off"),
    ],
)
def test_an_account_that_does_not_show_everybody_makes_nobody_gone(
    site: Rostered, account: Account, trap: Callable[[Account], None], words: str
) -> None:
    trap(account)
    assert words in site.refused("--full")
    assert site.outcome_of("1001") == "matched"


def test_an_export_with_a_renamed_column_is_told_and_changes_nobody(site: Rostered, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text(export.read_text("utf-8").replace("SCORM Student ID", "Student No"), "utf-8")
    assert "no column SCORM Student ID; make it with Users Dashboard" in site.refused("--full")


def test_a_number_that_became_the_other_one_links_nobody_to_somebody_elses(site: Rostered, account: Account) -> None:
    account.people = [person(number, scorm=f"5{number}") for number in range(PEOPLE)]
    assert "which number the API has cannot be said" in site.refused("--full")


def test_a_night_costs_what_has_changed(site: Rostered, account: Account) -> None:
    account.people[3] = person(3, Status="Inactive", ModifiedDate="2027-01-15 09:00:00.000")
    account.people.append(person(PEOPLE, ModifiedDate="2027-01-15 09:00:00.000"))
    code, outcome = site.sync()
    assert (code, outcome["kind"], outcome["read"]) == (0, "in_between", 2)
    assert (outcome["created"], outcome["deactivated"]) == (1, 1)
    assert (site.outcome_of("1004"), site.outcome_of("1031")) == ("inactive", "matched")


def test_a_person_who_must_be_there_is_missed_whatever_the_totals_say(site: Rostered, account: Account) -> None:
    site.configure(must_include=["1005", "1020"])
    assert site.sync("--full")[0] == 0
    del account.people[4]
    told = site.refused("--full")
    assert "1 of the 2 people of roster.must_include are not on the roster" in told
    assert "taken out of roster.must_include" in told
