"""`ottobridge sync rest-list`, whole: a fake LMS that goes wrong, the sandbox OttoLearn, real HTTP. Nobody leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bridge.cli import cli
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.cli.rostered import around
from tests.fakes.rest_list import Absorb, Cornerstone, ListServer, serving
from tests.fakes.serving import Reply

PEOPLE = 60
LEAVING = {"on_leave": "deactivate", "grace": {"days": "0", "complete_reads": "1"}}
IDS = {"absorb": "externalId", "cornerstone": "externalId"}


class Site:
    """An LMS whose people were synced once, and an OttoLearn that has them."""

    def __init__(self, folder: Path, lms: ListServer, ottolearn: str) -> None:
        self.lms = lms
        self.config = folder / "config.yaml"
        self.connection: dict[str, Any] = {
            "adapter": "rest-list",
            "student_id": IDS[lms.preset],
            **lms.settings,
            "list": {"paging": {"size": str(lms.cap)}},
            "roster": {
                **LEAVING,
                "limits": {"deactivations": {"percent": "100"}},
                "attributes": {"firstName": "first_name", "lastName": "last_name"},
            },
        }
        self.tree = around(folder, ottolearn, {"acme": self.connection})
        self.configure()

    def configure(self) -> None:
        self.config.write_text(yaml.safe_dump(self.tree))

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(cli, ["--config", str(self.config), *arguments])

    def sync(self, *options: str) -> tuple[int, dict[str, Any]]:
        result = self.run("sync", "rest-list", "acme", *options, "--json")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, json.loads(result.stdout)

    def outcome_of(self, number: int) -> str:
        ids = {"absorb": f"E{number:05}", "cornerstone": f"zoe.{number}"}
        found = self.run("learners", "find", ids[self.lms.preset], "--json")
        return str(json.loads(found.stdout)["outcome"])


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    preset = getattr(request, "param", "absorb")
    with serving(preset, PEOPLE, cap=20) as lms, serve(create_sandbox()) as served:
        site = Site(tmp_path, lms, served.url)
        code, first = site.sync()
        assert (code, first["status"], first["created"]) == (0, "done", PEOPLE)
        yield site


absorb = pytest.mark.parametrize("site", ["absorb"], indirect=True)
cornerstone = pytest.mark.parametrize("site", ["cornerstone"], indirect=True)


def refused(site: Site) -> str:
    """What a sync says that reads no whole roster: nobody leaves, exit 3."""
    code, outcome = site.sync()
    assert (code, outcome.get("deactivated") or 0, outcome.get("updated") or 0) == (3, 0, 0), outcome
    assert [site.outcome_of(number) for number in (1, 21, PEOPLE)] == ["matched"] * 3
    site.configure()
    return json.dumps(outcome, ensure_ascii=False)


def test_somebody_who_left_is_deactivated_once_the_list_is_whole(site: Site) -> None:
    site.lms.people = site.lms.people[:-1]
    site.lms.people[0]["activeStatus"] = 1
    code, outcome = site.sync()
    assert (code, outcome["deactivated"]) == (0, 2)
    assert [site.outcome_of(number) for number in (1, 2, PEOPLE)] == ["inactive", "matched", "inactive"]


def test_a_source_that_sees_half_of_its_people_removes_nobody(site: Site) -> None:
    assert isinstance(site.lms, Absorb)
    site.lms.total = PEOPLE
    site.lms.people = site.lms.people[:30]
    assert f"30 people came where it says {PEOPLE}" in refused(site)


@cornerstone
def test_a_source_that_forgets_to_say_how_the_list_goes_on_removes_nobody(site: Site) -> None:
    assert isinstance(site.lms, Cornerstone)
    site.lms.cursor_name = "next"
    assert "list.paging.cursor" in refused(site)


def test_a_source_that_changes_its_page_size_removes_nobody(site: Site) -> None:
    site.lms.pages, site.lms.sizes = 0, (10, 20, 20)
    assert "came where it says" in refused(site)


def test_a_source_that_repeats_a_page_removes_nobody(site: Site) -> None:
    page = json.dumps({"totalItems": PEOPLE, "users": site.lms.people[:20]}).encode()
    site.lms.fail_next(Reply(200, page), where="_offset=1")
    assert "came twice" in refused(site)


@pytest.mark.parametrize("name", ["externalId", "lastName", "activeStatus"])
def test_a_source_that_drops_a_field_for_lack_of_rights_removes_nobody(site: Site, name: str) -> None:
    for person in site.lms.people:
        del person[name]
    told = refused(site)
    assert f"leaves `{name}` out" in told
    assert "must be an administrator who sees every department" in told


def test_a_source_that_renames_a_column_removes_nobody_and_says_which_it_has(site: Site) -> None:
    for person in site.lms.people:
        person["external_id"] = person.pop("externalId")
    assert "external_id" in refused(site)


def test_a_source_that_answers_html_removes_nobody(site: Site) -> None:
    site.lms.fail_next(Reply(200, b"<!DOCTYPE html><title>Maintenance</title>"), where="_offset=2")
    assert "is a web page" in refused(site)


def test_a_token_that_ends_in_the_middle_is_renewed_and_costs_nothing(site: Site) -> None:
    site.lms.pages, site.lms.relogin = 0, 2
    code, outcome = site.sync()
    assert (code, outcome["read"], outcome["unchanged"]) == (0, PEOPLE, PEOPLE)


def test_a_token_that_is_refused_for_good_is_told_about_and_removes_nobody(site: Site) -> None:
    site.lms.fail_next(Reply(401, b"{}"), times=99, where="_offset=2")
    code, outcome = site.sync()
    assert (code, outcome["status"], outcome.get("deactivated") or 0) == (3, "held_back", 0)
    assert "401 to the list of people" in json.dumps(outcome)


def test_config_check_names_what_a_preset_needs(site: Site) -> None:
    del site.connection["api"]["password"]
    site.configure()
    checked = site.run("config", "check")
    assert "connections.acme: `api` needs `password`" in str(checked.exception)


@pytest.mark.parametrize(
    ("student_id", "said"), [("guid", "`look_up` needs `list.find` for `student_id`"), ("externalId", "None")]
)
@cornerstone
def test_a_look_up_that_the_list_has_no_way_for_is_named_before_anybody_launches(
    site: Site, student_id: str, said: str
) -> None:
    site.connection |= {"student_id": student_id, "on_no_match": "look_up"}
    site.configure()
    assert said in str(site.run("config", "check").exception)
