"""What the browser gets when a launch has ended: a redirect, or a page the learner understands."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Response, make_response, render_template

from bridge.contracts import Outcome
from bridge.launch import Landing
from bridge.reasons import ADVICE, REASONS
from bridge.wayin import WayIn
from bridge.web.cookies import set_cookies
from bridge.web.leaving import note_refusal
from bridge.web.policy import permit


def answer(landing: Landing) -> Response:
    """The browser's answer to a launch."""
    if landing.outcome is Outcome.MATCHED:
        return go(WayIn(landing.url, landing.cookies))
    note_refusal()
    reason = REASONS[landing.reason]
    page = render_template("outcome.html", landing=landing, advice=ADVICE[reason.learner])
    return permit(make_response(page, reason.status), framed=True)


def go(way: WayIn, status: int = 303) -> Response:
    """Send the browser on its way."""
    return set_cookies(Response(status=status, headers=[("Location", way.url)]), way.cookies)


def json_answer(landing: Landing) -> tuple[dict[str, str], int]:
    """The same for a package's page, which shows it to the learner itself."""
    if landing.outcome is Outcome.MATCHED:
        return {"url": landing.url}, 200
    note_refusal()
    reason = REASONS[landing.reason]
    advice = ADVICE[reason.learner]
    found = {"error": landing.reason, "reference": landing.reference, "title": advice.title, "message": advice.text}
    return {**found, "student_id": landing.student.student_id}, reason.status


def back_to_lms(landing: Landing) -> Response:
    """Send the browser of a refused launch back to its LMS with the reason, as LTI 1.1 asks of a tool (section 3)."""
    note_refusal()
    advice = ADVICE[REASONS[landing.reason].learner]
    said = {
        "lti_errormsg": f"{advice.title}. {advice.text} ({landing.reference})",
        "lti_errorlog": f"{landing.reason} {landing.reference}",
    }
    join = "&" if urlsplit(landing.return_url).query else "?"
    return go(WayIn(f"{landing.return_url}{join}{urlencode(said)}"))
