"""The shape every settings class has, and the value types several of them share."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict


class Frozen(BaseModel):
    """Settings: unknown keys are mistakes, nothing changes after loading, no input in an error, no secret in a repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("allowed: an address that starts with https:// (or http:// inside trusted_networks)")
    if parts.username or parts.password or parts.fragment:
        raise ValueError("allowed: an address without user name, password or fragment")
    return url


def _origin(url: str) -> str:
    parts = urlsplit(_web_address(url))
    if parts.path not in {"", "/"} or parts.query:
        raise ValueError("allowed: only scheme, host and port, such as https://lms.example.com")
    return origin(url)


def origin(url: str) -> str:
    """Scheme, host and port of `url` as a browser writes them: lower case, without the scheme's own port."""
    parts = urlsplit(url)
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
