"""The shape every settings class has, and the value types several of them share."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

_TWO_HOSTS = re.compile(r"[\x00-\x1f\x7f]|^\s|^[^/?#]*//[^/?#]*[\\@\s]")
"""What programs read differently: a control character anywhere; a backslash, a user name, a blank by the host."""


class Frozen(BaseModel):
    """Settings: unknown keys are mistakes, nothing changes after loading, no input in an error, no secret in a repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself, as nothing changes it: pydantic copies a default that has a mapping in it for each connection."""
        del memo
        return self


def split_plainly(url: str) -> SplitResult:
    """The parts of `url`. Raises ValueError where another program may read another host in it than we do.

    urllib3 connects to `evil.test` for `https://evil.test\\@lms.test/`, and urlsplit says `lms.test`: whoever compares
    hosts before a secret is sent must not be told the one where the other is called.
    """
    if _TWO_HOSTS.search(url):
        raise ValueError("allowed: an address without user name or password, and no blank or backslash by its host")
    return urlsplit(url)


def _web_address(url: str) -> str:
    parts = split_plainly(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("allowed: an address that starts with https:// (or http:// inside trusted_networks)")
    if parts.fragment:
        raise ValueError("allowed: an address without a fragment")
    return url


def _origin(url: str) -> str:
    parts = urlsplit(_web_address(url))
    if parts.path not in {"", "/"} or parts.query:
        raise ValueError("allowed: only scheme, host and port, such as https://lms.example.com")
    return origin(url)


def origin(url: str) -> str:
    """Scheme, host and port of `url` as a browser writes them: lower case, without the scheme's own port.

    Raises ValueError as `split_plainly` does.
    """
    parts = split_plainly(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    own = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port and parts.port != own else ""
    return f"{parts.scheme}://{host}{port}"


def origin_or_empty(url: object) -> str:
    """The origin of `url`, or empty where it is no web address."""
    try:
        return origin(url) if isinstance(url, str) else ""
    except ValueError:
        return ""


WebAddress = Annotated[str, AfterValidator(_web_address)]
Origin = Annotated[str, AfterValidator(_origin)]
