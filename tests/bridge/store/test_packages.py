"""Packages and sites in the database: only digests of tokens, and no table that a stranger can fill."""

from __future__ import annotations

from sqlalchemy import Engine, text

from bridge.store import packages, rates
from bridge.store.packages import MOST_NEW, OriginRow, PackageRow


def row(**changes: object) -> PackageRow:
    return PackageRow("p1", "any-lms", "scorm12", "Safety", "", 100.0)._replace(**changes)


def test_a_copy_of_the_database_launches_nothing(engine: Engine) -> None:
    packages.register(engine, row(), "the-token")
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT * FROM package")).one()
    assert "the-token" not in str(stored)
    assert packages.by_token(engine, "the-token") == row()
    assert packages.by_token(engine, "another") is None
    assert packages.by_id(engine, "p1") == row()


def test_a_revoked_package_stays_revoked_from_its_first_day(engine: Engine) -> None:
    packages.register(engine, row(), "t")
    assert packages.revoke(engine, "p1", 200.0)
    assert not packages.revoke(engine, "p1", 300.0)
    found = packages.by_id(engine, "p1")
    assert found is not None
    assert found.revoked_at == 200.0
    assert not found.lives(100.0)


def test_an_end_is_never_put_off(engine: Engine) -> None:
    packages.register(engine, row(expires_at=200.0), "t")
    packages.end_at(engine, "p1", 300.0)
    assert packages.every(engine) == [row(expires_at=200.0)]
    packages.end_at(engine, "p1", 150.0)
    found = packages.every(engine)[0]
    assert (found.lives(149.9), found.lives(150.0)) == (True, False)


def test_a_copied_package_does_not_fill_the_list_of_sites(engine: Engine) -> None:
    for number in range(MOST_NEW + 5):
        packages.learn_origin(engine, OriginRow("any-lms", f"https://{number}.example", "new", "p1", 100.0))
    assert len(packages.origins(engine)) == MOST_NEW


def test_a_decision_is_not_undone_by_the_next_launch(engine: Engine) -> None:
    packages.decide_origin(engine, "any-lms", "https://a.example", "refused", 100.0)
    assert not packages.learn_origin(engine, OriginRow("any-lms", "https://a.example", "new", "p1", 200.0))
    assert packages.origin_state(engine, "any-lms", "https://a.example") == "refused"
    assert packages.origin_state(engine, "other", "https://a.example") == ""


def test_tries_are_counted_for_each_apart_and_forgotten_in_time(engine: Engine) -> None:
    counts = [rates.count(engine, "launch", who, now=10.0, span=60.0) for who in ("a", "a", "b", "a")]
    assert counts == [1, 2, 1, 3]
    assert rates.count(engine, "other", "a", now=10.0, span=60.0) == 1
    assert rates.counted(engine, "launch", "a", now=59.0, span=60.0) == 3
    assert rates.count(engine, "launch", "a", now=60.0, span=60.0) == 1
    assert rates.purge(engine, now=60.0) == 3
    assert rates.counted(engine, "launch", "a", now=60.0, span=60.0) == 1


def test_no_try_is_lost_between_threads(engine: Engine, in_threads) -> None:
    found = in_threads(8, lambda _: rates.count(engine, "launch", "a", now=0.0, span=60.0))
    assert sorted(found) == list(range(1, 9))
