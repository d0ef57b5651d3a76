"""AICC over HTTP: the address that holds the session is left at once, and nobody finds sessions through us."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.contracts import Assurance
from bridge.launch.rate_limits import FAILURES_OF_ADDRESS
from bridge.packages.origin import Packages
from bridge.store import packages, visits
from tests.bridge.web.conftest import Bridge, Campus

SID = "K7nFKkornGH4K5fnw4q0"
UNKNOWN = b"error=1\r\nerror_text=Invalid Session ID\r\n"


def answer(student_id: str = "S000101", vendor: str = "") -> bytes:
    core = f"error=0\r\naicc_data=[Core]\r\nStudent_ID={student_id}\r\nStudent_Name=O’Brien, Zoë\r\n"
    return f"{core}[Core_Vendor]\r\n{vendor}\r\n".encode()


def launch(bridge: Bridge, sid: str = SID, address: str = "203.0.113.1") -> Any:
    (url,) = bridge.services.configuration.connections["packages"].settings.aicc.allowed_urls
    query = {"aicc_sid": sid, "aicc_url": url}
    return bridge.client.get("/aicc/packages/launch", query_string=query, headers={"X-Forwarded-For": address})


def test_the_address_with_the_session_is_left_at_once(bridge: Bridge, campus: Campus) -> None:
    campus.hacp = answer()
    landed = launch(bridge)
    assert landed.status_code == 303
    assert landed.location.startswith("https://bridge.example.edu/l/")
    assert SID not in landed.location
    assert landed.headers["Referrer-Policy"] == "no-referrer"
    further = bridge.client.get(landed.location.removeprefix("https://bridge.example.edu"))
    assert further.location.startswith("https://learn.example.com/in")
    assert bridge.record()[0][1:8] == ("packages", "aicc", "S000101", "Zoë", "O’Brien", "matched", "")


def test_a_session_belongs_to_one_learner(bridge: Bridge, campus: Campus) -> None:
    campus.hacp = answer()
    assert launch(bridge).status_code == 303
    assert launch(bridge).status_code == 303, "a reload by the same learner"
    campus.hacp = answer("other")
    assert launch(bridge).status_code == 403
    assert bridge.record()[0].reason == "session_of_another"


def test_whoever_counts_sessions_up_is_locked_out(bridge: Bridge, campus: Campus) -> None:
    campus.hacp = UNKNOWN
    for number in range(FAILURES_OF_ADDRESS.most):
        assert launch(bridge, f"{SID}-{number}").status_code == 403
    campus.hacp = answer()
    assert launch(bridge).status_code == 429
    assert launch(bridge, address="203.0.113.2").status_code == 303, "another address is let in"


def test_a_revoked_course_launches_nobody_where_the_lms_passes_its_token_on(bridge: Bridge, campus: Campus) -> None:
    row = Packages(bridge.engine, lambda: bridge.now).register("packages", "aicc", "Safety", "tok", course="SAFE-101")
    campus.hacp = answer(vendor="ottobridge_package=tok")
    assert launch(bridge).status_code == 303
    told = visits.newest_of(bridge.engine, "packages", "S000101", 0, "SAFE-101")
    assert told is not None
    packages.revoke(bridge.engine, row.id, bridge.now)
    assert launch(bridge).status_code == 403
    assert bridge.record()[0].reason == "package_ended"


@pytest.mark.parametrize(
    ("accepts", "sid", "status"),
    [
        ({Assurance.CONFIRMED}, SID, 303),
        ({Assurance.CONFIRMED}, "C175M21S", 403),
        ({Assurance.CONFIRMED, Assurance.ASSERTED}, "C175M21S", 303),
        ({Assurance.SIGNED}, SID, 403),
    ],
)
def test_a_connection_takes_no_less_than_it_accepts(
    accepts: set[Assurance], sid: str, status: int, bridge: Bridge, campus: Campus
) -> None:
    campus.hacp = answer()
    object.__setattr__(bridge.services.configuration.connections["packages"], "accepts", frozenset(accepts))
    assert launch(bridge, sid).status_code == status
    assert bridge.record()[0].reason == ("" if status == 303 else "assurance_too_low")
