"""From the web framework's request to plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.http import parse_cookie
from werkzeug.local import LocalProxy

from bridge.contracts import LaunchRequest
from bridge.errors import LaunchRejected

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 1000


def read_request(request: Request, public_url: str) -> LaunchRequest:
    """The request as plain values; the address is the public one, whatever the Host header says.

    Raises LaunchRejected `malformed` for a body or query that is no form.
    """
    if isinstance(request, LocalProxy):
        request = request._get_current_object()  # it is asked for much here, and the proxy would look for it each time
    body = b"" if request.method == "GET" else request.get_data(cache=True)
    is_form = bool(body) and request.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == FORM
    return LaunchRequest(
        method=request.method,
        url=public_url + request.path,
        query=read_pairs(request.query_string),
        form=read_pairs(body) if is_form else (),
        body=body,
        headers=_Headers(request.headers),
        cookies=_Cookies(request),
    )


class _Headers(Mapping[str, str]):
    """Headers by their names in lower case, read when they are asked for: most launches ask for none."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return self._headers[name]

    def __iter__(self) -> Iterator[str]:
        return (name.lower() for name in self._headers.keys())  # noqa: SIM118 -- iterating yields pairs

    def __len__(self) -> int:
        return len(self._headers)


class _Cookies(Mapping[str, str]):
    """Cookies, read when one is asked for: a login asks for none."""

    def __init__(self, request: Request) -> None:
        self._request = request

    @cached_property
    def _cookies(self) -> Mapping[str, str]:
        return parse_cookie(self._request.environ)

    def __getitem__(self, name: str) -> str:
        return self._cookies[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cookies)

    def __len__(self) -> int:
        return len(self._cookies)


def read_pairs(encoded: bytes) -> list[tuple[str, str]]:
    """Name and value of each field, in their order; empty values kept, and U+FFFD for what is no UTF-8: a name in
    another encoding keeps nobody out, and no student ID may hold that character."""
    if not encoded:
        return []
    try:
        return parse_qsl(encoded.decode("ascii"), keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise LaunchRejected("malformed", f"no form fields, or more than {MAX_FIELDS}") from error


def bearer(request: Request) -> str:
    """The token of `Authorization: Bearer TOKEN` (RFC 6750, section 2.1), or empty."""
    return bearer_in(request.headers.get("Authorization", ""))


def bearer_in(header: str) -> str:
    """The same of the header itself."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
