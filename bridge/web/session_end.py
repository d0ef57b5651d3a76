"""One browser, two learners: a launch that is refused ends what an earlier one in the same browser has begun.

Else the next sign-in would open the account of whoever launched before on a shared machine.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, g, request

from bridge.store.database import DatabaseError
from bridge.web.cookies import set_cookies
from bridge.web.services import AppServices

log = logging.getLogger(__name__)


def note_refusal() -> None:
    """The request that is being answered was a launch, and it was refused."""
    g.refused = True


def end_sessions_of_refused(app: Flask, services: AppServices) -> None:
    """Let every refusal spend the launch session of its browser, and take its cookies, where there are sessions."""
    provider = services.provider
    if provider is None:
        return

    @app.after_request
    def end(response: Response) -> Response:
        if not g.get("refused", False):
            return response
        try:
            return set_cookies(response, provider.forget(request.cookies))
        except DatabaseError as error:  # the page must not hang on it; the session ends by itself within a minute
            log.warning("a launch session could not be ended: %s", type(error).__name__)
            return response
