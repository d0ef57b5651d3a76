"""The way back to the LMS for whoever is refused: only what the LMS signed may say where that is."""

from __future__ import annotations

from bridge.errors import LaunchRejected
from bridge.lti.student import web_address


class refusals_return_to:  # noqa: N801 -- a block, as those of contextlib
    """A block after a signature held: its refusals lead back to `address`, where that is a web address."""

    def __init__(self, address: object) -> None:
        self._address = address

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, LaunchRejected):
            error.return_url = web_address(self._address)
