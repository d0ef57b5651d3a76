"""The egress client: every call to another system goes through `Outbound`.

It decides, once and for all callers: https only, except inside `bridge.trusted_networks`; no address that programs read
differently (`bridge.config.settings.split_plainly`); one resolution, every address of it public (or trusted: SSRF), the
connection made to the very address that was checked, also by way of `bridge.proxy`, so DNS rebinding gains nothing;
no redirects; no .netrc; a limit on time and size; and errors that name host and status, never a query, a body or a
header.
"""

from __future__ import annotations

import copy
import ipaddress
import math
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypedDict, Unpack
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec
import requests
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

from bridge import __version__
from bridge.config.settings import split_plainly
from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.net import answers
from bridge.net.authorities import authorities as authorities_of
from bridge.net.dns_pinning import PinningTransport, Place, until
from bridge.net.proxy import Proxy
from bridge.net.resolving import Resolve, addresses
from bridge.tracing import traces

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Timeout = tuple[float, float]
Response = BaseHTTPResponse
"""An open answer, to be read in parts."""
Body = bytes | dict[str, str] | list[tuple[str, str]]

TIMEOUT: Timeout = (3.0, 5.0)
"""Seconds to find the address and again to connect, seconds between two bytes.

A launch must answer within 10 s even when the other side is dead."""
DEADLINE = 8.0
"""Seconds for a whole answer that is read into memory: a server that dribbles bytes is a dead server."""
STREAM_DEADLINE = 6 * 3600.0
"""Seconds for an answer that is read in parts, and what the reader does between them."""
MAX_BYTES = 1024 * 1024
HEADERS = {
    "User-Agent": f"OttoBridge/{__version__}",  # Canvas refuses requests without one
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
}
_WRONG_NAME, _WRONG_TIME = {62, 64}, {9, 10}
"""OpenSSL's verify codes: host or address mismatch; not yet valid, expired."""
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,]+))", re.IGNORECASE)


class CallOptions(TypedDict, total=False):
    """What may be said of a call beside its method and address."""

    headers: Mapping[str, str] | None
    data: Body | None
    """Bytes as they are, or the fields of a form."""
    json: Any
    timeout: Timeout
    """`TIMEOUT` where nothing is said."""
    deadline: float
    """Seconds for all of it: `DEADLINE` for an answer that is read into memory, else `STREAM_DEADLINE`."""


class _Call(NamedTuple):
    """A call as it is made."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: Timeout
    deadline: float


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete HTTP response, read into memory."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    next_url: str
    """The `next` link exactly as given (opaque: its letter case matters), or empty."""

    def json(self) -> Any:
        """The body as JSON; RemoteRefused where it is none."""
        try:
            return answers.read(self.body)
        except answers.NotJson as error:
            raise RemoteRefused(str(error), status=self.status) from error


def host_of(url: str) -> str:
    """Host and port of `url`: as much of an address as a log may hold."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "an address that is none"


Count = Callable[[str, str, float], None]
"""Hears of each call that ended: whom it asked, `host_of` its address; `answered`, `refused` (by either side) or
`unavailable`; and the seconds until the head of the answer, or its failure, was there."""


def uncounted(_host: str, _result: str, _seconds: float) -> None:
    """Nobody counts."""


