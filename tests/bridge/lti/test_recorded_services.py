"""What a real Moodle 4.5.6 answered to our grades and to our question for members, and what we make of it.

`tests/recordings/moodle` holds our own exchange with it: requests as the bridge sent them, answers as Moodle gave them.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from bridge.contracts import LaunchRequest, Report
from bridge.errors import RemoteRefused
from bridge.launch.courses import Course
from bridge.lti import nrps, v11
from bridge.lti.content_item import read_item_selection
from bridge.lti.grades import SCORE_SCOPE, post_score, replace_result
from bridge.lti.nrps import SCOPE, read_members
from bridge.lti.service_token import Registration, ServiceTokens
from bridge.lti.settings import Lti11
from bridge.net.http import Outbound
from bridge.roster.tokens import AccessToken
from tests.conftest import ROOT
from tests.fakes.contexts import Clock
from tests.fakes.serving import FakeServer, Reply, Request

FOLDER = ROOT / "tests" / "recordings" / "moodle"
KEY = RSAKey.generate_key(2048, {"kid": "own-1"}, private=True)
DONE = Report(1.0, True, 60, 60, True, 1_800_000_000.25)
MOODLE = "http://127.0.0.1:8601"


def cases(name: str) -> dict[str, list[dict[str, Any]]]:
    said = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return {case["case"]: case["exchanges"] for case in said["cases"]}


class Replay(FakeServer):
    """Answers as Moodle did, one recorded answer after the other; every request must be the one that was recorded."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        super().__init__(self._answer)
        self._left = list(exchanges)

    def _answer(self, request: Request) -> Reply:
        asked, said = self._left[0]["request"], self._left.pop(0)["response"]
        address = f"{MOODLE}{request.path}" + (f"?{request.query}" if request.query else "")
        assert (request.method, address) == (asked["method"], asked["url"])
        for name in ("Content-Type", "Accept"):
            if name in asked["headers"]:
                assert request.headers[name.lower()] == asked["headers"][name]
        headers = {name: value.replace(MOODLE, self.url) for name, value in said["headers"].items()}
        return Reply(said["status"], said["body"].encode(), headers)

    def here(self, url: str) -> str:
        return url.replace(MOODLE, self.url)

    def token(self, scope: str, outbound: Outbound) -> str:
        tokens = ServiceTokens(outbound, KEY, lambda: 1_800_000_000.0, lambda: "id-1")
        return tokens.get(Registration(f"{self.url}/mod/lti/token.php", "lab-client"), [scope])


def give_score(case: str, outbound: Outbound) -> None:
    with Replay(exchanges := cases("scores")[case]) as moodle:
        asked = exchanges[-1]["request"]
        line = moodle.here(asked["url"].replace("/scores?", "?"))
        first_is_token = len(exchanges) > 1 or "token.php" in asked["url"]
        access = (lambda: moodle.token(SCORE_SCOPE, outbound)) if first_is_token else (lambda: "nonsense")
        post_score({"lineitem": line, "user": "3"}, DONE, access, outbound)


@pytest.mark.parametrize("case", ["in progress", "mastered"])
def test_moodle_takes_a_score(case: str, loopback: Outbound) -> None:
    give_score(case, loopback)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("the same again", "status 409: it has a newer grade already"),
        ("a teacher", "status 400: it may not grade this person"),
        ("a line item that is gone", "status 404: the activity or its grade item is gone"),
        ("service off", "gave no access token (invalid_scope)"),
        ("a token of no worth", "status 401: the tool may not use the service"),
    ],
)
def test_what_moodle_says_of_a_score_it_does_not_take_is_told(case: str, told: str, loopback: Outbound) -> None:
    with pytest.raises(RemoteRefused) as caught:
        give_score(case, loopback)
    assert told in str(caught.value)


def give_result(case: str, outbound: Outbound) -> None:
    settings = Lti11(consumer_key="lab-key", shared_secret=SecretStr("lab secret & more"))
    with Replay(cases("outcomes")[case]) as moodle:
        channel = {"outcomes": moodle.here(f"{MOODLE}/mod/lti/service.php"), "sourcedid": "7"}
        replace_result(channel, DONE, settings, "message-1", outbound)


def test_moodle_takes_a_result(loopback: Outbound) -> None:
    give_result("taken", loopback)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("wrong secret", "Message signature not valid"),
        ("tool changed to LTI 1.3", "Message signature not valid"),
        ("key with an ampersand", "Message signature not valid"),
        ("grades never", "Tool does not accept grades"),
        ("changed sourcedid", "SourcedId hash not valid"),
    ],
)
def test_moodles_own_words_are_kept_without_its_code(case: str, told: str, loopback: Outbound) -> None:
    with pytest.raises(RemoteRefused) as caught:
        give_result(case, loopback)
    assert str(caught.value).endswith(f"did not take the result (status 200): {told}")


def test_moodles_wish_for_a_course_by_lti_11_is_verified_and_read() -> None:
    said = json.loads((FOLDER / "content_item.json").read_text("utf-8"))
    fields = [(name, value) for name, value in said["fields"]]
    settings = Lti11(consumer_key="lab-key", shared_secret=SecretStr("lab secret & more"))
    request = LaunchRequest("POST", said["url"], form=fields, body=urlencode(fields).encode())
    form = v11.verify(request, settings, now=float(dict(fields)["oauth_timestamp"]), consume=lambda *_: True)
    assert v11.message_type(form) == v11.ITEM_SELECTION
    wish = read_item_selection(form, (Course(key="SAFE-101", title="Safety at Work"),))
    assert wish.return_url.startswith(f"{MOODLE}/mod/lti/contentitem_return.php?course=2&id=1&sesskey=")
    assert (wish.version, wish.data, wish.in_window) == ("LTI-1p0", None, True)


def members(case: str, clock: Clock) -> list[str]:
    context = clock.context()
    with Replay(exchanges := cases("members")[case]) as moodle:
        access = moodle.token(SCOPE, context.outbound)
        url = moodle.here(exchanges[-1]["request"]["url"].partition("?")[0])
        token = AccessToken(lambda: (access, 3600.0), context.now)
        return [member.user_id for page in read_members(url, token, context) for member in page]


def test_every_member_of_a_course_is_read() -> None:
    assert sorted(members("one page", Clock())) == ["3", "4", "5", "6"]


def test_members_are_read_page_after_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nrps, "LIMIT", 2)
    assert sorted(members("pages of two", Clock())) == ["3", "4", "5", "6"]


def test_a_tool_that_may_not_see_members_is_told_so() -> None:
    with pytest.raises(RemoteRefused, match="gave no access token"):
        members("service off", Clock())
