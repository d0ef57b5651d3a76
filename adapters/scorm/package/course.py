"""What a package is made from, checked once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlsplit

from bridge.config.settings import origin
from bridge.contracts import clean
from bridge.presentation.brand import NO_BRAND, Brand

Window = Literal["frame", "window"]

FORMATS = ("scorm12", "scorm2004-3", "scorm2004-4", "aicc", "cmi5")

MAX_TITLE = 200
"""Characters: `titleType` of the SCORM 1.2 schema. The later formats follow, so that a title fits all of them."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{0,128}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")
_NOT_XML = re.compile(r"[\ufffe\uffff]")  # Char of XML 1.0; control characters and surrogates are out already


@dataclass(frozen=True)
class Course:
    """One package to build. Raises ValueError when a field will not do."""

    format: str
    connection: str
    public_url: str
    """The bridge as browsers see it; it may have a path."""
    title: str
    window: Window
    token: str = field(default="", repr=False)
    """What tells this package from every other one; whoever can open the course can read it."""
    language: str = ""
    """Of the title (BCP 47), and of the page where the LMS says nothing of the learner's; empty: nobody said."""
    brand: Brand = NO_BRAND
    """How the page looks."""
    probe: bool = False
    """Whether it only shows what the LMS passes."""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(f"format {self.format!r}: allowed are {', '.join(FORMATS)}")
        if self.window not in {"frame", "window"}:
            raise ValueError(f"window {self.window!r}: allowed are frame, window")
        if self.probe and not self.format.startswith("scorm"):
            raise ValueError("a probe has a page, which only the SCORM formats hold")
        if not _TOKEN.fullmatch(self.token):
            raise ValueError("the token holds characters that a package cannot carry")
        if self.language and not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"language {self.language!r}: allowed are tags such as en, de or pt-BR")
        if not self.connection:
            raise ValueError("the connection has no name")
        object.__setattr__(self, "public_url", _bridge_address(self.public_url))
        object.__setattr__(self, "title", _title(self.title))

    @property
    def origin(self) -> str:
        """The bridge's scheme, host and port."""
        return origin(self.public_url)

    @property
    def identifier(self) -> str:
        """A name for this course that no other package has and that a second build repeats; an XML ID."""
        described = "\n".join((self.public_url, self.connection, self.title))
        return f"ottobridge-{hashlib.sha256(described.encode()).hexdigest()[:16]}"

    def launch_url(self, protocol: Literal["scorm", "aicc", "cmi5"]) -> str:
        """Where launches of this course go."""
        return f"{self.public_url}/{protocol}/{quote(self.connection, safe='')}/launch"


def _title(text: str) -> str:
    title = " ".join(clean(text).split())
    if not title:
        raise ValueError("the title is empty")
    if len(title) > MAX_TITLE:
        raise ValueError(f"the title has {len(title)} characters; SCORM 1.2 allows {MAX_TITLE}")
    if _NOT_XML.search(title):
        raise ValueError("the title holds a character that XML does not allow")
    return title


def _bridge_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("the bridge's public_url must be an http(s) address without user name, query or fragment")
    return url.rstrip("/")