class Outbound:
    """The egress client; one per process, safe to share between threads."""

    def __init__(
        self,
        trusted_networks: Sequence[Network] = (),
        *,
        resolve: Resolve = socket.getaddrinfo,
        count: Count = uncounted,
        authorities: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self._trusted = tuple(trusted_networks)
        self._resolve = resolve
        self._count = count
        self._proxy = proxy
        self._transport = PinningTransport(self._permitted, authorities or authorities_of(None, {}))
        self._ends = math.inf

    def ending_at(self, ends: float) -> Outbound:
        """The same client, for calls that must be over by then, by the clock of `time.monotonic`, however long they may
        take elsewhere. Raises RemoteUnavailable for what is begun later.
        """
        bounded = copy.copy(self)
        bounded._ends = ends
        return bounded

    def request(
        self, method: str, url: str, *, max_bytes: int = MAX_BYTES, **options: Unpack[CallOptions]
    ) -> HttpResponse:
        """Make one call and read the whole answer, whatever its status below 500.

        Raises RemoteUnavailable when there is no answer in time, or 429 or 5xx; RemoteRefused when the address is
        not one we may call, or the answer is a redirect or too large.
        """
        in_memory: CallOptions = {"deadline": DEADLINE, **options}
        with self.stream(method, url, **in_memory) as response:
            body = _read(response, url, max_bytes)
            return HttpResponse(response.status, response.headers, body, _next_link(response.headers.get("Link", "")))

    @contextmanager
    def stream(
        self, method: str, url: str, *, redirects: bool = False, **options: Unpack[CallOptions]
    ) -> Iterator[Response]:
        """Make one call and hand over the open answer, for bodies too large for memory. Raises like `request`.

        With `redirects` a redirect is handed over too, unfollowed: whoever asks decides what the next host may see.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise RemoteUnavailable(f"{host_of(url)}: there was no time left to ask")
        response = self._make(_call(method, url, options, left))
        try:
            if not (redirects and response.get_redirect_location()):
                _refuse_unusable(response, url)
            with _translated(
                url, HTTPError
            ):  # of reading alone: a failure of the caller, such as a full disk, is not ours
                yield response
        finally:
            response.close()
            response.release_conn()

    def _make(self, call: _Call) -> Response:
        """The open answer; the call is counted, however it ended."""
        began, result = time.monotonic(), "unavailable"
        try:
            with (
                traces.span("call", host=host_of(call.url), method=call.method),
                _translated(call.url, HTTPError, OSError),  # those of requests are OSErrors
                until(began + call.deadline),
            ):
                response = self._open(call)
            result = _result_of(response.status)
        except RemoteRefused:
            result = "refused"
            raise
        finally:
            self._count(host_of(call.url), result, time.monotonic() - began)
        return response

    def _open(self, call: _Call) -> Response:
        url = call.url
        if not url.lower().startswith(("http://", "https://")):
            raise RemoteRefused(f"{host_of(url)}: not a web address")
        try:
            split_plainly(url)
        except ValueError as error:
            raise RemoteRefused("an address that names no host, or one that can be read as two") from error
        try:
            request = requests.PreparedRequest()
            request.prepare_method(call.method)
            request.prepare_url(url, None)
            request.prepare_headers({**call.headers, **traces.headers()})
            request.prepare_body(call.body, None)
            # by the transport, and not by a session, which brings redirects, cookies, proxies and .netrc
            response: Response = self._transport.send(request, stream=True, timeout=call.timeout).raw
        except ValueError as error:  # an address without a host, a header with a line break
            raise RemoteRefused(f"{host_of(url)}: {type(error).__name__}") from error
        response.decode_content = True
        return response

    def _permitted(self, host: str, port: int, scheme: str, seconds: float) -> Place:
        """Resolve once; every address must be one we may call. Returns where to connect to, and by which way.

        Plain http goes only to trusted networks, and never through a proxy, which would read it.
        """
        proxy = self._proxy if scheme == "https" else None
        found = self._addresses(host, port, seconds, proxy)
        self._require_permitted(host, scheme, found)
        if proxy is None or proxy.spares(host, port, found[0] if found else ""):
            return Place(found[0])
        return Place(host if proxy.by_name else found[0], proxy)

    def _addresses(self, host: str, port: int, seconds: float, proxy: Proxy | None) -> list[str]:
        """Every address of `host`; none where the name is known to nobody but the proxy, and may be asked of it."""
        try:
            return [str(address) for address in addresses(self._resolve, host, port, seconds)]
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            if proxy is not None and proxy.by_name and not proxy.spares(host, port, ""):
                return []
            in_time = " in time" if isinstance(error, TimeoutError) else ""
            raise RemoteUnavailable(f"{host}: the name does not resolve{in_time}") from error

    def _require_permitted(self, host: str, scheme: str, found: Sequence[str]) -> None:
        for address in found:
            ip = ipaddress.ip_address(address.partition("%")[0])
            if any(ip in network for network in self._trusted):
                continue
            if scheme != "https":
                raise RemoteRefused(f"{host}: plain http is allowed only to bridge.trusted_networks")
            if not ip.is_global or ip.is_multicast or _wraps_another(ip):
                raise RemoteRefused(f"{host}: a private address; name its network in bridge.trusted_networks")


def _wraps_another(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """IPv6 forms that reach an IPv4 address behind our back: mapped, 6to4, Teredo, NAT64."""
    return isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped is not None
        or ip.sixtofour is not None
        or ip.teredo is not None
        or ip in ipaddress.ip_network("64:ff9b::/96")
    )


def _call(method: str, url: str, options: CallOptions, left: float) -> _Call:
    """The call, no part of which takes longer than the seconds that are left."""
    body, kind = _body(options.get("data"), options.get("json"))
    headers = {**HEADERS, **kind, **(options.get("headers") or {})}
    connect, read = options.get("timeout", TIMEOUT)
    deadline = min(options.get("deadline", STREAM_DEADLINE), left)
    return _Call(method, url, headers, body, (min(connect, left), min(read, left)), deadline)


def _body(data: Body | None, json: Any) -> tuple[bytes | None, dict[str, str]]:
    """What is sent, and the header that says what it is."""
    if json is not None:
        return msgspec.json.encode(json), {"Content-Type": "application/json"}
    if data is None or isinstance(data, bytes):
        return data, {}
    return urlencode(data).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def _read(response: Response, url: str, max_bytes: int) -> bytes:
    parts, size = [], sum(len(name) + len(value) + 4 for name, value in response.headers.items())
    for part in response.stream(64 * 1024, decode_content=True):  # unasked, urllib3 leaves chunks as they come
        size += len(part)
        if size > max_bytes:
            raise RemoteRefused(f"{host_of(url)}: the answer is larger than {max_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def _next_link(header: str) -> str:
    """The address that `Link` names as the next one (RFC 8288), letter by letter, or empty."""
    for address, parameters in _LINK.findall(header):
        relation = _REL.search(parameters)
        if relation and "next" in (relation[1] or relation[2]).lower().split():
            return str(address)
    return ""


def _result_of(status: int) -> str:
    if status == 429 or status >= 500:
        return "unavailable"
    return "answered" if status < 400 else "refused"


def _refuse_unusable(response: Response, url: str) -> None:
    if response.status == 429 or response.status >= 500:
        status, wait = response.status, _asked_wait(response.headers)
        raise RemoteUnavailable(f"{host_of(url)} answered {status}", status=status, retry_after=wait)
    if 300 <= response.status < 400:
        leads = _leads_to(url, response.headers.get("Location", ""))
        raise RemoteRefused(f"{host_of(url)} answered with a redirect {leads}", status=response.status)


def _leads_to(url: str, location: str) -> str:
    """Where a redirect leads, as much as a log may hold: no query, and no path that could hold a secret."""
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, location))
    except ValueError:
        return "to an address that is none"
    if not location or not there.hostname:
        return "that names no address"
    home = f"{there.scheme}://{host_of(there.geturl())}"
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        return f"to {home}: if that is its address, configure it; a login page there means that it asks who we are"
    return f"to another page of {home}: a login page, a page for browsers, or the same address written differently"


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for: a number, or a time by the sender's own clock (RFC 9110, section 10.2.3)."""
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", asked):
        return float(asked)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):  # no date, one of the two without a zone, a year beyond all years
        return None
    return max(0.0, wait.total_seconds())


