"""`ottobridge sync brightspace`: whatever Brightspace does wrong, nobody leaves, and the words say what to change."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import cli
from tests.bridge.cli.rostered import Rostered, rostered
from tests.fakes.brightspace import CLIENT, SECRET, Site, user
from tests.fakes.serving import Reply

PEOPLE = 30


@pytest.fixture
def lms() -> Iterator[Site]:
    with Site([user(number) for number in range(PEOPLE)]) as site:
        yield site


@pytest.fixture
def site(lms: Site, tmp_path: Path) -> Iterator[Rostered]:
    keys = {
        "api": {"url": lms.url, "auth_url": lms.url, "client_id": CLIENT, "client_secret": SECRET},
        "roster": {"attributes": {"emailAddress": "ExternalEmail", "employeeId": "UserId"}},
    }
    with rostered(tmp_path, "brightspace", keys) as site:
        consent(lms, tmp_path)
        code, outcome = site.sync()
        assert (code, outcome["created"]) == (0, PEOPLE), outcome
        yield site


class Administrator:
    """Reads what the command prints, consents there, and pastes where the browser ends."""

    def __init__(self, lms: Site, monkeypatch: pytest.MonkeyPatch, *before: str) -> None:
        self.lms = lms
        self.printed = ""
        self.pastes = list(before)
        monkeypatch.setattr("bridge.cli.consent.say", self.read)
        monkeypatch.setattr("click.prompt", lambda *_, **__: self.paste())

    def read(self, text: str = "", *, err: bool = False) -> None:
        self.printed += f"{text}\n"

    def paste(self) -> str:
        if self.pastes:
            return self.pastes.pop(0)
        (url,) = [line.strip() for line in self.printed.splitlines() if "/oauth2/auth?" in line]
        return self.lms.consent(url)


def consent(lms: Site, folder: Path, *before: str) -> tuple[Result, Administrator]:
    """What the command did, with an administrator who first pastes what is given."""
    with pytest.MonkeyPatch.context() as patch:
        administrator = Administrator(lms, patch, *before)
        result = CliRunner().invoke(cli, ["--config", str(folder / "config.yaml"), "setup", "consent", "source"])
    return result, administrator


def _set(**traps: object) -> Callable[[Site], None]:
    return lambda lms: vars(lms).update(traps)


def _broken(reply: Reply, times: int = 1) -> Callable[[Site], None]:
    return lambda lms: lms.fail_next(reply, times, where="bookmark=109")


@pytest.mark.parametrize(
    ("trap", "words"),
    [
        (_set(repeats=True), "came twice"),
        (_set(stands_still=True), "came twice|leads back"),
        (_set(more="yes"), "says nothing of HasMoreItems"),
        (_set(more=True), "goes on after a page without anybody"),
        (_set(without={"Activation"}), "leaves `Activation` out of somebody"),
        (_set(without={"OrgDefinedId"}), "leaves `OrgDefinedId` out of somebody"),
        (_set(hidden={"OrgDefinedId"}), "none of 30 people has a OrgDefinedId"),
        (_set(hidden={"ExternalEmail"}), "leaves `ExternalEmail` out of everybody"),
        (_set(hidden={"Activation"}), "does not say of somebody whether they are active"),
        (_set(renames={"UserName": "Username"}), "leaves `UserName` out of somebody"),
        (_set(renames={"UserId": "Identifier"}), "without UserId"),
        (_broken(Reply(200, b"<!DOCTYPE html><title>Maintenance</title>")), "a web page and not JSON"),
        (_broken(Reply(200, b'{"Items": {}, "PagingInfo": {"HasMoreItems": false}}')), "holds no list of users"),
        (_broken(Reply(200, b"[]")), "holds no list of users"),
        (_broken(Reply(403, b'{"Errors": [{"Message": "Not Authorized"}]}')), "Not Authorized"),
        (_broken(Reply(401, b"{}"), times=99), "broke off"),
        (_set(users=[]), "the roster is empty"),
    ],
)
def test_a_brightspace_that_does_not_show_everybody_makes_nobody_gone(
    site: Rostered, lms: Site, trap: Callable[[Site], None], words: str
) -> None:
    trap(lms)
    told = site.refused("--full")
    assert any(word in told for word in words.split("|")), told
    assert site.outcome_of("001") == "matched"


def test_half_of_the_people_are_held_and_nobody_is_deactivated(site: Rostered, lms: Site) -> None:
    lms.hides = {100 + number for number in range(15)}
    code, outcome = site.sync("--full")
    assert (code, outcome["status"], outcome["deactivated"]) == (3, "held_back", 0)
    site.configure(must_include=["002", "0020"])
    assert "the right to see all people" in site.refused("--full")


def test_pages_of_another_size_are_all_read(site: Rostered, lms: Site) -> None:
    lms.size = 7
    code, outcome = site.sync("--full")
    assert (code, outcome["read"], outcome["deactivated"]) == (0, PEOPLE, 0)


def test_a_bookmark_on_the_last_page_is_not_followed(site: Rostered, lms: Site) -> None:
    before = sum(lms.count.values())
    assert site.sync("--full")[0] == 0
    assert sum(lms.count.values()) - before == 3


def test_a_token_that_ends_in_the_middle_is_traded_once(site: Rostered, lms: Site) -> None:
    lms.dies_after = 2
    code, outcome = site.sync("--full")
    assert (code, outcome["read"], outcome["deactivated"]) == (0, PEOPLE, 0)
    assert lms.reused == 0


def test_an_id_or_an_address_that_is_hidden_of_one_person_takes_nothing_away(site: Rostered, lms: Site) -> None:
    lms.users[3] = user(3, ExternalEmail=None, OrgDefinedId=None)
    code, outcome = site.sync("--full")
    assert (code, outcome["updated"], outcome["deactivated"]) == (0, 0, 0)
    assert site.outcome_of("003") == "matched"


def test_who_may_not_sign_in_or_has_gone_is_deactivated(site: Rostered, lms: Site) -> None:
    lms.users[3] = user(3, Activation={"IsActive": False})
    del lms.users[5]
    code, outcome = site.sync()
    assert (code, outcome["deactivated"]) == (0, 2)
    assert [site.outcome_of(f"00{number}") for number in (3, 5, 6)] == ["inactive", "inactive", "matched"]


def _popen(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bridge", "--config", str(folder / "config.yaml"), "sync", "brightspace", "source"]
    return subprocess.Popen([*command, "--full"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_sync_killed_between_storing_and_using_a_token_needs_no_consent(
    site: Rostered, lms: Site, tmp_path: Path
) -> None:
    lms.dies_after = 1  # so that the token in the database is refused
    lms.hangs_at_users.set()
    with _popen(tmp_path) as process:
        assert lms.hanging.wait(600)
        process.kill()
    lms.hangs_at_users.clear()
    lms.dies_after = 0
    code, outcome = site.sync("--full")
    assert (code, outcome["read"], lms.reused) == (0, PEOPLE, 0)


def test_a_sync_killed_before_a_token_was_stored_says_so_and_a_new_consent_heals_it(
    site: Rostered, lms: Site, tmp_path: Path
) -> None:
    lms.dies_after = 1
    lms.hangs_after_refresh.set()
    with _popen(tmp_path) as process:
        assert lms.hanging.wait(600)
        process.kill()
    lms.hangs_after_refresh.clear()
    lms.dies_after = 0
    code, outcome = site.sync("--full")
    assert (code, outcome["deactivated"]) == (1, 0)
    assert "an administrator must consent again, with `ottobridge setup consent`" in " ".join(outcome["notices"])
    found = {one["what"]: one for one in site.run("doctor", "source")[1]["findings"] if one["area"] == "source"}
    assert "consent again" in found["D2L Brightspace"]["detail"]
    result, _ = consent(lms, tmp_path)
    assert result.exit_code == 0
    assert site.sync("--full")[0] == 0


def test_a_copied_refresh_token_that_another_program_spent_is_told_as_that(site: Rostered, lms: Site) -> None:
    lms.revoke()
    code, outcome = site.sync("--full")
    assert (code, outcome["deactivated"]) == (1, 0)
    assert "was used by another program" in " ".join(outcome["notices"])


def test_doctor_tells_the_consent_and_the_version(site: Rostered) -> None:
    found = {one["what"]: one for one in site.run("doctor", "source")[1]["findings"] if one["area"] == "source"}
    assert (found["consent"]["state"], found["version of the API"]["state"]) == ("ok", "ok")
    api: dict[str, Any] = site.tree["connections"]["source"]["api"]
    api["version"] = "1.44"
    site.configure()
    found = {one["what"]: one for one in site.run("doctor", "source")[1]["findings"] if one["area"] == "source"}
    assert (found["version of the API"]["state"], found["version of the API"]["advice"]) == (
        "failed",
        "set api.version: 1.63",
    )


def test_what_is_pasted_wrongly_is_asked_for_again_and_no_secret_is_printed(
    site: Rostered, lms: Site, tmp_path: Path
) -> None:
    stale = "https://bridge.example.edu/setup/source/consent?code=stolen&state=other"
    result, administrator = consent(lms, tmp_path, "", stale)
    assert result.exit_code == 0, result.output
    assert "the answer to another request" in administrator.printed
    assert "https://bridge.example.edu/setup/source/consent" in administrator.printed
    for secret in (SECRET, "refresh-", "access-", "stolen"):
        assert secret not in administrator.printed + result.output


def test_a_code_that_brightspace_does_not_take_keeps_nothing_and_says_so(
    site: Rostered, lms: Site, tmp_path: Path
) -> None:
    result, _ = consent(lms, tmp_path, "made-up-code")
    assert result.exit_code == 1
    assert "invalid_grant" in result.output
    assert site.sync("--full")[0] == 0  # the consent of before holds


def test_a_connection_without_a_consent_has_none_to_take(site: Rostered, lms: Site, tmp_path: Path) -> None:
    del site.tree["connections"]["source"]["api"]
    site.configure()
    result, _ = consent(lms, tmp_path)
    assert (result.exit_code, "needs no consent" in result.output) == (2, True)
