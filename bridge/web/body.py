"""The bodies of requests: how large they may be, and what is wrong with one that cannot be read."""

from __future__ import annotations

from flask import Request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

MAX_BODY = 1024 * 1024
"""Bytes of a request's body."""


def take_whole_body(request: Request) -> None:
    """Read it before anything is done, so that its limits are met here.

    Raises BadRequest where its chunks are none, and RequestEntityTooLarge.
    """
    if request.method == "GET":
        return
    try:
        body = request.get_data(cache=True)
        # Where nobody has said its length, Werkzeug takes what is within the limit for the whole.
        is_cut = len(body) == MAX_BODY and request.content_length is None and request.environ["wsgi.input"].read(1)
    except HTTPException:
        raise
    except Exception as error:  # each web server has errors of its own for what a client sends
        raise BadRequest("the body cannot be read") from error
    if is_cut:
        raise RequestEntityTooLarge
