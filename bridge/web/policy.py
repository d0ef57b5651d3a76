"""The Content-Security-Policy of our pages: nothing is allowed but what a page names."""

from __future__ import annotations

from flask import Response


def content_policy(*, scripts: bool = False, form_to: str = "'none'", framed: bool = False) -> str:
    """The policy of a page with our own style and pictures; `form_to` is where its forms may go.

    `framed` is for pages that learners and teachers meet inside their LMS. Any site may frame them: the configuration
    does not know the addresses of all frames around a launch (docs/security.md).
    """
    script = "script-src 'self'; connect-src 'self'; " if scripts else ""
    frames = "" if framed else "; frame-ancestors 'none'"
    return (
        f"default-src 'none'; {script}style-src 'self'; img-src 'self'; base-uri 'none'; form-action {form_to}{frames}"
    )


def permit(response: Response, *, scripts: bool = False, form_to: str = "'none'", framed: bool = False) -> Response:
    """`response` with a policy of its own."""
    response.headers["Content-Security-Policy"] = content_policy(scripts=scripts, form_to=form_to, framed=framed)
    return response
