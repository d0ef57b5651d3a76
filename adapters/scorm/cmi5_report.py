"""Progress, told to a cmi5 LMS: each statement once, whatever happens in between, and *terminated* in any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.scorm.callback import lies_under
from adapters.scorm.cmi5_lms import Lms
from adapters.scorm.cmi5_statements import NORMAL, Statement, completed, number_of, passed, progressed, terminated
from adapters.scorm.settings import Settings
from bridge.contracts import CallbackContext, Report
from bridge.errors import LaunchRejected, RemoteRefused

PATIENCE = 30.0
"""Seconds for all statements of one report."""
REMEMBERED = 400 * 86_400.0
"""Seconds for which is known what an LMS has taken: longer than a course of a year."""


def report_cmi5(channel: Mapping[str, str], report: Report, settings: Settings, context: CallbackContext) -> None:
    """The statements that a report calls for, in order; *terminated* is the last (9.3).

    What the LMS took is remembered, so a report that is told again goes on after it; a statement that it refuses holds
    none of the others up. Raises RemoteUnavailable, or RemoteRefused with the words of the LMS.
    """
    allowed = settings.cmi5.allowed_urls if settings.cmi5 else ()
    if not any(lies_under(f"{channel['endpoint']}/", prefix) for prefix in allowed):
        raise RemoteRefused("the address is under cmi5.allowed_urls no more")
    lms = Lms(context.outbound, context.now, context.now() + PATIENCE)
    refused = []
    for statement in _story(report, normal=channel["mode"] == NORMAL):
        taken = f"cmi5 statement {number_of(channel, statement)}"
        if context.memory.look(taken):
            continue
        try:
            lms.put(channel, statement)
        except LaunchRejected as error:
            refused.append(error.detail)
        else:
            context.memory.keep(taken, "taken", REMEMBERED)
    if refused:
        raise RemoteRefused("; ".join(refused))


def _story(report: Report, *, normal: bool) -> Iterator[Statement]:
    """In the modes Browse and Review only *initialized* and *terminated* may be said (10.2.2)."""
    if normal and not report.mastered and report.progress > 0:
        yield progressed(report.time, report.progress, report.seconds)
    if normal and report.mastered:
        yield completed(report.time, report.seconds)
        yield passed(report.time, report.seconds)
    if report.ends:
        yield terminated(report.time, report.seconds)
