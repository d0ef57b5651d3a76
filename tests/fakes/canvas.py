"""A fake Canvas: the REST API and the users report, written from Canvas's source and samples. No live Canvas was met.

    with FakeCanvas(crowd(1000)) as canvas:
        settings = canvas.settings(student_id="sis_user_id")

Rights, refusals, slowness and bad manners are switched by attributes; `fail_next` puts in any answer.
"""

from __future__ import annotations

import base64
import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, overload
from urllib.parse import unquote

import msgspec

from adapters.canvas.names import split_sortable_name
from adapters.canvas.settings import Settings
from tests.fakes.serving import FakeServer, Reply, Request

JSON = {"Content-Type": "application/json; charset=utf-8"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
COLUMNS = (
    "canvas_user_id",
    "user_id",
    "integration_id",
    "authentication_provider_id",
    "login_id",
    "first_name",
    "last_name",
    "full_name",
    "sortable_name",
    "short_name",
    "email",
    "status",
    "created_by_sis",
)


class Login(NamedTuple):
    """One pseudonym: SIS IDs belong to logins, not to people."""

    sis_user_id: str | None
    login_id: str
    integration_id: str | None = None
    status: str = "active"


class Person(NamedTuple):
    """One Canvas user."""

    id: int
    sortable_name: str
    email: str | None = None
    logins: tuple[Login, ...] = ()


class Enrollment(NamedTuple):
    """One person in one course and section."""

    person: Person
    state: str = "active"
    type: str = "StudentEnrollment"


def person(number: int) -> Person:
    """An invented person."""
    login = Login(f"S{number:08}", f"user{number}")
    return Person(number, f"Family{number % 997}, Given{number}", f"user{number}@example.edu", (login,))


class Crowd(Sequence[Person]):
    """`size` invented people, made when they are asked for."""

    def __init__(self, size: int) -> None:
        self._numbers = range(1, size + 1)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Person: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Person]: ...
    def __getitem__(self, index: int | slice) -> Person | Sequence[Person]:
        numbers = self._numbers[index]
        return person(numbers) if isinstance(numbers, int) else [person(number) for number in numbers]


def throttled(status: int = 403, remaining: str = "0.0", **headers: str) -> Reply:
    """Canvas's refusal of a request that came too early (throttle_*.http of the samples)."""
    body = f"{status} {'Forbidden' if status == 403 else 'Too Many Requests'} (Rate Limit Exceeded)\n".encode()
    return Reply(status, body, {**TEXT, "X-Rate-Limit-Remaining": remaining, **headers})


def error(status: int, message: str = "", **headers: str) -> Reply:
    """An error as Canvas writes it."""
    return Reply(status, msgspec.json.encode({"errors": [{"message": message}]}), {**JSON, **headers})


