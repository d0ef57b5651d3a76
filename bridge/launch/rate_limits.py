"""How often one id or one address may try.

A school's learners share an address and begin at the same minute, so the limits by address are wide. Narrower are
those on guesses: tokens that no package has, sessions that no LMS knows, IDs that nobody has. Other refusals are
nobody's guesses.
"""

from __future__ import annotations

from bridge.store.rates import Guesses, Limit

LAUNCHES_OF_ADDRESS = Limit("launches of an address", 6000, 60.0)
LAUNCHES_OF_STUDENT = Limit("launches of a student", 20, 60.0)
STUDENTS_OF_PACKAGE = Limit("different students of a package at an address", 120, 10.0)
"""A school that begins a course at the same minute stays below; whoever tries out IDs does not."""
MISSES_OF_PACKAGE = Limit("IDs that nobody has of a package at an address", 100, 600.0)
MISSES_OF_STUDENT = Limit("launches by one ID that nobody has", 1, 600.0)
"""Only the first counts as a miss: a learner who tries again guesses nothing."""
FAILURES_OF_ADDRESS = Limit("failures of an address", 100, 600.0)
UNKNOWN_PACKAGES = Guesses(LAUNCHES_OF_ADDRESS, FAILURES_OF_ADDRESS, frozenset({"package_unknown"}))
"""Tokens that no package has."""
UNKNOWN_SESSIONS = Guesses(
    LAUNCHES_OF_ADDRESS, FAILURES_OF_ADDRESS, frozenset({"aicc_session_unknown", "cmi5_refused"})
)
"""Sessions that the LMS does not know."""
REFUSALS_OF_ADDRESS = Limit("refusals of an address", 300, 600.0)
"""Those of nobody in particular, which anybody can bring about; so many are recorded."""
REFUSALS = Limit("refusals of all addresses", 1000, 600.0)
"""The same for all together: what many addresses can write down in a month stays below a few gigabytes."""
DETAILS_OF_ADDRESS = Limit("refusals of an address with what came", 30, 600.0)
DETAILS = Limit("refusals of all addresses with what came", 100, 600.0)
"""What came with them is up to thirty times as long, and a few of many alike say enough."""
TROUBLES_OF_PACKAGE = Limit("troubles of a package", 30, 600.0)
"""For an address: a class whose LMS is broken says enough with these."""
POLLS_OF_VISIT = Limit("polls of a visit", 30, 60.0)
