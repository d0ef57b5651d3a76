"""Whom learners turn to: `support`, with the reference and the student ID filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, Field

from bridge.config.settings import Frozen, WebAddress

PLACES = ("reference", "student_id", "reason")
"""What `support.url` may name in braces."""


def _known_places(url: str) -> str:
    unknown = set(re.findall(r"\{([^{}]*)\}", url)) - set(PLACES)
    if unknown or url.count("{") != url.count("}"):
        raise ValueError(f"allowed in braces: {', '.join(f'{{{place}}}' for place in PLACES)}")
    return url


def _mail_box(text: str) -> str:
    if not re.fullmatch(r"[^\s@:/?&%<>\"]+@[^\s@:/?&%<>\"]+\.[^\s@:/?&%<>\"]+", text):
        raise ValueError("allowed: one e-mail address, such as help@example.edu")
    return text


class Support(Frozen):
    """`bridge.support`, or `support` of a connection."""

    name: str = Field(default="", max_length=100)
    """As it stands in a sentence: "Give this reference to NAME"."""
    url: Annotated[WebAddress, AfterValidator(_known_places)] | None = None
    """Where a request for help is made; `{reference}`, `{student_id}` and `{reason}` are filled in."""
    email: Annotated[str, AfterValidator(_mail_box)] | None = None


def help_page(support: Support, facts: Mapping[str, str]) -> str:
    """Where to ask for help about a launch; empty where there is no such page."""
    url = support.url or ""
    for place in PLACES:
        url = url.replace(f"{{{place}}}", quote(facts.get(place, ""), safe=""))
    return url


def letter(support: Support, subject: str, lines: Mapping[str, str]) -> str:
    """The address (RFC 6068) that opens a letter to the support, its lines filled in; empty where there is no mail box.

    `lines` are the values by their labels; those without a value are left out.
    """
    if not support.email:
        return ""
    body = "\r\n".join(f"{label}: {value}" for label, value in lines.items() if value)
    return f"mailto:{quote(support.email, safe='@')}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"
