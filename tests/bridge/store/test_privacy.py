"""What is kept of a student can be shown whole and erased whole, and of nobody else."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, inspect, select, text

from bridge.cli import cli
from bridge.contracts import Learner, Student
from bridge.store import (
    aliases,
    directory_snapshots,
    launches,
    received,
    scim_resources,
    unmatched,
    visits,
)
from bridge.store.engine import autocommit
from bridge.store.launch_lines import LaunchLine
from bridge.store.privacy import _ERASED, HOLDS_NOBODY, HOLDS_PEOPLE, erase, everything_of
from bridge.store.schema import metadata
from bridge.store.scim_resources import USER, Keys
from bridge.sync.report_files import files_naming
from tests.bridge.cli.test_db import CONFIG

ERASED = {table.name for table in _ERASED}
DIRECTORY = [Learner(7, True, {"username": "s1", "firstName": "Zoë"}), Learner(8, True, {"username": "s2"})]


def remember(engine: Engine, student_id: str, connection: str, source: int, user_id: int) -> None:
    """A row of this student in every table that holds people."""
    reference = f"{student_id}-{connection}"[:64]
    launches.append(engine, LaunchLine(1.0, connection, "lti13", student_id, "Zoë", "王", "no_match", "", reference))
    received.keep(engine, reference, {"user_id": student_id}, now=1.0)
    unmatched.note(engine, connection, Student(student_id, "Zoë", "王"), "no_match", now=1.0)
    aliases.put(engine, connection, student_id, user_id, now=1.0)
    visit = visits.add(
        engine, visits.Visit(0, 1.0, connection, "lti13", student_id, user_id, "", "sealed"), due_at=9e15
    )
    rows = {
        "launch_name": f"(word, connection, student_id, seen_at) VALUES (:d, '{connection}', '{student_id}', 1)",
        "progress": "(visit, revision, progress, mastered, seconds, told_seconds, received_at, state, attempts, due_at,"
        f" detail) VALUES ({visit}, 1, 0.5, false, 1, 1, 1, 'delivered', 0, 9e15, '')",
        "person": "(connection, door, record, student_id, user_id, origin, first_seen, bound_at, last_seen)"
        f" VALUES ('{connection}', 'roster', '{student_id}', '{student_id}', {user_id}, 'roster', 1, 1, 1)",
        "disputed": f"(connection, key, reason, run) VALUES ('{connection}', '{student_id}', 'twins', 1)",
        "sync_person": "(source, key, user_id, digest, standing, missing_reads)"
        f" VALUES ({source}, '{student_id}', {user_id}, :d, 1, 0)",
        "sync_written": f"(source, user_id, attributes) VALUES ({source}, {user_id}, :own)",
        "sync_item": "(run, number, kind, state, reason, key, student_id, user_id, digest, content)"
        f" VALUES ({source}, {user_id}, 'new', 'done', '', '{student_id}', '{student_id}', {user_id}, :d, :own)",
    }
    named = scim_resources.folded(student_id)
    keys = Keys(taken=scim_resources.digest(connection, USER, "taken", named))
    document = json.dumps({"userName": student_id})
    scim_resources.create(
        engine, scim_resources.values_of(connection, USER, f"{student_id}-{source}", keys, document, 1.0)
    )
    rows["scim_member"] = (
        "(group_id, value, connection, details)"
        f""" VALUES ('g', '{student_id}-{source}', '{connection}', '{{"display": "{student_id}"}}')"""
    )
    with engine.begin() as database:
        for table, row in rows.items():
            values: dict[str, object] = {"d": b"x" * 16, "own": json.dumps({"username": student_id})}
            database.execute(text(f"INSERT INTO {table} {row}"), {n: v for n, v in values.items() if f":{n}" in row})


@pytest.fixture
def two_students(engine: Engine) -> Engine:
    directory_snapshots.replace(engine, DIRECTORY, ("username",), now=1.0)
    with engine.begin() as database:
        for number, name in ((1, "campus"), (2, "college")):
            database.execute(text(f"INSERT INTO sync_source (id, connection) VALUES ({number}, '{name}')"))
            values = f"{number}, {number}, 1, 2, 'done', '', true, '', '', '[]'"
            columns = 'id, source, started_at, ended_at, status, reason, "full", settings, plan, summary'
            database.execute(text(f"INSERT INTO sync_run ({columns}) VALUES ({values})"))
    for student_id, user_id in (("s1", 7), ("s2", 8)):
        for source, connection in ((1, "campus"), (2, "college")):
            remember(engine, student_id, connection, source, user_id)
    return engine


def rows_naming(engine: Engine, word: str) -> dict[str, int]:
    """In which tables a word stands in any column, and in how many rows."""
    found = {}
    with autocommit(engine) as database:
        for table in metadata.sorted_tables:
            rows = database.execute(select(table)).all()
            count = sum(any(word in str(value) for value in row) for row in rows)
            found |= {table.name: count} if count else {}
    return found


def test_every_table_is_known_to_hold_people_or_nobody() -> None:
    """A new table belongs to one of the two, and to docs/privacy.md."""
    people = {table.name for table in HOLDS_PEOPLE}
    assert people | set(HOLDS_NOBODY) == set(metadata.tables)
    assert not people & set(HOLDS_NOBODY)
    with_ids = {name for name, table in metadata.tables.items() if "student_id" in table.c or "user_id" in table.c}
    assert with_ids <= people


def test_every_table_that_holds_people_stands_in_the_record_of_processing() -> None:
    text = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text("utf-8")
    assert [table.name for table in HOLDS_PEOPLE if f"`{table.name}`" not in text] == []


def test_everything_of_a_student_is_shown_and_nothing_of_another(two_students: Engine) -> None:
    found = everything_of(two_students, "s1")
    assert found.users == [7]
    assert set(found.tables) == ERASED | {"learner"}
    assert "s2" not in str(found.tables)
    assert "sealed" not in str(found.tables)
    (first, _) = found.tables["launch"]
    assert (first["student_id"], first["time"]) == ("s1", "1970-01-01T00:00:01+00:00")


def test_an_erased_student_stands_in_no_table_but_ottolearns_own_list(two_students: Engine) -> None:
    before = rows_naming(two_students, "s2")
    done = erase(two_students, "s1")
    assert set(done.tables) == ERASED
    assert (done.users, done.under_way) == ([7], 0)
    assert set(rows_naming(two_students, "s1")) == {"learner", "username"}
    assert rows_naming(two_students, "s2") == before
    assert set(everything_of(two_students, "s1").tables) == {"learner"}


def test_a_student_of_one_connection_stays_known_in_the_other(two_students: Engine) -> None:
    erase(two_students, "s1", "campus")
    left = everything_of(two_students, "s1").tables
    assert set(left) == ERASED | {"learner"}
    assert {row["connection"] for row in left["launch"]} == {"college"}
    assert "learner" in everything_of(two_students, "s1", "college").tables


def test_what_a_sync_under_way_needs_is_left_and_told(two_students: Engine) -> None:
    with autocommit(two_students) as database:
        database.execute(text("UPDATE sync_run SET status = 'applying' WHERE id = 1"))
    done = erase(two_students, "s1")
    assert (done.tables["sync_item"], done.under_way) == (1, 1)


def test_an_id_is_found_however_the_lms_wrote_it(two_students: Engine) -> None:
    launches.append(two_students, LaunchLine(1.0, "campus", "lti13", " s1 ", "", "", "matched", "", "R"))
    assert len(everything_of(two_students, " s1 ").tables["launch"]) == 3


def test_looking_a_student_up_does_not_read_the_whole_record_of_launches(engine: Engine) -> None:
    indexes = inspect(engine).get_indexes("launch")
    assert ["student_id"] in [index["column_names"] for index in indexes]


class Desk:
    def __init__(self, folder: Path, url: str) -> None:
        self.path = folder / "config.yaml"
        self.path.write_text(CONFIG.format(url=url), "utf-8")

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.path), "privacy", *words])

    def json(self, *words: str) -> Any:
        done = self.run(*words)
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)


def test_an_administrator_exports_and_erases(two_students: Engine, tmp_path: Path, database_url: str) -> None:
    desk = Desk(tmp_path, database_url)
    assert set(desk.json("export", "s1")["kept"]) == ERASED | {"learner"}
    assert desk.run("erase", "s1").exit_code == 1  # nobody confirmed
    assert set(desk.json("export", "s1")["kept"]) == ERASED | {"learner"}
    assert set(desk.json("erase", "s1", "--yes", "--json")["tables"]) == ERASED
    assert "Nothing was kept" in desk.run("erase", "s1", "--yes").stdout
    assert "delete it there" in desk.run("erase", "s1", "--yes").stdout


def test_files_of_syncs_that_name_the_student_are_shown_and_erased_and_no_others(
    two_students: Engine, tmp_path: Path, database_url: str
) -> None:
    desk, folder = Desk(tmp_path, database_url), tmp_path / "ottobridge-reports"
    folder.mkdir()
    naming = {
        "campus-1.html": "<td>s1</td>",
        "campus-1.json": '{"student_id": "s1"}',
        "campus-1.retry.jsonl": '{"student_id": "s1"}\n',
        "college-2.corrected.csv": "s1,Zo\u00eb\r\n",
    }
    others = {"campus-3.html": "<td>s12</td>", "campus-4.corrected.csv": "xs1,s2", "campus-5.json": "", "own.txt": "s1"}
    for name, content in {**naming, **others}.items():
        (folder / name).write_text(content, "utf-8")
    assert {Path(file).name for file in desk.json("export", "s1", "--json")["files"]} == {*naming}
    assert desk.run("erase", "s1").exit_code == 1  # nobody confirmed
    assert desk.run("erase", "s1", "--connection", "college", "--yes").exit_code == 0
    assert not (folder / "college-2.corrected.csv").exists()
    assert len(desk.json("erase", "s1", "--yes", "--json")["files"]) == 3
    assert {file.name for file in folder.iterdir()} == {*others}


@pytest.mark.parametrize("student_id", ['a"<b', "Zo\u00eb & \u738b"])
def test_an_id_is_found_in_files_however_they_write_it(tmp_path: Path, student_id: str) -> None:
    written = (json.dumps(student_id), html.escape(student_id), student_id, student_id.replace('"', '""'))
    for number, text_ in enumerate(written):
        (tmp_path / f"campus-{number}.html").write_text(f"({text_})", "utf-8")
    assert len(files_naming(tmp_path, student_id)) == 4
