"""Learners who launch, one after another or many at once, and what became of each."""

from __future__ import annotations

import http.client
import itertools
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec
from joserfc import jws
from joserfc.jwk import OctKey

from tests.fakes.lti_platform import CLIENT, FORM, ISSUER, claims, query_of, sign, token
from tests.faults.standing import CONSUMER, LEARNERS, LINK_SECRET, PATIENCE, SECRET, Standing, wait_for

MATCHED, AGAIN, WRONG, CUT, REFUSED = "matched", "again", "wrong person", "cut off", "nobody listens"
_REFERENCE = re.compile(r'class="reference">([^<]+)<')
_KEY = OctKey.import_key(LINK_SECRET)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_turns, _nonces = itertools.count(1), itertools.count(1)
_last = threading.local()
AT_ONCE = 8
"""Launches under way at most, where a test needs some all the time: of a slow machine it would ask ever more."""


class Ended(NamedTuple):
    """How one launch ended for the learner."""

    what: str
    """`matched`, `again` (a page that says to try again, with a reference), `cut off`,
    `nobody listens`, or what else came."""
    began: float
    """By the machine's clock."""
    seconds: float
    reference: str = ""
    asked: float = 0.0
    """When its last connection began, by `time.monotonic`."""


@dataclass
class Crowd:
    """Everybody who launches at one bridge."""

    world: Standing
    ended: list[Ended] = field(default_factory=list)

    def launch(self, number: int | None = None) -> Ended:
        """One launch, of LTI 1.3 and 1.1 in turn; of one of the learners who are active."""
        turn = next(_turns)
        person = number or 1 + turn % (LEARNERS - 1)
        began, clock = time.time(), time.monotonic()
        try:
            what, reference = (self._lti11 if turn % 2 else self._lti13)(f"E{person:07d}", person)
        except ConnectionRefusedError:
            what, reference = REFUSED, ""
        except (OSError, http.client.HTTPException):
            what, reference = CUT, ""
        ended = Ended(what, began, time.monotonic() - clock, reference, _last.asked)
        self.ended.append(ended)
        return ended

    def _lti11(self, student_id: str, person: int) -> tuple[str, str]:
        path = "/lti/campus/launch"
        fields = {**FORM, "lis_person_sourcedid": student_id, "user_id": f"user-{person}"}
        nonce = f"nonce-{next(_nonces)}-{time.time_ns()}"
        signed = sign(
            f"{self.world.url}{path}", fields, key=CONSUMER, secret=SECRET, timestamp=time.time(), nonce=nonce
        )
        return self._judged(self._post(path, dict(signed)), person)

    def _lti13(self, student_id: str, person: int) -> tuple[str, str]:
        path = "/lti/campus/launch"
        url = f"{self.world.url}{path}"
        asked = {"iss": ISSUER, "login_hint": "u", "target_link_uri": url, "client_id": CLIENT}
        login = self._post("/lti/campus/login", asked)
        if login.status != 302:
            return self._judged(login, person)
        went = query_of(login.headers["Location"])
        cookies = "; ".join(found.partition(";")[0] for found in login.headers.get_all("Set-Cookie") or ())
        changes = {"lis": {"person_sourcedid": student_id}, "sub": f"user-{person}", "target_link_uri": url}
        fields = {"id_token": token(claims(went["nonce"], time.time(), **changes)), "state": went["state"]}
        return self._judged(self._post(path, fields, cookies), person)

    def _post(self, path: str, fields: dict[str, str], cookies: str = "") -> Any:
        _last.asked = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=PATIENCE)) as connection:
            connection.request("POST", path, urlencode(fields), {**_FORM, "Cookie": cookies})
            answer = connection.getresponse()
            answer.text = answer.read().decode()  # type: ignore[attr-defined]
            return answer

    @staticmethod
    def _judged(answer: Any, person: int) -> tuple[str, str]:
        if answer.status == 303:
            link = urlsplit(answer.headers["Location"]).query.partition("=")[2]
            found = msgspec.json.decode(jws.deserialize_compact(link, _KEY).payload)
            return (MATCHED if found["sub"] == str(person) else WRONG), ""
        reference = _REFERENCE.search(answer.text)
        if answer.status == 503 and reference and "try again" in answer.text and answer.headers["Retry-After"]:
            return AGAIN, reference[1]
        return f"{answer.status} {answer.text[:300]}", ""

    @contextmanager
    def launching(self, every: float, at_once: float = math.inf) -> Iterator[None]:
        """Within the block, and from a thread each, launches begin every so many seconds, unless `at_once` of them are
        under way; at its end all have ended.
        """
        stop = threading.Event()
        threads: list[threading.Thread] = []

        def go() -> None:
            while not stop.wait(every):
                if sum(thread.is_alive() for thread in threads) < at_once:
                    threads.append(threading.Thread(target=self.launch))
                    threads[-1].start()

        pacer = threading.Thread(target=go)
        pacer.start()
        try:
            yield
        finally:
            stop.set()
            pacer.join()
            for thread in threads:
                thread.join()

    def counts(self) -> Counter[str]:
        """How often a launch ended in each way."""
        return Counter(ended.what for ended in self.ended)

    def warm(self) -> int:
        """Let the bridge read the LMS's keys, which all of its processes then have; how many launches that took."""
        wait_for(lambda: [self.launch().what for _ in range(2)] == [MATCHED] * 2, "people get in")
        return len(self.ended)

    def ready(self) -> bool:
        """Whether the bridge says that it can serve."""
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=20)) as connection:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
        except OSError:
            return False
