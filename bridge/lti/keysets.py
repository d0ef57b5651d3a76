"""The platforms' public keys: parsed once, kept by (URL, key id), fetched rarely, and kept for the next start.

What has just grown old is fetched behind the launch that meets it. What has been old for an hour is fetched first, so
that a key that the platform has withdrawn opens nothing any more. A platform that is down keeps its old keys working
for a week, after a restart too; one that hangs holds one thread, and the others for a moment; a flood of unknown key
ids costs it one fetch each 30 seconds. What another process has fetched meanwhile is looked for before each fetch.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import RSAKey

from bridge.errors import LaunchRejected, OttoBridgeError, RemoteRefused, RemoteUnavailable
from bridge.net.answers import body_excerpt
from bridge.net.http import HttpResponse, Outbound, host_of

log = logging.getLogger(__name__)

KEPT_AT_LEAST = 5 * 60.0
KEPT_AT_MOST = 24 * 3600.0
KEPT_BY_DEFAULT = 3600.0
GRACE = 3600.0
"""Seconds for which keys that have grown old still open, while they are fetched behind the launch."""
BELIEVED = 7 * 24 * 3600.0
"""Seconds after its last good answer for which the keys of a platform that is down still open: a key that it has
withdrawn since would be one of them."""
FETCH_EVERY = 30.0
"""Seconds from the end of one fetch to the next, of one URL that has answered before, whatever the reason."""
RETRY_EVERY = 5.0
"""The same for a URL that has never answered; launches in between fail at once instead of queueing."""
PATIENCE = 2.0
"""Seconds that a launch waits for the fetch that another has begun: a platform that hangs, or strangers who make up key
ids, must not keep every thread waiting."""
SKEW = 60.0
"""Seconds by which the clocks of two machines of ours may differ. A kept answer from further ahead is from before a
clock was set back, and is not believed: its keys would last longer than they may."""
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
WEAKEST_BITS = 2048  # RFC 7518, section 3.3
LONGEST_BITS = 8192

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,;])", re.ASCII)


class AnsweredKeys(NamedTuple):
    """What a platform answered last, as it is kept between two starts. Times are Unix seconds."""

    document: str
    """A JSON Web Key Set."""
    answered_at: float
    fresh_until: float


class Keeping(NamedTuple):
    """Where answers are kept. Neither function may raise: a launch goes on without it."""

    find: Callable[[str], tuple[str, float, float] | None] = lambda _url: None
    """What `AnsweredKeys` of this URL is kept."""
    keep: Callable[[str, AnsweredKeys], None] = lambda _url, _answered: None


@dataclass
class _Keyset:
    """The keys behind one URL. Its lock makes a fetch single-flight."""

    keys: Mapping[str, RSAKey] = field(default_factory=dict)
    fresh_until: float = float("-inf")
    answered_at: float = float("-inf")
    fetched_at: float = float("-inf")
    renewed_at: float = float("-inf")
    """When a fetch behind a launch was last begun."""
    failure: OttoBridgeError | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ready(self, kid: str, now: float) -> RSAKey | None:
        """The key that opens without a fetch before it."""
        return self.keys.get(kid) if now < self.fresh_until + GRACE else None

    def known(self, now: float) -> Mapping[str, RSAKey]:
        """The keys that may be believed where no newer ones can be had."""
        return self.keys if now < self.answered_at + BELIEVED else {}


Work = Callable[[], None]


def _in_a_thread(work: Work) -> None:
    threading.Thread(target=work, name="platform-keys", daemon=True).start()


class PlatformKeys:
    """Keys of every platform, shared by all launches of a process."""

    def __init__(
        self,
        outbound: Outbound,
        now: Callable[[], float],
        behind: Callable[[Work], None] = _in_a_thread,
        keeping: Keeping = Keeping(),  # noqa: B008 -- immutable
    ) -> None:
        """`behind` does a piece of work while its caller goes on."""
        self._outbound = outbound
        self._now = now
        self._behind = behind
        self._keeping = keeping
        self._keysets: dict[str, _Keyset] = {}
        self._lock = threading.Lock()

    def find(self, url: str, kid: str) -> RSAKey:
        """The key `kid` of the key set at `url`.

        Raises LaunchRejected (`key_unknown`, `key_too_weak`), or RemoteUnavailable and RemoteRefused where there is no
        answer to go by.
        """
        with self._lock:
            keyset = self._keysets.setdefault(url, _Keyset())
        now = self._now()
        key = keyset.ready(kid, now)
        if key is None:
            key = self._fetched(url, kid, keyset)
        elif now >= keyset.fresh_until:
            self._renew_behind(url, kid, keyset, now)
        if key.raw_value.key_size < WEAKEST_BITS:
            raise LaunchRejected("key_too_weak", f"the key {kid!r} has {key.raw_value.key_size} bits")
        return key

    def _fetched(self, url: str, kid: str, keyset: _Keyset) -> RSAKey:
        """A key that a fetch comes before; one that was known goes on where that fails or takes too long."""
        if keyset.lock.acquire(timeout=PATIENCE):
            try:
                now = self._now()
                if keyset.ready(kid, now) is None:
                    self._renew(url, kid, keyset, now)
                known = keyset.known(now)
                failure = None if known else keyset.failure
            finally:
                keyset.lock.release()
        else:
            known = keyset.known(self._now())
            failure = RemoteUnavailable(f"{host_of(url)}: its keys are being fetched, and it does not answer yet")
        if kid in known:
            return known[kid]
        raise failure or LaunchRejected("key_unknown", f"no key {kid!r} at {host_of(url)}")

    def _renew_behind(self, url: str, kid: str, keyset: _Keyset, now: float) -> None:
        with self._lock:
            if now < keyset.renewed_at + FETCH_EVERY:
                return
            keyset.renewed_at = now

        def renew() -> None:
            with keyset.lock:
                self._renew(url, kid, keyset, now)

        self._behind(renew)

    def _renew(self, url: str, kid: str, keyset: _Keyset, now: float) -> None:
        """Fetch, unless that was done a moment ago, here or in another process; the key set's lock is held."""
        if now < keyset.fetched_at + (FETCH_EVERY if keyset.keys else RETRY_EVERY):
            return
        later = self._take_kept(url, keyset, now)
        # What was kept may have grown old since: then it opens, and the next launch renews it behind itself.
        if not (later and keyset.ready(kid, now)):
            self._fetch(url, keyset, now)

    def _take_kept(self, url: str, keyset: _Keyset, now: float) -> bool:
        """Take over what is kept, where it is later than what is known here."""
        found = self._keeping.find(url)
        kept = AnsweredKeys(*found) if found else None
        if kept is None or not keyset.answered_at < kept.answered_at <= now + SKEW:
            return False
        keyset.keys = _read_entries(msgspec.json.decode(kept.document)["keys"], url)
        keyset.answered_at = kept.answered_at
        keyset.fresh_until = kept.fresh_until
        return True

    def _fetch(self, url: str, keyset: _Keyset, now: float) -> None:
        keyset.failure = None
        try:
            answer = self._outbound.request("GET", url, headers={"Accept": "application/json"}, max_bytes=MAX_BYTES)
            keyset.keys = _read_keys(answer, url)
            keyset.fresh_until = now + _kept_for(answer.headers.get("Cache-Control", ""))
            keyset.answered_at = now
            self._keeping.keep(url, AnsweredKeys(_written(keyset.keys), now, keyset.fresh_until))
        except OttoBridgeError as error:
            keyset.failure = error
            log.warning("the keys of %s could not be fetched: %s", host_of(url), error)
        finally:
            keyset.fetched_at = self._now()  # its end: one that hangs would else be due again at once


def _read_keys(answer: HttpResponse, url: str) -> dict[str, RSAKey]:
    """The usable RSA keys of a JSON Web Key Set (RFC 7517, section 5); keys of other kinds are passed over."""
    document = answer.json() if answer.status == 200 else None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        page = body_excerpt(answer.body)
        raise RemoteRefused(f"{host_of(url)} answered {answer.status} without a key set{page}", status=answer.status)
    return _read_entries(entries, url)


def _read_entries(entries: list[Any], url: str) -> dict[str, RSAKey]:
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


def _written(keys: Mapping[str, RSAKey]) -> str:
    return msgspec.json.encode({"keys": [key.as_dict(private=False) for key in keys.values()]}).decode()


def _kept_for(cache_control: str) -> float:
    """Seconds to keep a key set: the platform's max-age within our bounds."""
    found = _MAX_AGE.search(cache_control.lower())
    return min(max(float(found[1]), KEPT_AT_LEAST), KEPT_AT_MOST) if found else KEPT_BY_DEFAULT
