"""The clock of a source, from the `Date` header: changes are asked for by its clock, never by ours."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime

from bridge.net.http import HttpResponse


class ServiceClock:
    """Reads the `Date` of the first answer, the earliest time of the reading."""

    def __init__(self) -> None:
        self.first: float | None = None
        """Seconds since 1970, when it sent the first page; None where it did not say."""
        self._pages = 0

    def observe(self, answer: HttpResponse) -> None:
        """Note the time of the first page."""
        self._pages += 1
        if self._pages == 1:
            with suppress(ValueError, OverflowError):
                # Always in GMT (RFC 9110 section 5.6.7).
                date = parsedate_to_datetime(answer.headers.get("Date", ""))
                self.first = date.replace(tzinfo=UTC).timestamp()
