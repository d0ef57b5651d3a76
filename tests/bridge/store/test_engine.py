from __future__ import annotations

import stat
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, Executable, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from bridge.cli.serve import serve
from bridge.errors import ConfigError, RemoteUnavailable
from bridge.store.engine import autocommit, is_usable, migrate, open_database, shared_connection
from bridge.store.pool import resting
from bridge.store.prepared import Prepared
from bridge.store.schema import metadata


def test_the_migrations_and_the_tables_in_code_never_drift_apart(engine: Engine) -> None:
    with autocommit(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_empty_database_is_not_ready_until_it_is_migrated(bare_database_url: str) -> None:
    engine = open_database(bare_database_url)
    before = is_usable(engine)
    migrate(engine)
    migrate(engine)
    after = is_usable(engine)
    engine.dispose()
    assert (before, after) == (False, True)


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_network_that_swallows_everything_is_given_up_after_half_a_minute(engine: Engine) -> None:
    with engine.connect() as connection:
        kept = connection.connection.driver_connection.info.get_parameters()
    assert (kept["tcp_user_timeout"], kept["keepalives_idle"]) == ("30000", "30")


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_locks_of_a_machine_that_is_cut_off_are_free_after_a_minute(engine: Engine) -> None:
    with engine.connect() as connection:
        names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
        kept = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    assert kept == ["30", "10", "3", "30000"]


def test_processes_that_start_together_do_not_trip_over_each_others_migration(bare_database_url, in_processes) -> None:
    assert in_processes("migrate", bare_database_url, 4, 1) == [4]


def test_a_migration_that_fails_half_way_leaves_nothing_behind(bare_database_url: str) -> None:
    engine = open_database(bare_database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE learner (id INTEGER)"))  # in the way of the first migration
    with pytest.raises(DBAPIError):
        migrate(engine)
    with autocommit(engine) as connection, pytest.raises(DBAPIError):
        connection.execute(text("SELECT * FROM spent"))
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(bare_database_url: str) -> None:
    engine = open_database(bare_database_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("INSERT INTO schema_compatibility (id, oldest) VALUES (1, '9999')"))
    assert not is_usable(engine)
    with pytest.raises(ConfigError, match="newer version"):
        migrate(engine)
    engine.dispose()


def test_a_wheel_carries_the_migrations() -> None:
    assert files("bridge.store").joinpath("migrations", "env.py").is_file()


def test_an_error_in_a_transaction_undoes_all_of_it(engine: Engine) -> None:
    row = text("INSERT INTO generation (id, read_at, learners) VALUES (1, 0, 0)")

    def write_twice() -> None:
        with engine.begin() as connection:
            connection.execute(row)
            connection.execute(row)

    with pytest.raises(IntegrityError):
        write_twice()
    with autocommit(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM generation")).scalar_one() == 0


def test_transactions_that_read_before_they_write_take_turns(engine: Engine, in_threads) -> None:
    def add_one(_number: int) -> None:
        with engine.begin() as connection:
            lock = "" if engine.dialect.name == "sqlite" else " FOR UPDATE"
            seen = connection.execute(text(f"SELECT coalesce(attempted_at, 0) FROM directory{lock}")).scalar_one()
            connection.execute(text("UPDATE directory SET attempted_at = :n"), {"n": seen + 1})

    in_threads(8, add_one)
    with autocommit(engine) as connection:
        assert connection.execute(text("SELECT attempted_at FROM directory")).scalar_one() == 8


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    with engine.begin() as writer:
        writer.execute(text("UPDATE directory SET attempted_at = 7"))
        with autocommit(engine) as reader:
            assert reader.execute(text("SELECT attempted_at FROM directory")).scalar_one() is None


def test_a_learner_without_a_generation_is_refused(engine: Engine) -> None:
    orphan = text("INSERT INTO learner (generation, user_id, active, attributes) VALUES (99, 1, true, '{}')")
    with autocommit(engine) as connection, pytest.raises(IntegrityError):
        connection.execute(orphan)


def _by_sqlalchemy(engine: Engine, statement: Executable, row: dict[str, object]) -> None:
    with autocommit(engine) as connection:
        connection.execute(statement, row)


def _by_the_driver(engine: Engine, statement: Executable, row: dict[str, object]) -> None:
    Prepared(statement).rows(engine, row)


@pytest.mark.parametrize("run", [_by_sqlalchemy, _by_the_driver])
@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO no_such_table VALUES (:own)", DBAPIError),
        ("INSERT INTO learner (generation, user_id, active, attributes) VALUES (NULL, 1, true, :own)", IntegrityError),
    ],
)
def test_a_database_error_does_not_show_what_was_being_written(
    engine: Engine, run: Callable[..., None], statement: str, kind: type[DBAPIError]
) -> None:
    row = {"own": "Zoë's own name"}
    with pytest.raises(kind) as caught:
        run(engine, text(statement), row)
    assert statement.split()[2] in str(caught.value)
    assert "Zoë" not in "".join(traceback.format_exception(caught.value))


def test_sqlite_is_opened_for_several_processes_and_a_crash(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with autocommit(engine) as connection:
        found = [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]
    engine.dispose()
    assert found == ["wal", 1, 1, 5000]


def test_other_accounts_of_the_machine_cannot_read_a_new_database_file(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    migrate(engine)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    engine.dispose()
    assert modes == {0o600}


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("sqlite:////no/such/folder/bridge.db", "No such file or directory"),
        ("sqlite://", "a plain file"),
        ("sqlite:///:memory:", "a plain file"),
        ("sqlite:///file:bridge.db?uri=true", "a plain file"),
        ("mysql://ob:s3cret@db.example.edu/ob", "'mysql' is not supported"),
        ("postgresql+psycopg2://ob:s3cret@db.example.edu/ob", "not supported"),
        ("s3cret", "not a database URL"),
        ("postgresql://ob:s3cret@db.example.edu:port/ob", "not a database URL"),
    ],
)
def test_a_database_url_that_cannot_work_is_explained_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_database(url)
    assert complaint in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "letter.db"
    file.write_text("Dear reader, this is not a database. " * 100)
    with pytest.raises(RemoteUnavailable, match=r"letter\.db cannot be opened"):
        open_database(f"sqlite:///{file}")


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        open_database("postgresql+psycopg://ob:s3cret@127.0.0.1:1/bridge")
    assert "'bridge' on 127.0.0.1:1" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.postgresql
def test_a_wrong_password_is_not_repeated(postgresql_server: str) -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        open_database(str(make_url(postgresql_server).set(password="s3cret").render_as_string(hide_password=False)))
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.postgresql
def test_a_driverless_postgresql_url_means_psycopg(postgresql_server: str) -> None:
    engine = open_database(postgresql_server.replace("+psycopg", ""))
    engine.dispose()
    assert engine.url.drivername == "postgresql+psycopg"


def test_a_database_that_went_away_is_not_ready(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'gone.db'}")
    engine.dispose()
    for file in tmp_path.iterdir():
        file.unlink()
    tmp_path.rmdir()
    assert not is_usable(engine)


def test_launches_take_one_connection_and_give_it_back(engine: Engine) -> None:
    taken: list[object] = []
    event.listen(engine, "checkout", lambda connection, *_: taken.append(connection))
    with shared_connection(engine):
        assert taken == [], "what needs no database takes no connection"
    for _ in range(3):
        with shared_connection(engine):
            for _ in range(3):
                with autocommit(engine) as connection:
                    connection.execute(text("SELECT 1"))
    assert len(taken) == 1
    assert len(resting(engine).connections) == 1


def test_what_went_wrong_in_a_launch_can_still_be_recorded(engine: Engine) -> None:
    with shared_connection(engine):
        with pytest.raises(DBAPIError), autocommit(engine) as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
        with autocommit(engine) as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    assert engine.pool.checkedout() == len(resting(engine).connections) == 1  # type: ignore[attr-defined]


def test_another_thread_never_gets_the_connection_of_a_launch(engine: Engine) -> None:
    def theirs() -> int:
        with autocommit(engine) as connection:
            return id(connection)

    with shared_connection(engine), autocommit(engine) as ours, ThreadPoolExecutor() as threads:
        assert threads.submit(theirs).result() != id(ours)


def test_as_many_threads_as_may_serve_each_have_a_connection_and_get_a_second(engine: Engine, in_threads) -> None:
    threads = next(option.type.max for option in serve.params if option.name == "threads")
    all_have_one, all_have_two = Barrier(threads), Barrier(threads)

    def request(_number: int) -> int:
        with shared_connection(engine), autocommit(engine) as mine:
            all_have_one.wait(60)
            with engine.connect() as second:
                all_have_two.wait(60)
                return len({id(mine), id(second)})

    assert in_threads(threads, request) == [2] * threads
