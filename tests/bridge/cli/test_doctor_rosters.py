"""`ottobridge doctor` and `config check` of LMSs whose launches come by another connection than their roster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import cli
from bridge.store.engine import migrate, open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import append
from tests.bridge.cli.rostered import Rostered, rostered
from tests.fakes import docebo, smarteru

PEOPLE = 30


@pytest.fixture
def account() -> Iterator[smarteru.Account]:
    with smarteru.Account([smarteru.person(n, GivenName=f"Name{n}") for n in range(PEOPLE)]) as account:
        yield account


@pytest.fixture
def export(account: smarteru.Account, tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(smarteru.export_text(account.people), "utf-8")
    return path


def keys_of(account: smarteru.Account, **keys: Any) -> dict[str, Any]:
    api = {"url": account.url, "account_key": smarteru.ACCOUNT, "user_key": smarteru.USER}
    return {"api": api, **{name: value for name, value in keys.items() if value is not None}}


def launched(folder: Path, ids: Mapping[int, str]) -> None:
    """Ten launches of packages: of whom, and with which ID."""
    engine = open_database(f"sqlite:///{folder / 'bridge.db'}")
    migrate(engine)
    for n, student_id in ids.items():
        line = LaunchLine(float(n), "packages", "scorm12", student_id, f"Name{n}", "", "no_match", "no_match", f"R{n}")
        append(engine, line)
    engine.dispose()


def examined(site: Rostered) -> dict[str, Any]:
    site.tree["connections"]["packages"] = {"adapter": "scorm", "roster_connection": "source"}
    site.configure()
    findings = site.run("doctor", "source")[1]["findings"]
    return {found["what"]: found for found in findings if found["area"] == "source"}


@pytest.mark.parametrize(("number", "verdict"), [("scorm", "SCORM Student ID"), ("profile", "Profile ID")])
def test_ten_launches_of_packages_agree_by_the_number_and_by_name(
    account: smarteru.Account, export: Path, tmp_path: Path, number: str, verdict: str
) -> None:
    account.number = number
    launched(tmp_path, {n: str(1001 + n) for n in range(10)})
    with rostered(tmp_path, "smarteru", keys_of(account, student_id="scorm_student_id", export=str(export))) as site:
        found = examined(site)
    assert f"API ID = {verdict}" in found["number in the API"]["detail"]
    agreeing = "10 of 10 launch IDs are somebody's scorm_student_id, 10 of them with the same name"
    assert found["candidate scorm_student_id"]["detail"] == agreeing
    assert found["launch and roster"]["state"] == "ok"


def test_a_number_that_is_the_profile_id_of_others_is_told_and_not_advised(
    account: smarteru.Account, tmp_path: Path
) -> None:
    account.number = "profile"  # one person's is the SCORM Student ID of the one before
    launched(tmp_path, {n: str(1001 + n) for n in range(10)})
    surnames = [smarteru.person(n, GivenName=f"Name{n}", Surname=f"Family{n}") for n in range(PEOPLE)]
    account.people = surnames
    with rostered(tmp_path, "smarteru", keys_of(account, student_id="EmployeeID")) as site:
        found = examined(site)
    assert found["candidate ID"]["detail"] == (
        "0 of 10 launch IDs are somebody's ID; 10 are the ID of somebody with another name"
    )
    assert "student_id: ID" not in found["launch and roster"]["advice"]


def test_the_field_that_packages_of_docebo_carry_is_named(tmp_path: Path) -> None:
    users = [docebo.user(n, first_name=f"Name{n}") for n in range(PEOPLE)]
    launched(tmp_path, {n: f"zoe.{n}" for n in range(10)})
    with docebo.Platform(users) as platform:
        api = {"url": platform.url, "client_id": docebo.CLIENT, "client_secret": docebo.SECRET}
        with rostered(tmp_path, "docebo", {"api": api}) as site:
            found = examined(site)
    assert found["candidate username"]["detail"] == (
        "10 of 10 launch IDs are somebody's username, 10 of them with the same name"
    )
    assert found["launch and roster"]["advice"].startswith("set `student_id: username` in the connection")
    assert found["additional fields"]["state"] == "ok"


@pytest.mark.parametrize(
    ("adapter", "keys", "words"),
    [
        ("smarteru", {}, "connections.source: the key `student_id` is missing, and has no default here"),
        ("smarteru", {"student_id": "ID"}, "the number in the API may be the Profile ID"),
        ("smarteru", {"student_id": "scorm_student_id", "api": {}}, "the key `account_key` is missing"),
        ("docebo", {"student_id": "name"}, "allowed: user_id, username, email, field_NUMBER"),
        ("docebo", {"api": {"url": "https://x.test", "client": "c"}}, "unknown key; did you mean `client_id`?"),
    ],
)
def test_a_mistake_is_told_by_config_check_with_its_place(
    tmp_path: Path, adapter: str, keys: dict[str, Any], words: str
) -> None:
    with rostered(tmp_path, adapter, keys):
        done = CliRunner().invoke(cli, ["--config", str(tmp_path / "config.yaml"), "config", "check"])
    assert words in f"{done.output} {done.exception}"
