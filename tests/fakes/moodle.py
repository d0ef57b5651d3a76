"""A fake Moodle: the REST web services a roster needs, written from the recordings of a real Moodle 4.5.

    with FakeMoodle(people=crowd(1000)) as moodle:
        settings = moodle.settings(student_id="idnumber")

Rights, hidden people, errors and slowness are switched by attributes; `fail_next` puts in any answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from adapters.moodle.settings import Settings
from tests.fakes.serving import FakeServer, Reply, Request

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
FRONT_PAGE = 1
FUNCTIONS = [
    "core_webservice_get_site_info",
    "core_user_get_users_by_field",
    "core_enrol_get_enrolled_users",
    "core_cohort_get_cohort_members",
]
RIGHTS = frozenset({"viewdetails", "viewalldetails", "viewhiddendetails", "viewfullnames", "viewemail"})


class Person(NamedTuple):
    """One row of Moodle's table of users."""

    id: int
    username: str
    firstname: str
    lastname: str
    email: str = ""
    idnumber: str = ""
    suspended: bool = False
    confirmed: bool = True
    deleted: bool = False
    profile: tuple[tuple[str, str], ...] = ()


GUEST = Person(1, "guest", "Guest user", " ", "root@localhost")
ADMIN = Person(2, "admin", "Admin", "User", "admin@example.invalid")


def person(number: int) -> Person:
    """An invented person."""
    return Person(
        number, f"user{number}", f"Given{number}", f"Family{number}", f"user{number}@example.invalid", f"A{number:08}"
    )


def crowd(size: int) -> list[Person]:
    """Guest, administrator and `size` invented people."""
    return [GUEST, ADMIN, *(person(number) for number in range(3, size + 3))]


def deleted(person: Person, at: int = 1795427486) -> Person:
    """What Moodle makes of somebody it deletes."""
    digest = hashlib.md5(person.username.encode(), usedforsecurity=False).hexdigest()
    return person._replace(username=f"{person.email}.{at}", email=digest, idnumber="", deleted=True)


def failure(errorcode: str, status: int = 200) -> Reply:
    """An error as Moodle writes it: with HTTP 200."""
    said = {"exception": "core\\exception\\moodle_exception", "errorcode": errorcode, "message": "Secret Person"}
    return Reply(status, msgspec.json.encode(said), JSON)


