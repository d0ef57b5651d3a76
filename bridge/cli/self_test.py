"""`ottobridge serve --self-test N`: the process that launches at its own address, and reports the result."""

from __future__ import annotations

import fcntl
import http.client
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, TextIO
from urllib.parse import urlencode

from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import SIGNATURE_TYPE_BODY

from bridge import logs
from bridge.web.self_test import NAME, SelfTest

log = logging.getLogger(__name__)

PATH = f"/lti/{NAME}/launch"
PATIENCE = 10.0
"""Seconds; a learner would have gone by then."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- what one may listen on, but not call
_REFERENCE = re.compile(r'class="reference">([^<]+)<')


def start(test: SelfTest, public_url: str, host: str, port: int) -> None:
    """Launch again and again, in that one process of all that holds the lock; another goes on when it ends."""
    place = (test.folder / "self-test.lock").open("a")
    arguments = (test, lambda: launch(test.secret, public_url, host, port), place)
    threading.Thread(target=_go, args=arguments, name="self-test", daemon=True).start()


def _go(test: SelfTest, once: Callable[[], dict[str, Any]], place: TextIO) -> None:
    while True:
        time.sleep(test.every)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # another process does it
        began = time.monotonic()
        found = once()
        good = found["outcome"] == "matched"
        milliseconds = round((time.monotonic() - began) * 1000)
        logs.event(log, "self-test", level=logging.INFO if good else logging.ERROR, **found, ms=milliseconds)
        test.note(time.time(), good=good)


def launch(secret: str, public_url: str, host: str, port: int) -> dict[str, Any]:
    """How one launch ended, in the words of the log."""
    try:
        with closing(http.client.HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=PATIENCE)) as connection:
            connection.request("POST", PATH, _signed(secret, public_url), _FORM)
            answer = connection.getresponse()
            text = answer.read(64 * 1024).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return {"outcome": "failed", "reason": f"no answer ({type(error).__name__})"}
    if answer.status == 303:
        return {"outcome": "matched"}
    reference = _REFERENCE.search(text)
    return {"outcome": "failed", "status": answer.status, "reference": reference[1] if reference else ""}


def _signed(secret: str, public_url: str) -> str:
    fields = {
        "lti_message_type": "basic-lti-launch-request",
        "lti_version": "LTI-1p0",
        "resource_link_id": "self-test",
    }
    client = Client(NAME, client_secret=secret, nonce=secrets.token_hex(16), signature_type=SIGNATURE_TYPE_BODY)
    _, _, body = client.sign(f"{public_url}{PATH}", "POST", urlencode(fields), _FORM)
    return str(body)
