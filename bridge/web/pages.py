"""What the browser gets when a launch has ended: a redirect, or a page the learner understands."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template

from bridge.contracts import Outcome
from bridge.launch import Landing
from bridge.reasons import ADVICE, REASONS


def answer(landing: Landing) -> Response:
    """The browser's answer to a launch."""
    if landing.outcome is Outcome.MATCHED:
        return make_response(redirect(landing.url, 303))
    reason = REASONS[landing.reason]
    page = render_template("outcome.html", landing=landing, advice=ADVICE[reason.learner])
    return make_response(page, reason.status)


def json_answer(landing: Landing) -> tuple[dict[str, str], int]:
    """The same for a package's page, which shows it to the learner itself."""
    if landing.outcome is Outcome.MATCHED:
        return {"url": landing.url}, 200
    reason = REASONS[landing.reason]
    advice = ADVICE[reason.learner]
    found = {"error": landing.reason, "reference": landing.reference, "title": advice.title, "message": advice.text}
    return {**found, "student_id": landing.student.student_id}, reason.status
