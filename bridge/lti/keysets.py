"""The platforms' public keys: parsed once, kept by (URL, key id), fetched rarely.

A platform that is down keeps its old keys working; a flood of unknown key ids costs it one fetch each 30 seconds.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import RSAKey

from bridge.errors import LaunchRejected, OttoBridgeError, RemoteRefused
from bridge.http import Answer, Outbound, host_of

log = logging.getLogger(__name__)

KEPT_AT_LEAST = 5 * 60.0
KEPT_AT_MOST = 24 * 3600.0
KEPT_BY_DEFAULT = 3600.0
FETCH_EVERY = 30.0
"""Seconds between two fetches of one URL that has answered before, whatever the reason."""
RETRY_EVERY = 5.0
"""The same for a URL that has never answered; launches in between fail at once instead of queueing."""
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
WEAKEST_BITS = 2048  # RFC 7518, section 3.3
LONGEST_BITS = 8192

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,;])", re.ASCII)


@dataclass
class _Keyset:
    """The keys behind one URL. Its lock makes a fetch single-flight."""

    keys: Mapping[str, RSAKey] = field(default_factory=dict)
    fresh_until: float = float("-inf")
    fetched_at: float = float("-inf")
    failure: OttoBridgeError | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class PlatformKeys:
    """Keys of every platform, shared by all launches of a process."""

    def __init__(self, outbound: Outbound, now: Callable[[], float]) -> None:
        self._outbound = outbound
        self._now = now
        self._keysets: dict[str, _Keyset] = {}
        self._lock = threading.Lock()

    def find(self, url: str, kid: str) -> RSAKey:
        """The key `kid` of the key set at `url`.

        Raises LaunchRejected (`key_unknown`, `key_too_weak`), or RemoteUnavailable and RemoteRefused where there was
        never an answer to go by.
        """
        with self._lock:
            keyset = self._keysets.setdefault(url, _Keyset())
        if kid not in keyset.keys or self._now() >= keyset.fresh_until:
            self._renew(url, kid, keyset)
        key = keyset.keys.get(kid)
        if key is None:
            raise LaunchRejected("key_unknown", f"no key {kid!r} at {host_of(url)}")
        if key.raw_value.key_size < WEAKEST_BITS:
            raise LaunchRejected("key_too_weak", f"the key {kid!r} has {key.raw_value.key_size} bits")
        return key

    def _renew(self, url: str, kid: str, keyset: _Keyset) -> None:
        with keyset.lock:
            now = self._now()
            if kid in keyset.keys and now < keyset.fresh_until:
                return
            if now >= keyset.fetched_at + (FETCH_EVERY if keyset.keys else RETRY_EVERY):
                self._fetch(url, keyset, now)
            if keyset.failure is not None and not keyset.keys:
                raise keyset.failure

    def _fetch(self, url: str, keyset: _Keyset, now: float) -> None:
        keyset.fetched_at, keyset.failure = now, None
        try:
            answer = self._outbound.request("GET", url, headers={"Accept": "application/json"}, max_bytes=MAX_BYTES)
            keyset.keys = _read_keys(answer, url)
            keyset.fresh_until = now + _kept_for(answer.headers.get("Cache-Control", ""))
        except OttoBridgeError as error:
            keyset.failure = error
            log.warning("the keys of %s could not be fetched: %s", host_of(url), error)


def _read_keys(answer: Answer, url: str) -> dict[str, RSAKey]:
    """The usable RSA keys of a JSON Web Key Set (RFC 7517, section 5); keys of other kinds are passed over."""
    document = answer.json() if answer.status == 200 else None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise RemoteRefused(f"{host_of(url)} answered {answer.status} without a key set", status=answer.status)
    keys = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of weak keys: `find` refuses them, in words
        for entry in entries[:MAX_KEYS]:
            if isinstance(entry, dict) and entry.get("kty") == "RSA" and isinstance(entry.get("kid"), str):
                try:
                    key = RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e", "kid")})
                except (JoseError, ValueError, TypeError, KeyError):
                    log.warning("a key of %s cannot be read and is passed over", host_of(url))
                    continue
                if key.raw_value.key_size <= LONGEST_BITS:
                    keys[entry["kid"]] = key
    return keys


def _kept_for(cache_control: str) -> float:
    """Seconds to keep a key set: the platform's max-age within our bounds."""
    found = _MAX_AGE.search(cache_control.lower())
    return min(max(float(found[1]), KEPT_AT_LEAST), KEPT_AT_MOST) if found else KEPT_BY_DEFAULT
