"""A name survives whatever an LMS says of its charset, right or wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.scorm.charsets import decode


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("Zoë".encode(), "text/html; charset=utf-8", "Zoë"),
        ("Zoë".encode(), "text/plain", "Zoë"),
        ("Zoë".encode(), "", "Zoë"),
        ("Zoë".encode("latin-1"), "text/plain; charset=ISO-8859-1", "Zoë"),
        ("Zoë".encode("cp1252"), "text/plain", "Zoë"),
        ("Zoë".encode("cp1252"), "text/plain; charset=utf-8", "Zoë"),
        ("“Zoë”".encode("cp1252"), "text/plain; charset=utf-8", "“Zoë”"),
        ("“Zoë”".encode("cp1252"), "text/plain", "“Zoë”"),
        ("王".encode("big5"), "text/plain; charset=big5", "王"),
        ("Ł".encode("iso8859-2"), "text/plain; charset=iso-8859-2", "Ł"),
        ("Zoë".encode(), "text/plain; charset=no-such-thing", "Zoë"),
        ("Zoë".encode(), 'text/plain; charset="\r\nx', "Zoë"),
        ("Zoë".encode(), "text/plain; charset=rot13", "Zoë"),
        (b"\x81", "text/plain", "\x81"),
    ],
)
def test_a_name_with_accents_survives_its_charset(body: bytes, content_type: str, text: str) -> None:
    assert decode(body, content_type) == text


@pytest.mark.parametrize(
    ("label", "body"),
    [
        ("utf-7", b"x+AAo-Student_ID+AD0-9"),
        ("unicode_escape", rb"x\nStudent_ID=9"),
        ("raw_unicode_escape", rb"x\u000aStudent_ID=9"),
        ("punycode", b"x-9"),
        ("idna", b"xn--9"),
    ],
)
def test_plain_letters_spell_no_line_break(label: str, body: bytes) -> None:
    assert decode(body, f"text/plain; charset={label}") == body.decode("ascii")


@pytest.mark.parametrize("label", ["", "; charset=utf-8", "; charset=iso-8859-1", "; charset=windows-1252"])
def test_a_byte_order_mark_rules_and_is_no_text(label: str) -> None:
    assert decode("\ufeffZoë".encode(), f"text/plain{label}") == "Zoë"
    assert decode("\ufeffZoë".encode("utf-16-le"), f"text/plain{label}") == "Zoë"


@pytest.mark.parametrize("label", ["iso-8859-1", "ISO8859-1", "latin1", "us-ascii", "windows-1252"])
def test_windows_1252_under_a_label_of_less_is_read(label: str) -> None:
    body = "O’Brien, “Zoë” – €".encode("cp1252")
    assert decode(body, f"text/plain; charset={label}") == "O’Brien, “Zoë” – €"


@pytest.mark.parametrize(
    ("label", "charset", "text"),
    [
        ("iso-8859-9", "cp1254", "“Ğ”"),
        ("gb2312", "gb18030", "镕"),
        ("shift_jis", "cp932", "①"),
        ("euc-kr", "cp949", "똠"),
    ],
)
def test_a_label_stands_for_the_larger_charset_that_is_sent_under_it(label: str, charset: str, text: str) -> None:
    assert decode(text.encode(charset), f"text/plain; charset={label}") == text


@pytest.mark.parametrize("label", ["iso-8859-1", "windows-1252"])
def test_utf_8_under_a_label_of_single_bytes_is_read(label: str) -> None:
    assert decode("García".encode(), f"text/plain; charset={label}") == "García"


@given(st.text())
def test_no_charset_raises(charset: str) -> None:
    for parameter in ("charset=", "charset*=", "charset*0*=", "charset*=utf-8''"):
        assert isinstance(decode("Zoë".encode(), f"text/plain; {parameter}{charset}"), str)
