"""The report `provisioning_csv`: everybody in an account as one file, the way to read a large Canvas.

Canvas writes it in a background job, which may take hours (doc/api/provisioning.md). We ask for the switch `users`
alone, which makes a CSV; a zip that holds one is read too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urljoin

import msgspec

from adapters.canvas.api import Canvas, NotPermitted
from bridge.contracts import ReaderContext
from bridge.errors import OttoBridgeError, RemoteRefused, RosterIncomplete
from bridge.net import answers
from bridge.net.http import host_of
from bridge.net.retry import with_retries

FIRST_LOOK, LONGEST_PAUSE = 2.0, 30.0
"""Seconds between two looks at a report that is being written, growing from one to the other."""
PATIENCE = 6 * 3600.0
"""Seconds that a report may take."""
TRIES = 2
"""Canvas gives a report one attempt; after a crash it wants a new one."""

TIMEOUT = (5.0, 60.0)
MAX_BYTES = 4 * 1024**3
"""Of the file; a million logins take 200 MB."""
LONGEST_DOWNLOAD = 3600.0
"""Seconds for the file, all attempts together."""
HOPS = 3
"""Canvas redirects a download to its file service, and that to its storage."""


class _Attachment(msgspec.Struct):
    url: str
    size: int | None = None


class _Report(msgspec.Struct):
    id: int
    status: str = ""
    progress: float | None = None
    attachment: _Attachment | None = None


_reports = msgspec.json.Decoder(_Report)


@contextmanager
def fetch_report(canvas: Canvas, account: str, context: ReaderContext) -> Iterator[Path]:
    """The file of a fresh report, for as long as a `with` block lasts; Canvas forgets its own copy.

    Raises NotPermitted before anything else where the token may not run reports, RosterIncomplete where Canvas does
    not finish one or sends another number of bytes than it announced.
    """
    address = canvas.address(f"accounts/{quote(account, safe=':~')}/reports/provisioning_csv")
    report, attachment = _finished(canvas, address, context)
    with tempfile.TemporaryDirectory(prefix="ottobridge-") as folder:  # mode 0700
        path = Path(folder) / "users report"
        ends = context.now() + LONGEST_DOWNLOAD
        with_retries(lambda: _download(canvas, attachment, path, context, ends), context)
        with suppress(OttoBridgeError):  # tidiness alone: Canvas keeps old reports for its administrators
            canvas.ask("DELETE", f"{address}/{report.id}")
        yield path


def _finished(canvas: Canvas, address: str, context: ReaderContext) -> tuple[_Report, _Attachment]:
    for _ in range(TRIES):
        report = _read(canvas.ask("POST", address, {"parameters[users]": "true"}).body)
        report = _awaited(canvas, f"{address}/{report.id}", report, context)
        if report.status == "complete" and report.attachment is not None:
            return report, report.attachment
        context.notice(f"Canvas ended its users report with {report.status!r}")
    raise RosterIncomplete("Canvas does not finish its users report; see Admin > Settings > Reports in Canvas")


def _awaited(canvas: Canvas, address: str, report: _Report, context: ReaderContext) -> _Report:
    """`report` when Canvas is done with it, well or not. A status we do not know is one to wait for."""
    ends, pause = context.now() + PATIENCE, FIRST_LOOK
    while report.status not in {"complete", "error", "aborted", "deleted"}:
        if context.now() > ends:
            raise RosterIncomplete(f"Canvas has not finished its users report in {PATIENCE / 3600:.0f} hours")
        context.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
        before = report.progress
        try:
            report = _read(canvas.ask("GET", address).body)
        except NotPermitted as error:
            raise RosterIncomplete("Canvas no longer has the users report that it was writing") from error
        if report.progress != before:
            context.notice(f"Canvas is writing its users report: {report.progress or 0:.0f} %")
    return report


def _read(body: bytes) -> _Report:
    try:
        return answers.read_as(_reports, body)
    except answers.NotJson as error:
        raise RosterIncomplete(f"what Canvas says of its users report cannot be read: {error}") from error
    except msgspec.ValidationError as error:
        raise RosterIncomplete("Canvas described its users report in a way we do not know") from error


def _download(canvas: Canvas, attachment: _Attachment, path: Path, context: ReaderContext, ends: float) -> None:
    """Write the file to `path`. The token goes to Canvas itself only, and never along a redirect."""
    url, headers = attachment.url, canvas.headers_for(attachment.url)
    for _ in range(HOPS):
        left = ends - context.now()
        if left <= 0:
            raise RosterIncomplete("Canvas's users report comes too slowly")
        opening = context.outbound.stream("GET", url, headers=headers, timeout=TIMEOUT, deadline=left, redirects=True)
        with opening as response:
            if location := response.get_redirect_location():
                url, headers = urljoin(url, location), {}
                continue
            if response.status != 200:
                status = response.status
                raise RemoteRefused(f"{host_of(url)} answered {status} to the users report", status=status)
            size = _write(response.stream(256 * 1024, decode_content=True), path)
            if attachment.size is not None and size != attachment.size:
                raise RosterIncomplete(f"Canvas announced {attachment.size} bytes of users and sent {size}")
            return
    raise RemoteRefused(f"{host_of(attachment.url)}: the users report is redirected again and again")


def _write(parts: Iterator[bytes], path: Path) -> int:
    size = 0
    with path.open("wb") as file:
        for part in parts:
            size += file.write(part)
            if size > MAX_BYTES:
                raise RosterIncomplete("Canvas's users report is too large")
    return size
