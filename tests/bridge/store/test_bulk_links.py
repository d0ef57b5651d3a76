"""The links of a sheet are made all at once or not at all, and undone where they are as they were made."""

from __future__ import annotations

from sqlalchemy import Engine

from bridge.contracts import Student
from bridge.store import aliases, audit, unmatched
from bridge.store.audit import AuditRow
from bridge.store.bulk_links import Link, link_all, unlink_all

LINKS: list[Link] = [("campus", f"{number:04}", number) for number in range(1, 301)]


def act(link: Link) -> AuditRow:
    return AuditRow(5.0, "ada", "operator", "link", link[0], link[1])


def waiting(engine: Engine) -> set[str]:
    return {row.student_id for row in unmatched.newest(engine, 1_000)}


def links(engine: Engine) -> dict[str, int]:
    return {row.student_id: row.user_id for row in aliases.every(engine)}


def filled(engine: Engine) -> set[str]:
    for connection, student_id, _ in LINKS[:5]:
        unmatched.note(engine, connection, Student(student_id, "", ""), "no_match", now=1.0)
    return waiting(engine)


def test_all_are_made_with_their_lines_of_the_audit_list(engine: Engine) -> None:
    assert len(filled(engine)) == 5
    assert link_all(engine, LINKS, {}, [act(link) for link in LINKS], 5.0) == []
    assert links(engine) == {student_id: user for _, student_id, user in LINKS}
    assert waiting(engine) == set()
    assert len(audit.newest(engine, 1_000)) == len(LINKS)


def test_one_that_somebody_was_faster_with_stops_all(engine: Engine) -> None:
    before = filled(engine)
    aliases.put(engine, "campus", "0300", 7, now=1.0)
    assert link_all(engine, LINKS, {}, [act(link) for link in LINKS], 5.0) == [("campus", "0300", 300)]
    assert (links(engine), waiting(engine), audit.newest(engine, 9)) == ({"0300": 7}, before, [])


def test_a_link_is_replaced_only_where_it_is_the_one_that_was_seen(engine: Engine) -> None:
    aliases.put(engine, "campus", "0001", 7, now=1.0)
    assert link_all(engine, LINKS, {("campus", "0001"): 8}, [], 5.0) == [LINKS[0]]
    assert link_all(engine, LINKS, {("campus", "0001"): 7}, [], 5.0) == []
    assert links(engine)["0001"] == 1


def test_what_was_changed_since_stays_when_they_are_undone(engine: Engine) -> None:
    filled(engine)
    assert link_all(engine, LINKS, {}, [], 5.0) == []
    aliases.put(engine, "campus", "0002", 9, now=6.0)
    undone = unlink_all(engine, LINKS, {link: act(link) for link in LINKS})
    assert len(undone) == len(LINKS) - 1
    assert links(engine) == {"0002": 9}
    assert waiting(engine) == {"0001", "0003", "0004", "0005"}
    assert len(audit.newest(engine, 1_000)) == len(undone)
