"""The tables of administrators, on both databases."""

from __future__ import annotations

from sqlalchemy import Engine

from bridge.store import admin_accounts, admin_sessions, audit
from bridge.store.admin_accounts import AccountRow
from bridge.store.admin_sessions import SessionRow
from bridge.store.audit import AuditRow
from bridge.store.privacy import erase, everything_of

ADA = AccountRow("ada", "owner", "hash", 1.0, 1.0)
SESSION = SessionRow("password", "ada", "owner", 1.0, 1.0, 100.0)


def test_a_second_account_of_a_name_does_not_replace_the_first(engine: Engine) -> None:
    assert admin_accounts.add(engine, ADA)
    assert not admin_accounts.add(engine, ADA._replace(role="viewer"))
    assert admin_accounts.every(engine) == [ADA]


def test_a_hash_is_not_renewed_over_another_password(engine: Engine) -> None:
    admin_accounts.add(engine, ADA)
    admin_accounts.rehash(engine, "ada", "an older hash", "stale")
    assert admin_accounts.find(engine, "ada") == ADA


def test_sessions_of_another_way_by_the_same_name_are_somebody_elses(engine: Engine) -> None:
    admin_accounts.add(engine, ADA)
    admin_sessions.add(engine, "one", SESSION)
    admin_sessions.add(engine, "two", SESSION._replace(way="oidc"))
    assert admin_accounts.change_role(engine, "ada", "viewer", 2.0)
    assert [admin_sessions.find(engine, name).role for name in ("one", "two")] == ["viewer", "owner"]  # type: ignore[union-attr]
    admin_accounts.remove(engine, "ada")
    assert admin_sessions.find(engine, "one") is None
    assert admin_sessions.find(engine, "two") is not None


def test_sessions_that_are_over_are_forgotten(engine: Engine) -> None:
    admin_sessions.add(engine, "one", SESSION)
    admin_sessions.add(engine, "two", SESSION._replace(until=200.0))
    assert admin_sessions.purge(engine, now=100.0) == 1
    assert admin_sessions.find(engine, "two") is not None


def test_acts_are_listed_newest_first_and_page_by_page(engine: Engine) -> None:
    for number in range(5):
        audit.append(engine, AuditRow(float(number // 2), "ada", "owner", f"act {number}"))
    first = audit.newest(engine, 2)
    rest = audit.newest(engine, 9, before=(first[-1].time, first[-1].id))
    assert [row.act for row in (*first, *rest)] == [f"act {number}" for number in (4, 3, 2, 1, 0)]
    assert audit.forget_before(engine, 1.0) == 2
    assert [row.act for row in audit.newest(engine, 9, act="act 4", who="ada")] == ["act 4"]
    assert audit.newest(engine, 9, who="eve") == []


def test_an_erased_student_is_in_no_act_and_the_act_stays(engine: Engine) -> None:
    audit.append(engine, AuditRow(1.0, "ada", "owner", "link", "campus", "S1", '{"user": 7}'))
    audit.append(engine, AuditRow(1.0, "ada", "owner", "link", "campus", "S2", '{"user": 8}'))
    assert [row["student_id"] for row in everything_of(engine, "S1").tables["audit"]] == ["S1"]
    assert erase(engine, "S1").tables == {"audit": 1}
    assert [(row.student_id, row.details) for row in audit.newest(engine, 9)] == [("S2", '{"user": 8}'), ("", "{}")]
