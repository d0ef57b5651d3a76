"""Through the whole bridge: who is not found is noted, and who is linked gets in."""

from __future__ import annotations

from bridge.learners.linking import link
from bridge.store import unmatched
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import NOW


def launch(bridge: Bridge, student_id: str) -> object:
    return bridge.launch13(lis={"person_sourcedid": student_id})


def test_who_is_not_found_is_noted_and_a_link_lets_in(bridge: Bridge) -> None:
    assert launch(bridge, "S999").status_code == 404
    (row,) = unmatched.newest(bridge.engine, 10)
    assert (row.connection, row.student_id, row.outcome, row.times, row.last_seen) == (
        "campus",
        "S999",
        "no_match",
        1,
        NOW,
    )
    link(bridge.engine, "campus", "S999", 1, ("username",), now=NOW)
    assert launch(bridge, "S999").status_code == 303
    assert bridge.record()[0].outcome == "matched"
