"""SmarterU's user export: the one place where both numbers of a person stand side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from bridge.errors import RemoteUnavailable, RosterIncomplete
from bridge.files.csvrows import read_csv
from bridge.files.encodings import find_encoding
from bridge.identifiers import is_no_id, loose_key, normalize

MAX_BYTES: Final = 256 * 1024**2
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "profile_id": ("profile id",),
    "scorm_student_id": ("scorm student id",),
    "email": ("email address", "email"),
    "employee_id": ("employee id", "employeeid"),
}
_FULL: Final = (
    "make it with Users Dashboard › Export to CSV (full): the other export holds only the columns that are visible "
    "there, and a column that was renamed in the file is not known"
)


class Exported(NamedTuple):
    """The ids of one person; `email` and `employee_id` as they are compared, each empty where others have it too."""

    profile_id: str
    scorm_student_id: str
    email: str
    employee_id: str


@dataclass(frozen=True)
class Export:
    """Everybody in a file, to be found by what the API also says."""

    name: str
    people: Sequence[Exported]
    by_profile: Mapping[str, Exported]
    by_email: Mapping[str, Exported]
    by_employee: Mapping[str, Exported]

    def find(self, email: str, employee_id: str) -> Exported | None:
        """Who has this address, or else this employee ID."""
        return self.by_email.get(loose_key(email)) or self.by_employee.get(loose_key(employee_id))

    def sample(self, size: int) -> list[Exported]:
        """People from all over the file whom the API can be asked for, and who have two different numbers first."""
        known = [one for one in self.people if one.scorm_student_id and (one.email or one.employee_id)]
        telling = [person for person in known if person.profile_id != person.scorm_student_id] or known
        step = max(1, len(telling) // size)
        return telling[::step][:size]


def read_export(path: Path) -> Export:
    """The people in the file at `path`. Raises RemoteUnavailable where it cannot be opened, and RosterIncomplete where
    it is not an export with both numbers.
    """
    try:
        with path.open("rb") as file:
            if path.stat().st_size > MAX_BYTES:
                raise RosterIncomplete(f"{path.name}: the file is larger than {MAX_BYTES // 1024**2} MiB")
            encoding = find_encoding(file, path.name)
            file.seek(0)
            rows = (record.cells for record in read_csv(file, path.name, encoding=encoding.name))
            people = list(_people(rows, path.name))
    except OSError as error:
        raise RemoteUnavailable(f"{path.name}: the file cannot be opened ({type(error).__name__})") from error
    if not people:
        raise RosterIncomplete(f"{path.name}: nobody in it has a Profile ID; {_FULL}")
    return _indexed(path.name, people)


def _people(rows: Iterator[list[str]], name: str) -> Iterator[Exported]:
    headers = [" ".join(cell.split()).lower() for cell in next(rows, [])]
    places = {field: _place(headers, known, name) for field, known in COLUMNS.items()}
    if places["email"] is None and places["employee_id"] is None:
        raise RosterIncomplete(f"{name}: no column Email Address, and no column Employee ID; {_FULL}")
    for cells in rows:
        found = {field: "" if at is None or at >= len(cells) else _id(cells[at]) for field, at in places.items()}
        if found["profile_id"]:
            yield Exported(**found)


def _place(headers: Sequence[str], known: Iterable[str], name: str) -> int | None:
    found = [at for at, header in enumerate(headers) if header in known]
    if len(found) > 1:
        raise RosterIncomplete(f"{name}: a header stands twice")
    if not found and ("profile id" in known or "scorm student id" in known):
        column = "Profile ID" if "profile id" in known else "SCORM Student ID"
        raise RosterIncomplete(f"{name}: no column {column}; {_FULL}")
    return found[0] if found else None


def _id(cell: str) -> str:
    text = normalize(cell)
    return "" if is_no_id(text) else text


def _indexed(name: str, people: Sequence[Exported]) -> Export:
    """Found by what one person alone has: a shared address names nobody."""
    profiles = Counter(person.profile_id for person in people)
    if len(profiles) < len(people):
        raise RosterIncomplete(f"{name}: a Profile ID stands twice: it is not one export")
    emails = Counter(loose_key(person.email) for person in people)
    employees = Counter(loose_key(person.employee_id) for person in people)
    own = [
        person._replace(
            email=person.email if emails[loose_key(person.email)] == 1 else "",
            employee_id=person.employee_id if employees[loose_key(person.employee_id)] == 1 else "",
        )
        for person in people
    ]
    return Export(
        name,
        own,
        {person.profile_id: person for person in own},
        {loose_key(person.email): person for person in own if person.email},
        {loose_key(person.employee_id): person for person in own if person.employee_id},
    )