@dataclass
class FakeMoodle(FakeServer):
    """A Moodle with `people`, and a token for the administrator."""

    people: list[Person] = field(default_factory=list)
    answer: Callable[[Request], Reply] = field(init=False)
    token: str = "0123456789abcdef0123456789abcdef"
    token_user: int = ADMIN.id
    functions: list[str] = field(default_factory=lambda: list(FUNCTIONS))
    rights: frozenset[str] = RIGHTS
    hidden: set[int] = field(default_factory=set)
    """People whom the token may not see at all."""
    courses: dict[int, list[int]] = field(default_factory=dict)
    """Course -> ids of those with an active enrolment."""
    cohorts: dict[int, list[int]] = field(default_factory=dict)
    guest_listed: bool = True
    """Whether the front page counts the guest: it depends on the version."""
    max_input_vars: int = 1000
    """Of PHP: form fields above it are dropped without a word."""
    meanwhile: list[tuple[str, Callable[[FakeMoodle], None]]] = field(default_factory=list)
    """What happens in Moodle before the next call of a function: (function, change)."""

    def __post_init__(self) -> None:
        self.answer = self._answer

    def settings(self, **more: Any) -> Settings:
        """Of a connection to this Moodle."""
        return Settings(api={"url": self.url, "token": self.token}, **more)  # type: ignore[arg-type]

    def _answer(self, request: Request) -> Reply:
        if request.path != "/webservice/rest/server.php":
            return Reply(404, b"<html>not found</html>", HTML)
        form = dict(request.parameters()[: self.max_input_vars])
        function = form.get("wsfunction", "")
        if form.get("wstoken") != self.token or form.get("moodlewsrestformat") != "json":
            return failure("invalidtoken")
        if function not in self.functions:
            return failure("accessexception")
        if self.meanwhile and self.meanwhile[0][0] == function:
            self.meanwhile.pop(0)[1](self)
        answers: dict[str, Callable[[dict[str, str]], Reply]] = {
            "core_webservice_get_site_info": self._site_info,
            "core_user_get_users_by_field": self._by_field,
            "core_enrol_get_enrolled_users": self._enrolled,
            "core_cohort_get_cohort_members": self._cohort_members,
            "core_enrol_get_users_courses": self._courses_of,
        }
        return answers[function](form)

    def _site_info(self, form: dict[str, str]) -> Reply:
        functions = [{"name": name, "version": "2024100706.00"} for name in self.functions]
        return _json({"sitename": "Lab", "userid": self.token_user, "functions": functions, "siteid": FRONT_PAGE})

    def _by_field(self, form: dict[str, str]) -> Reply:
        if form.get("field") in {"idnumber", "username", "email"}:
            return self._by_text(form["field"], form["values[0]"])
        if form.get("field") != "id":
            return failure("invalidparameter")
        wanted = sorted({int(value) for name, value in form.items() if name.startswith("values[")})
        found = [person for person in self._find(wanted) if self._sees(person.id)]
        return _json([self._shown(person) for person in found])

    def _by_text(self, name: str, value: str) -> Reply:
        if (name == "username" and value != value.lower()) or (name == "email" and "@" not in value):
            return failure("invalidparameter")
        found = [one for one in self.people if getattr(one, name) == value and not one.deleted and self._sees(one.id)]
        return _json([self._shown(one) for one in found])

    def _courses_of(self, form: dict[str, str]) -> Reply:
        return _json([{"id": course} for course, ids in self.courses.items() if int(form["userid"]) in ids])

    def _find(self, ids: Sequence[int]) -> list[Person]:
        table = self.people
        if table and len(table) == table[-1].id - table[0].id + 1:  # dense, as ids nearly always are
            first = table[0].id
            return [table[number - first] for number in ids if 0 <= number - first < len(table)]
        known = {person.id: person for person in table}
        return [known[number] for number in ids if number in known]

    def _enrolled(self, form: dict[str, str]) -> Reply:
        names = {value: form[name.replace("[name]", "[value]")] for name, value in form.items() if "[name]" in name}
        course, start, number = int(form["courseid"]), int(names["limitfrom"]), int(names["limitnumber"])
        if course == FRONT_PAGE:
            ids = [one.id for one in self.people if not one.deleted and (self.guest_listed or one.username != "guest")]
        elif course in self.courses:
            ids = sorted(self.courses[course]) if names.get("onlyactive") == "1" else []
        else:
            return failure("invalidrecord")
        if names.get("sortdirection") == "DESC":
            ids.reverse()
        return _json([{"id": one, "fullname": "…"} for one in ids[start : start + number] if self._sees(one)])

    def _cohort_members(self, form: dict[str, str]) -> Reply:
        cohorts = [int(value) for name, value in form.items() if name.startswith("cohortids[")]
        if any(cohort not in self.cohorts for cohort in cohorts):
            return failure("invalidrecord")
        return _json([{"cohortid": cohort, "userids": self.cohorts[cohort]} for cohort in cohorts])

    def _sees(self, number: int) -> bool:
        return number == self.token_user or ("viewdetails" in self.rights and number not in self.hidden)

    def _shown(self, person: Person) -> dict[str, Any]:
        own = person.id == self.token_user
        shown: dict[str, Any] = {"id": person.id, "fullname": f"{person.firstname} {person.lastname}"}
        if own or "viewalldetails" in self.rights:
            shown |= {"username": person.username, "auth": "manual", "confirmed": person.confirmed, "lang": "en"}
            shown |= {"idnumber": person.idnumber} if person.idnumber else {}
        if "viewfullnames" in self.rights:
            shown |= {"firstname": person.firstname, "lastname": person.lastname}
        if "viewhiddendetails" in self.rights:
            shown["suspended"] = person.suspended
        if own or "viewemail" in self.rights:
            shown["email"] = person.email
        if person.profile:
            shown["customfields"] = [
                {"shortname": name, "value": value, "type": "text"} for name, value in person.profile
            ]
        return shown


def _json(value: Any) -> Reply:
    return Reply(200, msgspec.json.encode(value), JSON)
