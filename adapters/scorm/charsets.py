"""Bytes of an LMS -> text: the charset that was meant, by the rules that browsers follow (WHATWG, Encoding)."""

from __future__ import annotations

import codecs
from email.message import Message

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    **dict.fromkeys(("utf-7", "unicode-escape", "raw-unicode-escape", "punycode", "idna"), "cp1252"),
}
"""Labels, as Python calls them, that stand for a larger charset wherever there is text to be read; and those that no
browser knows, in which a learner's plain letters could spell a line break."""


def decode(body: bytes, content_type: str) -> str:
    """The text of an answer. A byte order mark rules; then UTF-8, where the bytes are that and the label names a
    charset of single bytes or none; then the label; then Windows-1252. Never raises.
    """
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, errors="replace")
    label = _label(content_type)
    first = ("utf-8", label) if label.startswith("cp125") else (label, "utf-8")
    for charset in (*first, "cp1252"):
        try:
            return body.decode(charset)
        except (LookupError, ValueError):
            continue
    return body.decode("latin-1")  # Windows-1252 with a byte that it leaves open, which browsers read as latin-1


def _label(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type.replace("\r", "").replace("\n", "")
    try:
        name = codecs.lookup(header.get_content_charset("") or "cp1252").name
    except LookupError:
        return "cp1252"
    return _MEANT.get(name, name)
