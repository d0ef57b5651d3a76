"""What a package is made from, checked once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from bridge.contracts import clean
from bridge.settings import origin

Window = Literal["frame", "window"]

FORMATS = ("scorm12", "scorm2004-3", "scorm2004-4", "aicc")

MAX_TITLE = 200
"""Characters: `titleType` of the SCORM 1.2 schema. The later formats follow, so that a title fits all of them."""

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

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(f"format {self.format!r}: allowed are {', '.join(FORMATS)}")
        if self.window not in {"frame", "window"}:
            raise ValueError(f"window {self.window!r}: allowed are frame, window")
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

    def launch_url(self, protocol: Literal["scorm", "aicc"]) -> str:
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
