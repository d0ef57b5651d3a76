"""From the web framework's request to plain values: fields, headers and cookies, who asks, and who reads the answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import parse_qsl

from flask import Request, request
from werkzeug.datastructures import Headers

from bridge.contracts import LaunchRequest
from bridge.errors import LaunchRejected
from bridge.net.http import Network
from bridge.web.body import MAX_BODY

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 1000


class AppRequest(Request):
    """A request within the limits of this application, which Flask would look for each time in its configuration."""

    max_content_length = MAX_BODY
    max_form_memory_size = MAX_BODY
    max_form_parts = 100
    reader: tuple[Callable[[], str], Sequence[str]] = (str, ())
    """The language and roles of whoever launches, as the LMS says (`note_reader`)."""

    @cached_property
    def blueprints(self) -> list[str]:
        """As of Flask, which asks for them three times in a request, after it has found the route."""
        return super().blueprints


def current_request() -> AppRequest:
    """The request at hand itself: Flask's proxy looks for it each time that it is asked for anything."""
    found: AppRequest = request._get_current_object()  # type: ignore[attr-defined]  # as Werkzeug documents for proxies
    return found


def read_request(request: Request, public_url: str) -> LaunchRequest:
    """The request as plain values; the address is the public one, whatever the Host header says.

    Raises LaunchRejected `malformed` for a body or query that is no form.
    """
    environ = request.environ
    body = b"" if request.method == "GET" else request.get_data(cache=True)
    is_form = bool(body) and environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == FORM
    return LaunchRequest(
        method=request.method,
        url=public_url + request.path,
        query=read_pairs(request.query_string),
        form=read_pairs(body) if is_form else (),
        body=body,
        headers=_Headers(request.headers),
        cookies=_read_cookies(environ["HTTP_COOKIE"]) if "HTTP_COOKIE" in environ else {},
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


def _read_cookies(header: str) -> dict[str, str]:
    """Cookies by their names (RFC 6265, section 4.2.1); of two with one name the first counts.

    Nothing is unquoted: values of ours are URL-safe tokens (`bridge.web.cookies`), and nobody else's are asked for.
    """
    found: dict[str, str] = {}
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        found.setdefault(name, value)
    return found


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


def note_reader(locale: Callable[[], str], roles: Sequence[str] = ()) -> None:
    """What the LMS says of whoever launches: their language, which is asked for where a page is made, and roles."""
    current_request().reader = (locale, roles)


def noted_reader() -> tuple[str, Sequence[str]]:
    """The language and roles of whoever launches, as `note_reader` was told; empty where it was not."""
    locale, roles = current_request().reader
    return locale(), roles


def address_of(trusted: Sequence[Network], request: Request) -> str:
    """The address of whoever asks, for counting."""
    forwarded = request.headers.getlist("X-Forwarded-For")
    return counted_as(client_address(request.remote_addr or "", forwarded, trusted))


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The last address in `X-Forwarded-For` that is none of our own proxies, or the peer's.

    Each proxy appends whom it saw, so what stands left of the first foreign address was written by that stranger.
    """
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    found = peer
    while hops and is_trusted(found, trusted):
        found = hops.pop()
    return found[:64]


def counted_as(address: str) -> str:
    """What tries from `address` are counted under: of IPv6 the first 64 bits, since who has one has them all."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Whether this is one of our own web servers."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in trusted)
