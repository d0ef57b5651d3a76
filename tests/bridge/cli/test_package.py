"""The package commands: what is made is registered, and can be ended; sites wait for a decision."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from lxml import html

from bridge.cli import cli
from bridge.packages.origin import Packages
from bridge.store import packages, probes, visits
from bridge.store.engine import migrate, open_database
from bridge.store.packages import OriginRow
from bridge.store.probes import ProbeRow
from bridge.store.visits import Visit
from tests.migrated import migrated_in

SECRET = "0123456789abcdef0123456789abcdef"


class Desk:
    """A configuration, its database, and somebody who types."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tree: dict[str, Any] = {
            "bridge": {
                "public_url": "https://bridge.example.edu",
                "secret_key": SECRET,
                "database_url": migrated_in(folder),
                "trusted_networks": ["127.0.0.0/8"],
            },
            "ottolearn": {
                "organization_id": 1,
                "username": "api",
                "password": "p",
                "username_attributes": ["username"],
                "learner_url": "https://learn.example.com",
                "sign_in": {"method": "signed_link", "url": "https://learn.example.com/in", "secret": SECRET},
            },
            "connections": {
                "any-lms": {"adapter": "scorm", "student_id_rules": [{"strip": "_r_[0-9]+"}, {"digits": "6"}]},
                "campus": {"adapter": "canvas"},
            },
            "courses": [{"key": "SAFE-1", "title": "Safety"}],
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(tree), "utf-8")
        self.engine = open_database(f"sqlite:///{folder / 'bridge.db'}")
        migrate(self.engine)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.folder / "config.yaml"), *words])

    def json(self, *words: str) -> Any:
        answer = self.run(*words, "--json")
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.stdout)

    def make(self, *options: str, format_: str = "scorm12") -> Any:
        file = str(self.folder / "out.zip")
        return self.json("package", "any-lms", "--format", format_, "--title", "Safety", "-o", file, *options)

    def token(self) -> str:
        with zipfile.ZipFile(self.folder / "out.zip") as archive:
            page = html.document_fromstring(archive.read("index.html").decode())
        return str(page.body.get("data-token"))


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    desk = Desk(tmp_path)
    yield desk
    desk.engine.dispose()


@pytest.mark.parametrize("format_", ["scorm12", "scorm2004-3", "scorm2004-4", "aicc", "cmi5"])
def test_what_is_made_is_registered(format_: str, desk: Desk) -> None:
    made = desk.make("--course", "SAFE-1", "--expires", "30", format_=format_)
    assert set(made) == {"file", "format", "sha256", "bytes", "package"}
    (row,) = packages.every(desk.engine)
    assert (row.id, row.connection, row.format, row.title) == (made["package"], "any-lms", format_, "Safety")
    assert row.course == "SAFE-1"
    assert row.lives(time.time() + 29 * 86_400)
    assert not row.lives(time.time() + 31 * 86_400)
    assert desk.run("package", "check", made["file"]).exit_code == 0


def test_the_token_in_the_zip_is_the_one_that_launches_and_no_two_are_alike(desk: Desk) -> None:
    desk.make()
    first = desk.token()
    desk.make()
    assert len(first) >= 22, "128 bits and more"
    assert first != desk.token()
    assert Packages(desk.engine, time.time).find("any-lms", first)


def test_a_revoked_package_is_ended_and_listed_so(desk: Desk) -> None:
    made = desk.make()
    assert desk.json("package", "list")[0]["state"] == "valid"
    assert desk.run("package", "revoke", made["package"]).exit_code == 0
    assert desk.json("package", "list")[0]["state"].startswith("revoked")
    assert made["package"] in desk.run("package", "list").output
    assert desk.run("package", "revoke", "nobody").exit_code == 2


def test_rotation_overlaps(desk: Desk) -> None:
    old = desk.make("--course", "SAFE-1")
    before = desk.token()
    new = desk.json("package", "rotate", old["package"], "-o", str(desk.folder / "out.zip"), "--overlap", "7")
    assert new["package"] != old["package"]
    assert desk.token() != before
    kept, made = packages.every(desk.engine)
    assert kept.lives(time.time() + 6 * 86_400)
    assert not kept.lives(time.time() + 8 * 86_400)
    assert (made.course, made.expires_at) == ("SAFE-1", None)
    desk.run("package", "revoke", old["package"])
    assert desk.run("package", "rotate", old["package"], "-o", str(desk.folder / "x.zip")).exit_code == 2


def test_nothing_is_registered_that_was_not_built(desk: Desk) -> None:
    for words in (
        ["any-lms", "--format", "scorm12", "--title", " "],
        ["nowhere", "--format", "scorm12", "--title", "T"],
        ["campus", "--format", "scorm12", "--title", "T"],
        ["campus", "--format", "cmi5", "--title", "T"],
        ["any-lms", "--format", "scorm12", "--title", "T", "--course", "unknown"],
        ["any-lms", "--format", "scorm12"],
        ["any-lms", "--title", "T"],
        ["any-lms", "--probe", "--format", "aicc"],
    ):
        assert desk.run("package", *words, "-o", str(desk.folder / "out.zip")).exit_code == 2, words
    assert packages.every(desk.engine) == []


