"""`ottobridge db`: what an operator does before and after something goes wrong with the database."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from bridge.cli import cli
from bridge.errors import ConfigError
from bridge.store import backups, launches
from bridge.store.backups import BackupFailed
from bridge.store.engine import autocommit, open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.revisions import known_revisions

CONFIG = """
bridge:
  public_url: https://bridge.example.edu
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: "{url}"
ottolearn:
  organization_id: 1
  username: api
  password: api
  learner_url: https://learn.example.com/acme
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
"""
NEWEST = known_revisions()[0]
OPEN = (
    "import sys; from bridge.store.engine import open_database; from bridge.store import launches; "
    "engine = open_database(sys.argv[1]); launches.newest(engine, 1); print('open', flush=True); sys.stdin.read()"
)
"""What stands for a bridge: a process with a connection that rests in its pool."""
LINE = LaunchLine(1.0, "campus", "lti13", "a1", "Zoë", "王", "matched", "", "ABCD-EFGH")


@pytest.fixture(autouse=True)
def programs(database_url: str) -> None:
    if database_url.startswith("postgresql") and shutil.which("pg_dump") is None:
        pytest.skip("PostgreSQL's client programs are missing; to enable: apt-get install postgresql-client")


class Desk:
    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.path = folder / "config.yaml"
        self.path.write_text(CONFIG.format(url=url), "utf-8")

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.path), *words])

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Desk:
    return Desk(tmp_path, database_url)


@pytest.fixture
def later(engine: Engine) -> Iterator[None]:
    """A newer version has upgraded the database, and taken away what this one uses."""
    _set_schema(engine, "9999")
    _set_oldest(engine, "9998")
    yield
    _set_schema(engine, NEWEST)


@pytest.fixture
def next_one(engine: Engine) -> Iterator[None]:
    """The next version has upgraded the database, and this one runs beside it."""
    _set_schema(engine, "9999")
    _set_oldest(engine, NEWEST)
    yield
    _set_schema(engine, NEWEST)


def _set_oldest(engine: Engine, oldest: str) -> None:
    with autocommit(engine) as connection:
        connection.execute(
            text("INSERT INTO schema_compatibility (id, oldest) VALUES (1, :oldest)"), {"oldest": oldest}
        )


def _set_schema(engine: Engine, schema: str) -> None:
    with autocommit(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :schema"), {"schema": schema})


def test_a_healthy_database_is_called_healthy(desk: Desk) -> None:
    found = desk.json("db", "check")
    assert (found["standing"], found["schema"], found["newest"], found["problems"]) == ("current", NEWEST, NEWEST, [])
    assert "up to date" in desk.run("db", "check").stdout


def test_what_a_backup_holds_is_there_again_after_a_restore(desk: Desk, engine: Engine) -> None:
    launches.append(engine, LINE)
    file = desk.folder / "backup"
    assert desk.json("db", "backup", str(file))["schema"] == NEWEST
    launches.append(engine, LINE._replace(reference="LATE-LATE"))
    engine.dispose()
    assert desk.json("db", "restore", str(file), "--yes") == {
        "file": str(file),
        "restored": NEWEST,
        "schema": NEWEST,
    }
    assert launches.newest(engine, 10) == [LINE]
    launches.append(engine, LINE)  # the next number is free
    assert desk.json("db", "check")["problems"] == []


def test_a_restore_beside_a_bridge_that_is_running_is_refused(desk: Desk, engine: Engine) -> None:
    launches.append(engine, LINE)
    file = desk.folder / "backup"
    desk.json("db", "backup", str(file))
    launches.append(engine, LINE._replace(reference="LATE-LATE"))
    command = [sys.executable, "-c", OPEN, str(engine.url.render_as_string(hide_password=False))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as serving:
        assert serving.stdout is not None
        assert serving.stdout.readline() == b"open\n"
        engine.dispose()
        error = desk.run("db", "restore", str(file), "--yes").exception
        assert isinstance(error, BackupFailed)
        assert "have the database open" in str(error) or "has the database open" in str(error)
        assert len(launches.newest(engine, 10)) == 2
        engine.dispose()
        forced = desk.run("db", "restore", str(file), "--yes", "--force")
        assert (forced.exit_code, "Warning: " in forced.stderr) == (0, True), forced.exception
        serving.communicate(b"")
    assert launches.newest(engine, 10) == [LINE]


def test_a_backup_is_for_its_owner_alone_and_replaces_nothing(desk: Desk) -> None:
    file = desk.folder / "backup"
    desk.json("db", "backup", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert isinstance(desk.run("db", "backup", str(file)).exception, BackupFailed)
    assert file.read_bytes() == before
    assert [path.name for path in desk.folder.glob("backup*")] == ["backup"]


def test_a_backup_that_cannot_be_written_leaves_no_half_file(desk: Desk) -> None:
    assert isinstance(desk.run("db", "backup", str(desk.folder / "nowhere" / "backup")).exception, BackupFailed)
    assert list(desk.folder.glob("**/*.partial")) == []


def test_a_restore_that_nobody_confirms_loses_nothing(desk: Desk, engine: Engine) -> None:
    file = desk.folder / "backup"
    desk.json("db", "backup", str(file))
    launches.append(engine, LINE)
    engine.dispose()
    assert desk.run("db", "restore", str(file)).exit_code == 1
    assert launches.newest(engine, 10) == [LINE]


@pytest.mark.parametrize("damage", ["half", "no backup", "empty"])
def test_a_damaged_backup_is_refused_and_the_database_stays(desk: Desk, engine: Engine, damage: str) -> None:
    for _ in range(200):
        launches.append(engine, LINE)
    file = desk.folder / "backup"
    desk.json("db", "backup", str(file))
    whole = file.read_bytes()
    file.write_bytes({"half": whole[: len(whole) // 2], "no backup": b"people,names\n", "empty": b""}[damage])
    assert isinstance(desk.run("db", "restore", str(file), "--yes").exception, BackupFailed)
    assert len(launches.newest(engine, 1000)) == 200


def test_a_backup_of_the_other_kind_of_database_is_refused_in_words(desk: Desk, engine: Engine) -> None:
    file = desk.folder / "backup"
    file.write_bytes(b"PGDMP rest" if engine.dialect.name == "sqlite" else b"SQLite format 3\0rest")
    with pytest.raises(BackupFailed, match="is no backup of a"):
        backups.restore(engine, file)


def test_a_backup_of_a_newer_version_is_refused(desk: Desk, engine: Engine) -> None:
    launches.append(engine, LINE)
    file = desk.folder / "backup"
    _set_schema(engine, "9999")
    try:
        backups.back_up(engine, file)
    finally:
        _set_schema(engine, NEWEST)
    with pytest.raises(BackupFailed, match="newer version"):
        backups.restore(engine, file)
    assert launches.newest(engine, 10) == [LINE]


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    "words",
    ["db upgrade", "launches", "learners find a1", "unmatched", "runs", "keys list", "connections list", "serve"],
)
def test_a_database_of_a_newer_version_is_refused_by_every_command_in_words(desk: Desk, words: str) -> None:
    error = desk.run(*words.split()).exception
    assert isinstance(error, ConfigError)
    assert "newer version of OttoBridge" in str(error)


@pytest.mark.usefixtures("later")
def test_checking_a_database_of_a_newer_version_says_so_and_backs_nothing_up(desk: Desk) -> None:
    done = desk.run("db", "check")
    assert done.exit_code == 1
    assert "newer version" in done.stdout
    assert isinstance(desk.run("db", "backup", str(desk.folder / "backup")).exception, BackupFailed)


@pytest.mark.usefixtures("next_one")
def test_during_an_upgrade_the_version_before_goes_on_beside_the_new_one(desk: Desk) -> None:
    assert desk.json("db", "check")["standing"] == "compatible"
    for words in ("db upgrade", "launches", "runs", "unmatched", "connections list"):
        assert desk.run(*words.split()).exit_code == 0, words


def test_an_old_database_is_told_upgraded_and_keeps_what_it_held(tmp_path: Path, bare_database_url: str) -> None:
    desk, engine = Desk(tmp_path, bare_database_url), open_database(bare_database_url)
    assert json.loads(desk.run("db", "check", "--json").stdout)["standing"] == "empty"
    assert desk.json("db", "upgrade") == {"before": None, "schema": NEWEST}
    assert desk.json("db", "upgrade") == {"before": NEWEST, "schema": NEWEST}
    _set_schema(engine, known_revisions()[1])
    found = desk.run("db", "check", "--json")
    assert (found.exit_code, json.loads(found.stdout)["standing"]) == (1, "behind")
    engine.dispose()


def test_a_table_that_is_missing_is_found(desk: Desk, engine: Engine) -> None:
    with autocommit(engine) as connection:
        connection.execute(text("ALTER TABLE received RENAME TO gone"))
    try:
        done = desk.run("db", "check")
    finally:
        with autocommit(engine) as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO received"))
    assert done.exit_code == 1
    assert "received" in done.stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_torn_page_is_found(desk: Desk, engine: Engine, database_url: str) -> None:
    for _ in range(200):
        launches.append(engine, LINE)
    engine.dispose()
    file = Path(str(make_url(database_url).database))
    with sqlite3.connect(file) as database:
        (root,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ix_launch_time'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    with file.open("r+b") as damaged:
        damaged.seek((root - 1) * size + 100)
        damaged.write(b"\xff" * 400)
    done = desk.run("db", "check")
    assert done.exit_code == 1
    assert "integrity_check" in done.stdout


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.postgresql
def test_the_password_of_the_database_reaches_no_message(database_url: str, tmp_path: Path) -> None:
    wrong = make_url(database_url).set(password="hush-hush")
    engine = open_database(database_url)
    engine.url = wrong
    with pytest.raises(BackupFailed) as failed:
        backups.back_up(engine, tmp_path / "backup")
    assert "hush" not in str(failed.value)
    engine.dispose()
