"""The terminal output of the commands: all text that a command prints is passed through `escape_controls`.

A name from a launch can hold terminal escape sequences, and characters that change the direction of writing, so that
an ID reads as another one. Both are printed as escapes.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.text import Text

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for the tab and the line feed
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # direction, and nothing to see
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of characters, and letters in disguise
)
"""The joiners U+200C and U+200D are left: names in Persian and Hindi are written with them."""


def escape_controls(text: str) -> str:
    """`text`, with its control characters, invisible ones and marks of direction as `\\x1b` and `\\u202e`."""
    return _INVISIBLE.sub(lambda found: _number(ord(found[0])), text)


def say(text: str = "", *, err: bool = False) -> None:
    """One line or several on standard output, or with `err` on standard error."""
    click.echo(escape_controls(text), err=err)


def styled(text: str, style: str = "") -> Text:
    """`text`, escaped, as a styled text of `rich`."""
    from rich.text import Text  # noqa: PLC0415 -- most commands print plain lines

    return Text(escape_controls(text), style)


class EscapingFormatter(logging.Formatter):
    """The log format of the commands: each line escaped."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_controls(super().format(record))


def escaped_json(text: str) -> str:
    """JSON that means the same; what is left of such characters in its strings is written as `\\u202e`."""
    return _INVISIBLE.sub(lambda found: _as_json(ord(found[0])), text)


def _number(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _as_json(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