BAD_TOKEN = error(401, "Invalid access token.", **{"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
NOT_FOUND = error(404, "The specified resource does not exist.")


@dataclass
class Bucket:
    """Canvas's leaky bucket for one token (app/middleware/request_throttle.rb)."""

    clock: Callable[[], float]
    room: float = 600.0
    leak: float = 10.0
    """Units a second."""
    cost: float = 5.0
    """Units of one request."""
    reserved: float = 50.0
    """Units that a request must find free."""
    status: int = 403
    taken: int = 0
    refused: int = 0
    level: float = 0.0
    _at: float = 0.0

    def take(self) -> bool:
        """Let one request in, or refuse it."""
        now = self.clock()
        self.level = max(0.0, self.level - (now - (self._at or now)) * self.leak)
        self._at = now
        if self.level + self.reserved > self.room:
            self.refused += 1
            return False
        self.level += self.cost
        self.taken += 1
        return True

    @property
    def left(self) -> float:
        """What X-Rate-Limit-Remaining says."""
        return self.room - self.level


@dataclass
class FakeCanvas(FakeServer):
    """A Canvas with `people` in account 1."""

    people: Sequence[Person] = ()
    answer: Callable[[Request], Reply] = field(init=False)
    token: str = "canvas-token-1~secret"
    rights: set[str] = field(default_factory=lambda: {"list", "sis", "logins", "email", "reports"})
    refusal: int = 403
    """What a missing right answers: 401 before 2022, 403 since."""
    remaining: float = 600.0
    """What X-Rate-Limit-Remaining says where there is no bucket."""
    bucket: Bucket | None = None
    cap: int = 100
    """The most people of a page."""
    next_link: Callable[[str], str] = str
    """Makes the `next` link that is sent of the right one."""
    reports: list[str] = field(default_factory=list)
    """How the next reports end; `complete` when nothing is said."""
    looks: int = 1
    """How many looks find a report unfinished."""
    attachment: dict[str, Any] = field(default_factory=dict)
    """Put over the attachment of a finished report."""
    zipped: bool = False
    storage: str = ""
    """Where a download is redirected to."""
    columns: Sequence[str] = COLUMNS
    courses: dict[str, list[Enrollment]] = field(default_factory=dict)
    sections: dict[str, list[Enrollment]] = field(default_factory=dict)
    subjects: dict[int, str] = field(default_factory=dict)
    """What launches call people, by their number."""
    deleted_reports: list[int] = field(default_factory=list)
    keep: bool = False
    """Answer the same question with the same bytes, for benchmarks: nothing may change meanwhile."""
    _started: list[dict[str, Any]] = field(default_factory=list)
    _pages: dict[str, Reply] = field(default_factory=dict)
    _file: bytes = b""

    def __post_init__(self) -> None:
        self.answer = self._answer

    def settings(self, **more: Any) -> Settings:
        """Of a connection to this Canvas."""
        return Settings(api={"url": self.url, "token": self.token, "account": "1"}, **more)  # type: ignore[arg-type]

    def file(self) -> bytes:
        """The users report."""
        if not (self.keep and self._file):
            self._file = (_zipped if self.zipped else bytes)(self._csv())
        return self._file

    def _answer(self, request: Request) -> Reply:
        parts = request.path.strip("/").split("/")
        if parts[0] == "files":
            return self._download()
        if parts[:2] != ["api", "v1"]:
            return NOT_FOUND
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return BAD_TOKEN
        if self.bucket and not self.bucket.take():
            return throttled(self.bucket.status, str(self.bucket.left))
        match parts[2:]:
            case ["accounts", "1" | "self", "users"]:
                return self._permitted("list", partial(self._users, request))
            case ["users", named]:
                return self._permitted("list", partial(self._one, unquote(named)))
            case ["accounts", "1" | "self", "reports", "provisioning_csv", *report]:
                return self._permitted("reports", partial(self._report, request, report))
            case ["courses" | "sections" as kind, place, "enrollments"] if place in getattr(self, kind):
                return self._permitted("list", partial(self._enrollments, request, getattr(self, kind)[place]))
            case ["courses", place, "users"] if place in self.courses:
                return self._permitted("list", partial(self._course_users, request, self.courses[place]))
        return NOT_FOUND

    def _permitted(self, right: str, answer: Callable[[], Reply]) -> Reply:
        if right not in self.rights:
            return error(self.refusal, "user not authorized to perform that action")
        return answer()

    def _users(self, request: Request) -> Reply:
        if request.query in self._pages:
            return self._pages[request.query]
        searched = dict(request.parameters()).get("search_term", "")
        people = [one for one in self.people if searched in (one.email or "")] if searched else self.people
        reply = self._page(request, people, self._user, dict(request.parameters()).get("sort") == "id")
        if self.keep:
            self._pages[request.query] = reply
        return reply

    def _one(self, named: str) -> Reply:
        """One user as lib/api.rb finds them: by number, or by an id with its kind."""
        kind, _, value = named.rpartition(":")
        if kind.startswith("hex:"):
            kind, value = kind.removeprefix("hex:"), bytes.fromhex(value).decode()
        for one in self.people:
            login = next((login for login in one.logins if login.status == "active"), Login(None, ""))
            ids = {
                "": str(one.id),
                "sis_user_id": login.sis_user_id,
                "sis_login_id": login.login_id,
                "sis_integration_id": login.integration_id,
                "lti_1_3_id": self.subjects.get(one.id),
                "lti_user_id": self.subjects.get(one.id),
            }
            if ids.get(kind) == value:
                return _json(self._user(one))
        return NOT_FOUND

    def _enrollments(self, request: Request, rows: list[Enrollment]) -> Reply:
        states = {value for name, value in request.parameters() if name == "state[]"}
        only = dict(request.parameters()).get("user_id")
        shown = [row for row in rows if row.state in states and only in {None, str(row.person.id)}]
        return self._page(request, shown, self._enrollment, bookmarks=False)

    def _course_users(self, request: Request, rows: list[Enrollment]) -> Reply:
        states = {value for name, value in request.parameters() if name == "enrollment_state[]"}
        takes_part = [row for row in rows if row.state in states and row.type != "StudentViewEnrollment"]
        people = list({row.person.id: row.person for row in takes_part}.values())
        with_email = ("include[]", "email") in request.parameters()
        return self._page(request, people, lambda p: self._user(p) if with_email else self._bare(p), bookmarks=False)

    def _bare(self, person: Person) -> dict[str, Any]:
        return {name: value for name, value in self._user(person).items() if name != "email"}

    def _page(self, request: Request, rows: Sequence[Any], write: Callable[[Any], Any], bookmarks: bool) -> Reply:
        asked = dict(request.parameters())
        size = max(1, min(int(asked.get("per_page", 10)), self.cap))
        page = asked.get("page", "first")
        start = _start(page, size, len(rows))
        body = msgspec.json.encode([write(row) for row in rows[start : start + size]])
        headers = {
            **JSON,
            "x-rate-limit-remaining": str(self.bucket.left if self.bucket else self.remaining),
            "x-request-cost": "0.09",
        }
        kept = "&".join(part for part in request.query.split("&") if not part.startswith("page="))
        headers["link"] = f'<{self.url}{request.path}?{kept}&page={page}>; rel="current"'
        if start + size < len(rows):
            after = f"bookmark:{_token(start + size)}" if bookmarks else str(start // size + 2)
            link = self.next_link(f"{self.url}{request.path}?{kept}&page={after}")
            headers["link"] += f',<{link}>; rel="next"'
        return Reply(200, body, headers)

    def _user(self, person: Person) -> dict[str, Any]:
        active = [login for login in person.logins if login.status == "active"]
        login = next((login for login in active if login.sis_user_id), active[0] if active else None)
        user: dict[str, Any] = {"id": person.id, "name": _full(person), "created_at": "2024-08-15T09:30:00-06:00"}
        user |= {"sortable_name": person.sortable_name, "short_name": _full(person)}
        if "sis" in self.rights:
            user["sis_user_id"] = login.sis_user_id if login else None
            user["integration_id"] = login.integration_id if login else None
        if "logins" in self.rights and login:
            user["login_id"] = login.login_id
        if "email" in self.rights:
            user["email"] = person.email
        return user

    def _enrollment(self, row: Enrollment) -> dict[str, Any]:
        user = self._bare(row.person)
        return {"id": 9000 + row.person.id, "type": row.type, "enrollment_state": row.state, "user": user}

    def _report(self, request: Request, report: list[str]) -> Reply:
        if request.method == "POST" and not report:
            ends = self.reports.pop(0) if self.reports else "complete"
            self._started.append({"ends": ends, "looks": self.looks, "asked": dict(request.parameters())})
            return _json({"id": len(self._started), "status": "created", "progress": 0, "file_url": None})
        number = int(report[0])
        if request.method == "DELETE":
            self.deleted_reports.append(number)
            return _json({"id": number, "status": "deleted"})
        started = self._started[number - 1]
        if started["looks"] > 0:
            started["looks"] -= 1
            return _json({"id": number, "status": "running", "progress": 30, "current_line": 120000})
        said = {"id": number, "status": started["ends"], "progress": 100}
        return _json(said | ({"attachment": self._attachment()} if started["ends"] == "complete" else {}))

    def _attachment(self) -> dict[str, Any]:
        kind = "application/zip" if self.zipped else "text/csv"
        url = f"{self.url}/files/777/download?download_frd=1&verifier=SYNTHETICverifier"
        return {"id": 777, "content-type": kind, "url": url, "size": len(self.file()), **self.attachment}

    def _download(self) -> Reply:
        if self.storage:
            return Reply(302, b"", {"Location": self.storage})
        return Reply(200, self.file(), {"Content-Type": "application/zip" if self.zipped else "text/csv"})

    def _csv(self) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for row in _rows(self.people):
            writer.writerow([row.get(column, "") for column in self.columns])
        return text.getvalue().encode()


def _rows(people: Sequence[Person]) -> Iterator[dict[str, Any]]:
    """One row a login, in the order of the logins' ids: a second login stands far from the first."""
    turns = 1 if isinstance(people, Crowd) else max((len(person.logins) for person in people), default=0)
    for turn in range(turns):
        for person in people:
            for login in person.logins[turn : turn + 1]:
                yield _row(person, login)


def _row(person: Person, login: Login) -> dict[str, Any]:
    first, last = split_sortable_name(person.sortable_name)
    return {
        "canvas_user_id": person.id,
        "user_id": login.sis_user_id or "",
        "integration_id": login.integration_id or "",
        "login_id": login.login_id,
        "first_name": first,
        "last_name": last,
        "full_name": _full(person),
        "sortable_name": person.sortable_name,
        "short_name": _full(person),
        "email": person.email or "",
        "status": login.status,
        "created_by_sis": str(bool(login.sis_user_id)).lower(),
    }


def _full(person: Person) -> str:
    return " ".join(part for part in split_sortable_name(person.sortable_name) if part)


def _zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("users.csv", content)
    return file.getvalue()


def _json(value: Any) -> Reply:
    return Reply(200, msgspec.json.encode(value), JSON)


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(start)).decode().rstrip("=")


def _start(page: str, size: int, total: int) -> int:
    """Where `page` begins. An undecodable bookmark is the start of the list, as in Canvas."""
    if page.isdigit():
        return min((int(page) - 1) * size, total)
    try:
        token = page.removeprefix("bookmark:")
        return int(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError:
        return 0
