"""What goes to a terminal: every text that a command prints goes through `visible`, whoever it came from.

A name from a launch may hold escape sequences, which a terminal obeys, and characters that turn the direction of
writing around, so that another ID is read than is there. Both are shown by their numbers.
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


def visible(text: str) -> str:
    """`text`, with its control characters, invisible ones and marks of direction as `\\x1b` and `\\u202e`."""
    return _INVISIBLE.sub(lambda found: _number(ord(found[0])), text)


def say(text: str = "", *, err: bool = False) -> None:
    """One line or several on standard output, or with `err` on standard error."""
    click.echo(visible(text), err=err)


def shown(text: str, style: str = "") -> Text:
    """The same for whatever is laid out."""
    from rich.text import Text  # noqa: PLC0415 -- most commands lay nothing out

    return Text(visible(text), style)


class Lines(logging.Formatter):
    """The log of a command, on standard error too."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


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
