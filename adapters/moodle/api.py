"""Moodle's web services over REST: form-encoded questions (a JSON body is not read), the token in the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TypeVar

import msgspec

from adapters.moodle.people import Person
from adapters.moodle.refusals import BY_FIELD, COHORT_MEMBERS, COURSES_OF, ENROLLED, SITE_INFO, refusal
from adapters.moodle.settings import Api
from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.net import answers
from bridge.net.http import HttpResponse
from bridge.net.retry import with_retries

T = TypeVar("T")

TIMEOUT = (5.0, 120.0)
"""Seconds; Moodle 4.5 took 2 s for 500 people on a small machine, and sends nothing before it is done."""
DEADLINE = 300.0
MAX_BYTES = 64 * 1024 * 1024
"""Of one answer; 500 people take 260 KB, but each may have a long description."""


class SiteInfo(msgspec.Struct):
    """What Moodle says of itself and of the token."""

    userid: int
    functions: list[_Function]
    siteid: int = 1
    """The course that is the front page."""


class _Function(msgspec.Struct):
    name: str


class _Failure(msgspec.Struct):
    exception: str
    errorcode: str = ""


class _Numbered(msgspec.Struct):
    id: int


class _Cohort(msgspec.Struct):
    userids: list[int]


ANOTHER_ANSWER = (
    "Moodle answered with people who were not asked for, or with somebody twice: something between Moodle and the "
    "bridge repeats older answers (a cache, a proxy); let it pass /webservice/rest/server.php"
)
_DEBUGGING = (
    "Moodle's answer holds debugging text of PHP or a plugin {} the JSON: switch debug display off "
    "at Site administration > Development > Debugging, or fix the plugin"
)
_NO_ANSWER = {answers.BEFORE: _DEBUGGING.format("before"), answers.AFTER: _DEBUGGING.format("after")}

_failures = msgspec.json.Decoder(_Failure)
_people = msgspec.json.Decoder(list[Person])
_numbered = msgspec.json.Decoder(list[_Numbered])
_cohorts = msgspec.json.Decoder(list[_Cohort])
_site = msgspec.json.Decoder(SiteInfo)


class Moodle:
    """One Moodle as its token sees it."""

    def __init__(self, api: Api, context: ReaderContext) -> None:
        self._url = f"{api.url.rstrip('/')}/webservice/rest/server.php"
        self._token = api.token
        self._context = context

    def site_info(self) -> SiteInfo:
        """Who the token is and which functions it may call."""
        return self._call(SITE_INFO, {}, _site)

    def people(self, ids: Sequence[int]) -> list[Person]:
        """Those of `ids` that exist and may be seen, deleted ones included. At most 900: PHP drops what is above
        its max_input_vars of 1,000 without a word.

        Raises RosterIncomplete where others come, or somebody twice: that is the answer to another question.
        """
        values = {f"values[{place}]": str(number) for place, number in enumerate(ids)}
        found = self._call(BY_FIELD, {"field": "id", **values}, _people)
        returned = {person.id for person in found}
        if len(returned) != len(found) or not returned.issubset(ids):
            raise RosterIncomplete(ANOTHER_ANSWER)
        return found

    def people_with(self, field: str, value: str) -> list[Person]:
        """Those whose `field` (`id`, `idnumber`, `username` or `email`) is exactly `value`, as far as they may be seen,
        deleted ones included.
        """
        return self._call(BY_FIELD, {"field": field, "values[0]": value}, _people)

    def courses_of(self, person: int) -> list[int]:
        """The courses in which somebody has an active enrolment."""
        return [course.id for course in self._call(COURSES_OF, {"userid": str(person)}, _numbered)]

    def listed(self, course: int, start: int, number: int, **options: str) -> list[int]:
        """The ids at `number` positions from `start` of everybody enrolled in a course, by id.

        On the front page everybody who is not deleted is enrolled. People whom the token may not see hold a position
        and are left out. `options` are Moodle's own.
        """
        wanted = {"userfields": "id", "sortby": "id", "limitfrom": str(start), "limitnumber": str(number), **options}
        form = {"courseid": str(course)}
        for place, (name, value) in enumerate(wanted.items()):
            form |= {f"options[{place}][name]": name, f"options[{place}][value]": value}
        return [person.id for person in self._call(ENROLLED, form, _numbered)]

    def cohort_members(self, cohort: int) -> list[int]:
        """The ids of everybody in a cohort, suspended and deleted people included."""
        found = self._call(COHORT_MEMBERS, {"cohortids[0]": str(cohort)}, _cohorts)
        return [number for one in found for number in one.userids]

    def _call(self, function: str, form: Mapping[str, str], decoder: msgspec.json.Decoder[T]) -> T:
        return with_retries(lambda: self._once(function, form, decoder), self._context)

    def _once(self, function: str, form: Mapping[str, str], decoder: msgspec.json.Decoder[T]) -> T:
        token = self._token.get_secret_value()
        data = {"wstoken": token, "wsfunction": function, "moodlewsrestformat": "json", **form}
        answer = self._context.outbound.request(
            "POST", self._url, data=data, timeout=TIMEOUT, deadline=DEADLINE, max_bytes=MAX_BYTES
        )
        _check_status(answer)
        try:
            return answers.read_as(decoder, answer.body)
        except answers.NotJson as error:
            raise RemoteRefused(_NO_ANSWER.get(error.kind, f"{error}; check `api.url`"), status=200) from error
        except msgspec.ValidationError as error:
            raise refusal(_errorcode(answer), function) from error


def _check_status(answer: HttpResponse) -> None:
    if answer.status == HTTPStatus.FORBIDDEN and answer.body.strip():  # Moodle's own 403 is empty
        raise RemoteRefused(
            "something before Moodle (a firewall such as Cloudflare or ModSecurity, the web server's own rules) "
            "refuses our server's address: let it through to /webservice/rest/server.php",
            status=answer.status,
        )
    if answer.status == HTTPStatus.FORBIDDEN:
        raise RemoteRefused(
            "Moodle's web services or their REST protocol are off: switch them on at Site administration > "
            "Server > Web services > Overview",
            status=answer.status,
        )
    if answer.status != HTTPStatus.OK:
        page = answers.body_excerpt(answer.body)
        raise RemoteRefused(f"Moodle answered {answer.status}; check `api.url`{page}", status=answer.status)


def _errorcode(answer: HttpResponse) -> str:
    try:
        return answers.read_as(_failures, answer.body).errorcode
    except (msgspec.ValidationError, answers.NotJson) as error:
        raise RemoteRefused("this is not an answer of Moodle's web services; check `api.url`", status=200) from error