@contextmanager
def _translated(url: str, *failures: type[Exception]) -> Iterator[None]:
    """Translate `failures` of a call into RemoteUnavailable or RemoteRefused, which name the host alone."""
    try:
        yield
    except DecodeError as error:
        raise RemoteRefused(f"{host_of(url)}: {type(error).__name__}") from error
    except failures as error:
        wrong = _wrong_certificate(error)
        if wrong is not None:
            message = f"{host_of(url)}: its certificate is not valid: {_what_to_do(wrong)}"
            raise RemoteUnavailable(message, lasting=True) from error
        raise RemoteUnavailable(f"{host_of(url)}: {_kind_of(error)}") from error


def _wrong_certificate(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """What OpenSSL said about a certificate, wherever requests and urllib3 have wrapped it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _what_to_do(wrong: ssl.SSLCertVerificationError) -> str:
    if wrong.verify_code in _WRONG_NAME:
        return "it is for another name; call the host by the name in it, or let it have one for this name"
    if wrong.verify_code in _WRONG_TIME:
        return f"{wrong.verify_message}; the host needs a new one, unless this machine's clock is wrong"
    return (
        f"{wrong.verify_message}; if the authority is your own, name a file with its certificate as bridge.ca_bundle, "
        f"or in SSL_CERT_FILE or REQUESTS_CA_BUNDLE"
    )


def _kind_of(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "no TLS connection could be made"
    timed_out = isinstance(error, (requests.Timeout, ReadTimeoutError, TimeoutError))
    return "no answer in time" if timed_out else "no connection"