def test_a_package_is_made_where_the_secrets_are_not(desk: Desk) -> None:
    path = desk.folder / "config.yaml"
    path.write_text(path.read_text("utf-8").replace("password: p", "password: ${NOT_SET_ANYWHERE}"), "utf-8")
    made = desk.make()
    assert desk.json("package", "list")[0]["id"] == made["package"]
    assert desk.json("probe", "show") == desk.json("probe") == desk.json("progress") == []


def test_options_may_come_first_and_a_probe_needs_no_title(desk: Desk) -> None:
    assert desk.run("package", "--probe", "any-lms", "-o", str(desk.folder / "out.zip")).exit_code == 0
    with zipfile.ZipFile(desk.folder / "out.zip") as archive:
        assert "probe.js" in archive.namelist()


def test_a_file_that_is_no_package_is_found_out(desk: Desk) -> None:
    (desk.folder / "x.zip").write_bytes(b"no zip")
    answer = desk.run("package", "check", str(desk.folder / "x.zip"))
    assert (answer.exit_code, "not a zip" in answer.output) == (1, True)


def test_sites_are_listed_and_decided_about(desk: Desk) -> None:
    site = "https://content.example.edu"
    packages.learn_origin(desk.engine, OriginRow("any-lms", site, "new", "p1", 0.0))
    assert [row["state"] for row in desk.json("package", "origins")] == ["new"]
    assert site in desk.run("package", "origins").output
    assert desk.run("package", "origins", "approve", "any-lms", site).exit_code == 0
    assert packages.origin_state(desk.engine, "any-lms", site) == "approved"
    assert desk.run("package", "origins", "refuse", "any-lms", site).exit_code == 0
    assert packages.origin_state(desk.engine, "any-lms", site) == "refused"


def test_a_site_that_was_never_seen_is_a_slip(desk: Desk) -> None:
    assert desk.run("package", "origins", "approve", "any-lms", "https://contnet.example.edu").exit_code == 2
    assert desk.run("package", "origins", "approve", "nowhere", "https://a.example").exit_code == 2
    assert packages.origins(desk.engine) == []


def test_the_last_probe_becomes_a_configuration(desk: Desk) -> None:
    assert desk.json("probe", "show") == []
    values = {"cmi.core.student_id": {"value": "12_r_3", "error": "0"}}
    found = {"versions": ["scorm12"], "sessions": {"scorm12": {"initialized": True, "values": values}}}
    probes.add(desk.engine, ProbeRow(0.0, "any-lms", "https://lms.example", json.dumps(found)))
    (shown,) = desk.json("probe", "show")
    assert desk.json("probe") == [shown]
    assert shown["learner_id"] == "12_r_3"
    assert shown["proposal"]["any-lms"]["student_id_rules"] == [{"strip": "_[ro]_[0-9]+"}]
    printed = desk.run("probe", "show").output
    assert "12_r_3" in printed
    assert yaml.safe_load(printed.partition("`connections:`\n")[2]) == shown["proposal"]


def test_progress_is_shown(desk: Desk) -> None:
    assert desk.json("progress") == []
    number = visits.add(desk.engine, Visit(0, 0.0, "any-lms", "scorm12", "A1", 7, "SAFE-1", ""), due_at=0.0)
    visits.report(desk.engine, number, progress=0.4, mastered=False, seconds=60, now=0.0, due_at=0.0)
    (row,) = desk.json("progress")
    assert (row["student_id"], row["progress"], row["state"], row["time"]) == (
        "A1",
        0.4,
        "waiting",
        "1970-01-01T00:00:00Z",
    )
    assert "40%" in desk.run("progress").output


def test_the_rules_of_a_connection_are_explained(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(_: object, __: object, sent: str, connection: Any) -> dict[str, str]:
        return {"outcome": "matched", "detail": connection.shape(sent) if connection else sent}

    monkeypatch.setattr("bridge.cli.learners_find._find", found)
    told = desk.json("learners", "find", "12_r_3", "--connection", "any-lms", "--explain")
    steps = [{"rule": "strip _r_[0-9]+", "student_id": "12"}, {"rule": "digits 6", "student_id": "000012"}]
    assert (told["explain"], told["detail"]) == (steps, "000012")
    assert "digits 6: 000012" in desk.run("learners", "find", "12_r_3", "--connection", "any-lms", "--explain").output
    assert desk.run("learners", "find", "12", "--connection", "nowhere").exit_code == 2


def test_a_package_carries_the_brand_and_the_language_that_were_chosen(desk: Desk) -> None:
    path = desk.folder / "config.yaml"
    tree = yaml.safe_load(path.read_text("utf-8"))
    tree["bridge"]["brand"] = {"name": "Acme School", "color": "#7a0019"}
    path.write_text(yaml.safe_dump(tree), "utf-8")

    def files() -> tuple[Any, str]:
        with zipfile.ZipFile(desk.folder / "out.zip") as archive:
            page = html.document_fromstring(archive.read("index.html").decode())
            return page, archive.read("style.css").decode()

    made = desk.make("--language", "ar")
    page, style = files()
    assert (page.get("lang"), page.xpath("string(//p[@class='brand'])")) == ("ar", "Acme School")
    assert "--accent: #7a0019" in style
    tree["connections"]["any-lms"]["brand"] = {"color": "#004225"}
    path.write_text(yaml.safe_dump(tree), "utf-8")
    assert desk.run("package", "rotate", made["package"], "-o", str(desk.folder / "out.zip")).exit_code == 0
    assert "--accent: #004225" in files()[1]
