"""The Content-Security-Policy of our pages: nothing is allowed but what a page names."""

from __future__ import annotations

from flask import Response


def content_policy(*, scripts: bool = False, form_to: str = "'none'") -> str:
    """The policy of a page with our own style and pictures; `form_to` is where its forms may go.

    Pages are shown inside LMSs, whose addresses are not all known, so nothing is said about frames.
    """
    script = "script-src 'self'; connect-src 'self'; " if scripts else ""
    return f"default-src 'none'; {script}style-src 'self'; img-src 'self'; base-uri 'none'; form-action {form_to}"


def permit(response: Response, *, scripts: bool = False, form_to: str = "'none'") -> Response:
    """`response` with a policy of its own."""
    response.headers["Content-Security-Policy"] = content_policy(scripts=scripts, form_to=form_to)
    return response
