"""What is asked of a cmi5 LMS and told to it: its fetch address, its states and profiles, its statements."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from adapters.scorm import callback
from adapters.scorm.cmi5_statements import Statement, number_of, written
from bridge.errors import LaunchRejected, OttoBridgeError, RemoteUnavailable
from bridge.net import answers
from bridge.net.http import HttpResponse, Outbound

DEADLINE = 3.0
"""Seconds for one call."""
LONGEST_PREFERENCE = 200
"""Characters of a list of languages that are looked at."""
WORDS = 200
"""Characters that are kept of what an LMS says."""
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_SPEAKING = ("error-text", "error", "message", "errorMessage", "detail")
"""Members of an answer in which LMSs say why."""


class LaunchData(msgspec.Struct, frozen=True):
    """The state LMS.LaunchData (10.2); null stands for a member that is absent, and further ones are ignored."""

    contextTemplate: dict[str, Any] | None = None  # noqa: N815 -- the specification's spelling
    launchMode: str | None = None  # noqa: N815
    returnURL: str | None = None  # noqa: N815
    masteryScore: Any = None  # noqa: N815
    entitlementKey: Any = None  # noqa: N815

    def __post_init__(self) -> None:
        for name in ("contextActivities", "extensions"):  # what a statement adds to
            if not isinstance((self.contextTemplate or {}).get(name), dict | None):
                raise ValueError(f"contextTemplate.{name} is no object")  # noqa: TRY004 -- read as an answer that is no JSON


class _Preferences(msgspec.Struct, frozen=True):
    languagePreference: str = ""  # noqa: N815 -- cmi5's spelling


@dataclass(frozen=True)
class Lms:
    """An LMS that is called until a moment, so that whoever waits has an answer."""

    outbound: Outbound
    now: Callable[[], float]
    until: float

    def token(self, url: str) -> str:
        """What the `fetch` address gives, once (8.2)."""
        answer = self._call("POST", url)
        document = read_json(answer, dict[str, Any], "the answer of fetch")
        token = document.get("auth-token")
        if answer.status != 200 or not isinstance(token, str) or not _TOKEN.fullmatch(token):
            code = str(document.get("error-code", ""))[:10]
            words = words_of(answer, str(token or ""))
            raise _refused(f"the LMS gave no token (status {answer.status}, error-code {code!r})", words)
        return token

    def launch_data(self, channel: Mapping[str, str]) -> LaunchData:
        """The state LMS.LaunchData (10)."""
        answer = self._state(channel, channel["actor"])
        if answer.status != 200:
            words = words_of(answer, channel["token"])
            raise _refused(f"the LMS gave no LMS.LaunchData (status {answer.status})", words)
        data: LaunchData = read_json(answer, LaunchData, "LMS.LaunchData")
        return data

    def answers_anybody(self, channel: Mapping[str, str]) -> bool:
        """Whether the LMS gives this session's data for an agent that it cannot know: then it checks no agent."""
        actor: dict[str, Any] = msgspec.json.decode(channel["actor"])
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, channel["token"]))
        made_up = {"objectType": "Agent", "account": {**actor["account"], "name": name}}
        try:
            return self._state(channel, msgspec.json.encode(made_up).decode()).status == 200
        except RemoteUnavailable as error:
            if error.status < 500:
                raise
            return False  # it broke over somebody it does not know, and gave nothing

    def read_preferences(self, channel: Mapping[str, str]) -> str:
        """The learner's languages in cmi5LearnerPreferences, which must be asked for before *initialized* (11.1); empty
        where the LMS says none, or nothing that can be read: no launch ends for that."""
        query = urlencode({"profileId": "cmi5LearnerPreferences", "agent": channel["actor"]})
        answer = self._call("GET", f"{channel['endpoint']}/agents/profile?{query}", headers=_headers(channel))
        with contextlib.suppress(ValueError, RecursionError):
            found = msgspec.json.decode(answer.body, type=_Preferences).languagePreference
            return found[:LONGEST_PREFERENCE] if answer.status == 200 else ""
        return ""

    def put(self, channel: Mapping[str, str], statement: Statement) -> None:
        """One statement, under an id of its own. Raises LaunchRejected `cmi5_refused` unless the LMS has it then."""
        number = number_of(channel, statement)
        headers = {**_headers(channel), "Content-Type": "application/json"}
        url = f"{channel['endpoint']}/statements?statementId={number}"
        answer = self._call("PUT", url, headers=headers, data=written(channel, statement))
        if answer.status not in {200, 204, 409} and not self._has(channel, number):  # 409: another text of this id
            words = words_of(answer, channel["token"])
            raise _refused(f"the LMS did not take the statement {statement.verb} (status {answer.status})", words)

    def _has(self, channel: Mapping[str, str], number: str) -> bool:
        """Whether a statement arrived whose answer was lost: LMSs refuse it when it is said again (9.3.0)."""
        with contextlib.suppress(OttoBridgeError, ValueError):
            url = f"{channel['endpoint']}/statements?statementId={number}"
            answer = self._call("GET", url, headers=_headers(channel))
            return answer.status == 200 and msgspec.json.decode(answer.body, type=dict[str, Any]).get("id") == number
        return False

    def _state(self, channel: Mapping[str, str], agent: str) -> HttpResponse:
        asked = {
            "stateId": "LMS.LaunchData",
            "activityId": channel["activity"],
            "agent": agent,
            "registration": channel["registration"],
        }
        url = f"{channel['endpoint']}/activities/state?{urlencode(asked)}"
        return self._call("GET", url, headers=_headers(channel))

    def _call(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, data: bytes | None = None
    ) -> HttpResponse:
        left = min(DEADLINE, self.until - self.now())
        if left <= 0:
            raise RemoteUnavailable("the LMS was too slow")
        return callback.call(
            self.outbound, method, url, headers=headers, data=data, deadline=left, login_page="cmi5_refused"
        )


def read_json(answer: HttpResponse, shape: Any, what: str) -> Any:
    """The answer as `shape`. Raises LaunchRejected `cmi5_answer_unreadable`, which names the member that is wrong."""
    try:
        return answers.read_as(msgspec.json.Decoder(shape), answer.body)
    except (ValueError, RecursionError) as error:
        raise LaunchRejected("cmi5_answer_unreadable", f"{what} is not what cmi5 asks for: {error}") from error


def words_of(answer: HttpResponse, token: str) -> str:
    """What the LMS itself says, on one line and without the token; empty where it is a web page or nothing."""
    text = answer.body.decode("utf-8", "replace").strip()
    with contextlib.suppress(ValueError, RecursionError):
        decoded = msgspec.json.decode(answer.body)
        document = decoded if isinstance(decoded, dict) else {}
        spoken = [document[name] for name in _SPEAKING if isinstance(document.get(name), str)]
        text = ": ".join(spoken) or text
    if text.startswith("<"):
        return ""
    for secret in _spellings(token):
        text = text.replace(secret, "…")
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:WORDS]


def _spellings(token: str) -> list[str]:
    """The token, and what it may be when an LMS has read it as user and password."""
    with contextlib.suppress(ValueError, binascii.Error):
        pair = base64.b64decode(token, validate=True).decode()
        return [part for part in (token, pair, *pair.split(":", 1)) if part]
    return [token] if token else []


def _refused(what: str, words: str) -> LaunchRejected:
    return LaunchRejected("cmi5_refused", f"{what}; it says: {words}" if words else what)


def _headers(channel: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Basic {channel['token']}", "X-Experience-API-Version": "1.0.3"}
