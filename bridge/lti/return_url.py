"""The way back to the LMS for whoever is refused: only what the LMS signed may say where that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.errors import LaunchRejected
from bridge.lti.student import web_address


@contextmanager
def refusals_return_to(address: object) -> Iterator[None]:
    """A block after a signature held: its refusals lead back to `address`, where that is a web address."""
    try:
        yield
    except LaunchRejected as error:
        error.return_url = web_address(address)
        raise
