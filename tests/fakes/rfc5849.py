"""OAuth 1.0 signatures straight from RFC 5849, section 3.4, sharing no line with what the bridge verifies by."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


def escaped(text: str) -> str:
    """Section 3.6: all but letters, digits, `-`, `.`, `_` and `~`."""
    return quote(text, safe="~")


def base_string(method: str, url: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Section 3.4.1; `pairs` are the parameters of query, body and Authorization, decoded."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port not in {None, {"http": 80, "https": 443}[parts.scheme]} else ""
    address = f"{parts.scheme}://{(parts.hostname or '').lower()}{port}{parts.path}"
    encoded = sorted((escaped(name), escaped(value)) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    return "&".join([method, escaped(address), escaped(parameters)])


def signature(base: str, secret: str, method: str = "HMAC-SHA1", token_secret: str = "") -> str:
    """Section 3.4.2."""
    key = f"{escaped(secret)}&{escaped(token_secret)}"
    return b64encode(hmac.digest(key.encode(), base.encode(), DIGESTS[method])).decode()
