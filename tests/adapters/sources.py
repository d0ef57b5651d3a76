"""Every kind of roster API with a fake of it: a small list, whole, and how its pages are told from other answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from adapters.blackboard import ADAPTER as BLACKBOARD
from adapters.brightspace import ADAPTER as BRIGHTSPACE
from adapters.canvas import ADAPTER as CANVAS
from adapters.docebo import ADAPTER as DOCEBO
from adapters.moodle import ADAPTER as MOODLE
from adapters.moodle import listing as moodle_listing
from adapters.oneroster import ADAPTER as ONEROSTER
from adapters.rest_list import ADAPTER as REST_LIST
from adapters.smarteru import ADAPTER as SMARTERU
from adapters.successfactors import ADAPTER as SUCCESSFACTORS
from bridge.contracts import Adapter, ReaderContext
from bridge.roster.authorization_code import SECRET as REFRESH
from bridge.roster.authorization_code import read_redirect
from tests.fakes import (
    blackboard,
    brightspace,
    canvas,
    docebo,
    moodle,
    oneroster,
    rest_list,
    smarteru,
    successfactors,
)  # fmt: skip
from tests.fakes.contexts import Clock, InMemoryState
from tests.fakes.serving import FakeServer, Request

PEOPLE, PAGE = 12, 5
"""Three pages, the last of them shorter."""


@dataclass
class Source:
    """One API to attack."""

    adapter: Adapter[Any]
    settings: Any
    server: FakeServer
    is_page: Callable[[Request], bool]
    prepare: Callable[[ReaderContext], None] = lambda _: None
    size: str = "cap"
    """The attribute of the server that says how large its pages are."""
    smaller: int = 3
    attacked: int = 2
    """Which of its pages is changed on its way."""

    def context(self) -> ReaderContext:
        """For one reading."""
        context = replace(Clock().context(), state=InMemoryState())
        self.prepare(context)
        return context


@contextmanager
def _smarteru(folder: Path) -> Iterator[Source]:
    people = [smarteru.person(number) for number in range(PEOPLE)]
    (folder / "export.csv").write_text(smarteru.export_text(people), "utf-8")
    with smarteru.Account(people) as server:
        server.cap = PAGE
        api = {"url": server.url, "account_key": smarteru.ACCOUNT, "user_key": smarteru.USER, "page_size": PAGE}
        keys = {"student_id": "scorm_student_id", "export": str(folder / "export.csv"), "api": api}
        roster = {"attributes": {"emailAddress": "Email"}}
        settings = SMARTERU.settings.model_validate({**keys, "roster": roster})
        yield Source(SMARTERU, settings, server, lambda asked: b"listUsers" in asked.body)


@contextmanager
def _docebo(folder: Path) -> Iterator[Source]:
    del folder
    with docebo.Platform([docebo.user(number) for number in range(PEOPLE)]) as server:
        api = {"url": server.url, "client_id": docebo.CLIENT, "client_secret": docebo.SECRET, "page_size": PAGE}
        roster = {"attributes": {"emailAddress": "email", "employeeId": "field_12"}}
        settings = DOCEBO.settings.model_validate({"api": api, "roster": roster})
        yield Source(DOCEBO, settings, server, lambda asked: asked.path == "/manage/v1/user")


@contextmanager
def _blackboard(folder: Path) -> Iterator[Source]:
    del folder
    with blackboard.Learn([blackboard.user(number) for number in range(PEOPLE)]) as server:
        api = {"url": server.url, "key": blackboard.KEY, "secret": blackboard.SECRET, "page_size": PAGE}
        roster = {"attributes": {"emailAddress": "email", "employeeId": "studentId"}}
        settings = BLACKBOARD.settings.model_validate({"api": api, "roster": roster})
        yield Source(BLACKBOARD, settings, server, lambda asked: asked.path.endswith("/users"))


@contextmanager
def _brightspace(folder: Path) -> Iterator[Source]:
    del folder
    with brightspace.Site([brightspace.user(number) for number in range(PEOPLE)]) as server:
        server.size = PAGE
        api = {"url": server.url, "auth_url": server.url, "client_id": brightspace.CLIENT}
        roster = {"attributes": {"emailAddress": "ExternalEmail"}}
        keys = {"api": {**api, "client_secret": brightspace.SECRET}, "roster": roster}
        settings = BRIGHTSPACE.settings.model_validate(keys)

        def consent(context: ReaderContext) -> None:
            client = BRIGHTSPACE.consent(settings) if BRIGHTSPACE.consent else None
            assert client is not None
            assert context.state is not None
            redirect = "https://bridge.example.edu/setup/campus/consent"
            code = read_redirect(server.consent(client.consent_url(redirect, "s")), "s")
            with context.state.secret(REFRESH) as secret:
                secret.replace(client.trade_code(context.outbound, code, redirect, context.now).to_text())

        yield Source(BRIGHTSPACE, settings, server, lambda asked: asked.path == brightspace.USERS, consent, size="size")


@contextmanager
def _learning(folder: Path) -> Iterator[Source]:
    del folder
    students = [successfactors.student(number) for number in range(PEOPLE)]
    with successfactors.SuccessFactors(students=students, cap=PAGE) as server:
        client = {"client_id": successfactors.CLIENT, "client_secret": successfactors.SECRET}
        who = {"user_id": successfactors.ADMIN, "company_id": successfactors.COMPANY}
        roster = {"attributes": {"emailAddress": "emailAddress"}}
        keys = {"learning": {"url": server.url, **client, **who, "page_size": PAGE}, "roster": roster}
        settings = SUCCESSFACTORS.settings.model_validate(keys)
        yield Source(SUCCESSFACTORS, settings, server, lambda asked: asked.path == successfactors.STUDENTS)


@contextmanager
def _hcm(folder: Path) -> Iterator[Source]:
    del folder
    users = [successfactors.user(number) for number in range(PEOPLE)]
    with successfactors.SuccessFactors(users=users, cap=PAGE) as server:
        who = {"user_id": successfactors.ADMIN, "company_id": successfactors.COMPANY}
        keys = {"url": server.url, **who, "sign_in": "basic", "password": successfactors.PASSWORD, "page_size": PAGE}
        roster = {"attributes": {"emailAddress": "email"}}
        settings = SUCCESSFACTORS.settings.model_validate({"hcm": keys, "student_id": "userId", "roster": roster})
        yield Source(SUCCESSFACTORS, settings, server, lambda asked: asked.path == successfactors.USERS)


def _listed(preset: str, student_id: str) -> Callable[[Path], Any]:
    @contextmanager
    def source(folder: Path) -> Iterator[Source]:
        del folder
        with rest_list.serving(preset, PEOPLE, cap=PAGE) as server:
            keys = {"student_id": student_id, "list": {"paging": {"size": PAGE}}}
            settings = REST_LIST.settings.model_validate({**server.settings, **keys})
            yield Source(REST_LIST, settings, server, lambda asked: asked.method == "GET")

    return source


@contextmanager
def _oneroster(folder: Path) -> Iterator[Source]:
    del folder
    with oneroster.Service([oneroster.user(number) for number in range(PEOPLE)]) as server:
        server.cap = PAGE
        access = {"token_url": f"{server.url}/token", "client_id": oneroster.CLIENT, "client_secret": oneroster.SECRET}
        api = {"url": server.url + oneroster.BASE, **access, "page_size": PAGE}
        keys = {"student_id": "identifier", "api": api, "roster": {"attributes": {"emailAddress": "email"}}}
        settings = ONEROSTER.settings.model_validate(keys)
        yield Source(ONEROSTER, settings, server, lambda asked: asked.path.endswith("/users"))


_BY_LIST = {"list", "sis", "logins", "email"}
"""Rights without those for reports."""


def _canvas(place: str, rights: set[str], attacked: int = 2, **keys: Any) -> Callable[[Path], Any]:
    @contextmanager
    def source(folder: Path) -> Iterator[Source]:
        del folder
        people = [canvas.person(number) for number in range(1, PEOPLE + 1)]
        with canvas.FakeCanvas(people=people, cap=PAGE, rights=rights) as server:
            server.courses = {"7": [canvas.Enrollment(one) for one in people]}
            server.attachment = {"size": None}  # what a file holds must be seen to be whole without it
            settings = server.settings(**keys)
            yield Source(CANVAS, settings, server, lambda asked: _gets(asked, place), attacked=attacked)

    return source


def _gets(asked: Request, place: str) -> bool:
    return asked.method == "GET" and place in asked.path


def _in_course(*attributes: str) -> dict[str, Any]:
    return {"filters": {"courses": ["7"]}, "attributes": dict.fromkeys(attributes, "email")}


@contextmanager
def _moodle(folder: Path) -> Iterator[Source]:
    del folder
    people = moodle.crowd(PEOPLE - 1)  # the administrator is one more, the guest is nobody
    with moodle.FakeMoodle(people=people) as server, patch.object(moodle_listing, "SLICE", PAGE):
        settings = server.settings(roster={"attributes": {"emailAddress": "email"}})
        yield Source(MOODLE, settings, server, _asks_for_several, size="max_input_vars", smaller=7)


def _asks_for_several(asked: Request) -> bool:
    form = dict(asked.parameters())
    return form["wsfunction"] == "core_user_get_users_by_field" and "values[1]" in form


SOURCES: dict[str, Callable[[Path], Any]] = {
    "smarteru": _smarteru,
    "docebo": _docebo,
    "blackboard": _blackboard,
    "brightspace": _brightspace,
    "successfactors learning": _learning,
    "successfactors hcm": _hcm,
    "oneroster": _oneroster,
    "talentlms": _listed("talentlms", "login"),
    "absorb": _listed("absorb", "externalId"),
    "litmos": _listed("litmos", "UserName"),
    "learnupon": _listed("learnupon", "id"),
    "cornerstone": _listed("cornerstone", "externalId"),
    "canvas list": _canvas("/users", _BY_LIST),
    "canvas enrollments": _canvas("/enrollments", _BY_LIST, roster=_in_course()),
    "canvas course": _canvas("/courses/7/users", _BY_LIST, roster=_in_course("emailAddress")),
    "moodle": _moodle,
}
"""By name: what makes the source, given a folder."""
_REPORTS = {*_BY_LIST, "reports"}
FILES: dict[str, Callable[[Path], Any]] = {
    "canvas report": _canvas("/files/", _REPORTS, attacked=1),
    "canvas report's state": _canvas("/provisioning_csv/", _REPORTS),
}
"""The same for what is not read page by page."""
