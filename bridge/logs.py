"""The log: one line for each event, as text or as JSON, with the time and its zone and the id of the request at hand.

An event is told as words and fields (`event`), so that both shapes hold the same. Values that came from outside are
quoted where they hold anything but plain characters: nobody may write a line of their own into the log.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import IO

FORMATS = ("text", "json")
_PLAIN = re.compile(r"[\w.,:/@+<>*-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class answering:  # noqa: N801 -- a block, as those of contextlib
    """The block answers a request, which every line names by this id."""

    __slots__ = ("_before", "logged", "request_id")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.logged = False
        """Whether the log has a line that says how it ended."""

    def __enter__(self) -> None:
        self._before = _current.set(self)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)


_current: ContextVar[answering | None] = ContextVar("request", default=None)


def is_logged() -> bool:
    """Whether the log knows how the request at hand ended."""
    current = _current.get()
    return current is not None and current.logged


class Fields(dict[str, object]):
    """What an event is about, in text as `name=value name=value`."""

    def __str__(self) -> str:
        return " ".join(f"{name}={_shown(value)}" for name, value in self.items())


def event(
    log: logging.Logger, what: str, *, level: int = logging.INFO, cause: BaseException | None = None, **fields: object
) -> None:
    """One line about how the request at hand, or whatever else, ended. A `cause` is shown with its traceback."""
    current = _current.get()
    if current is not None:
        current.logged = True
    log.log(level, "%s %s", what, Fields(fields), exc_info=cause)


def mistakes(log: logging.Logger, problems: Iterable[str]) -> None:
    """A line for each mistake of a configuration; a traceback says no more."""
    for problem in problems:
        log.error("%s", problem)


def _shown(value: object) -> str:
    text = str(value)
    if not text:
        return "-"
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


class _Lines(logging.Formatter):
    """What both shapes share. Errors of the kinds `brief` are faults of other systems: no traceback says more."""

    def __init__(self, brief: tuple[type[BaseException], ...]) -> None:
        super().__init__()
        self._brief = brief

    def _message(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.exc_info and isinstance(record.exc_info[1], self._brief):
            first = str(record.exc_info[1]).partition("\n")[0]
            message = f"{message} ({type(record.exc_info[1]).__name__}: {first[:200]})"
        return _CONTROL.sub(lambda found: json.dumps(found[0])[1:-1], message)

    def _traceback(self, record: logging.LogRecord) -> str:
        raised: _Raised | None = record.exc_info
        if not raised or raised[1] is None or isinstance(raised[1], self._brief):
            return ""
        return self.formatException(raised)

    @staticmethod
    def _time(record: logging.LogRecord) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class Text(_Lines):
    """`2026-01-31T08:15:00.123+00:00 INFO bridge.launch request=6f… launch connection=campus outcome=matched …`."""

    def format(self, record: logging.LogRecord) -> str:
        current = _current.get()
        request = f" request={current.request_id}" if current else ""
        line = f"{self._time(record)} {record.levelname} {record.name}{request} {self._message(record)}"
        traceback = self._traceback(record)
        return f"{line}\n{traceback}" if traceback else line


class Json(_Lines):
    """One JSON object a line; the fields of an event are members of it."""

    def format(self, record: logging.LogRecord) -> str:
        current = _current.get()
        line: dict[str, object] = {
            "time": self._time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": self._message(record),
        }
        if current is not None:
            line["request"] = current.request_id
        for found in record.args if isinstance(record.args, tuple) else ():
            if isinstance(found, Fields):
                line = {**{name: _as_json(value) for name, value in found.items()}, **line}
        if traceback := self._traceback(record):
            line["traceback"] = traceback
        return json.dumps(line)  # ASCII alone: some readers take U+2028 for the end of a line


def _as_json(value: object) -> object:
    return value if isinstance(value, int | float | bool) or value is None else str(value)


def configure(
    shape: str,
    *,
    brief: tuple[type[BaseException], ...] = (),
    level: int = logging.INFO,
    stream: IO[str] | None = None,
) -> None:
    """Send every line to `stream`, standard error by default, in one of `FORMATS`; other libraries only warn."""
    lines = logging.StreamHandler(stream or sys.stderr)
    lines.setFormatter(Json(brief) if shape == "json" else Text(brief))
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(logging.WARNING)
    for name in ("bridge", "adapters", "gunicorn"):
        logging.getLogger(name).setLevel(level)
