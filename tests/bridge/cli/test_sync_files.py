"""`ottobridge sync spreadsheet` and `sync oneroster` on real files, against the sandbox OttoLearn over real HTTP."""

from __future__ import annotations

import csv
import ipaddress
import json
import shlex
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from adapters import ADAPTERS
from bridge.cli import cli
from bridge.config.configuration import load
from bridge.errors import ConfigError
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.fakes.workbook import make, sheet, text
from tests.migrated import migrated_in

PEOPLE = [
    {"id": number, "active": True, "attribute": {"firstName": "A", "lastName": "B", "username": f"u{number}", **more}}
    for number, more in enumerate(
        [
            {"emailAddress": "zoe@example.edu"},
            {"emailAddress": "li@example.edu"},
            {"emailAddress": "held@example.edu", "employeeId": "by hand"},
        ],
        start=1,
    )
]
SHEET = (
    "E-Mail;Personalnummer\nzoe@example.edu;00123\nli@example.edu;00124\nheld@example.edu;00125\nwho@example.edu;5\n"
)
USERS = "sourcedId,status,givenName,familyName,username,identifier\n1,,Zoë,O’Brien,zoe,00123\n2,,Li,Wang,li,00124\n"
MANIFEST = "propertyName,value\noneroster.version,1.2\nfile.users,bulk\n"


class Site:
    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        secret = "a secret of thirty-two bytes or more"
        sign_in = {"method": "signed_link", "url": f"{url}/learn", "secret": secret}
        self.tree: dict[str, Any] = {
            "bridge": {
                "public_url": "https://bridge.example.edu",
                "secret_key": secret,
                "database_url": migrated_in(folder),
                "trusted_networks": ["127.0.0.0/8"],
            },
            "ottolearn": {
                "api_url": url,
                "organization_id": 1,
                "username": "api",
                "password": "api",
                "username_attributes": ["employeeId", "username"],
                "learner_url": f"{url}/learn",
                "sign_in": sign_in,
            },
            "connections": {"any-lms": {"adapter": "scorm", "student_id": "learner_id"}},
        }
        self.connect()

    def connect(self, **connections: Any) -> None:
        self.tree["connections"].update(connections)
        self.config.write_text(yaml.safe_dump(self.tree), "utf-8")

    def file(self, text: str, name: str = "people.csv") -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def everybody(self) -> dict[int, dict[str, str]]:
        """Attributes of OttoLearn's users, by id."""
        account = load(self.config, ADAPTERS, {}).ottolearn
        api = OttoLearnApi(account, Outbound([ipaddress.ip_network("127.0.0.0/8")]))
        return {learner.user_id: dict(learner.attributes) for learner in api.read_learners()}

    def run(self, *arguments: object) -> tuple[int, Any, str]:
        result = CliRunner().invoke(cli, ["--config", str(self.config), *map(str, arguments)])
        code = 2 if isinstance(result.exception, ConfigError) else result.exit_code
        return code, json.loads(result.stdout) if result.stdout.startswith("{") else result.stdout, result.stderr


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve(create_sandbox(PEOPLE, username_attributes=("employeeId", "username"))) as served:
        site = Site(tmp_path, served.url)
        sheet = {"adapter": "spreadsheet", "file": str(tmp_path / "people.csv"), "student_id": "employee_number"}
        columns = {"employee_number": "Personalnummer", "email": "E-Mail"}
        site.connect(**{"hr-sheet": {**sheet, "columns": columns}})
        yield site


def test_a_sheet_links_those_it_can_and_gives_the_others_back_to_be_corrected(site: Site) -> None:
    site.file(SHEET)
    copy = site.folder / "corrected.csv"
    code, said, told = site.run("sync", "spreadsheet", "hr-sheet", "--corrected-copy", copy, "--json")
    assert (code, said["updated"], said["conflicts"], said["skipped"]) == (0, 2, 1, 1)
    assert "email: column A ('E-Mail', configured)" in told
    assert "2 to correct" in told
    rows = list(csv.reader(copy.read_text("utf-8-sig").splitlines()))
    assert [row[2][:24] for row in rows[1:]] == ["", "", "people!B4: other value (", "people!B5: no match (no "]
    assert "OttoLearn user 3 has 'by hand' as employeeId" in rows[3][2]
    code, said, _ = site.run("learners", "find", "00123", "--json")
    assert (said["user_id"], said["attribute"]) == (1, "employeeId")


@pytest.mark.parametrize("named", [True, False])
def test_a_sheet_whose_columns_were_guessed_is_only_planned_until_somebody_says_that_they_are_right(
    site: Site, named: bool
) -> None:
    file = site.file(SHEET, "an export.csv")
    del site.tree["connections"]["hr-sheet"]
    guessed = {"adapter": "spreadsheet", "file": str(file), "student_id": "employee_number"}
    site.connect(**({"hr-sheet": guessed} if named else {}))
    asked = ["hr-sheet"] if named else ["--file", file]
    header = "E-Mail;Personalnummer" if named else "E-Mail;Matrikelnummer"
    file.write_text(SHEET.replace("E-Mail;Personalnummer", header), "utf-8")

    code, said, told = site.run("sync", "spreadsheet", *asked, "--json")
    assert (code, said["status"], said["reason"], said["updated"]) == (3, "planned", "columns_guessed", 2)
    assert 'email: "E-Mail"' in said["notices"][0]
    assert "employeeId" not in site.everybody()[1]
    code, out, told = site.run("sync", "spreadsheet", *asked)
    assert (code, "employeeId: '' -> '00123'" in out, 'columns: {email: "E-Mail"' in told) == (3, True, True)

    command = shlex.split(told.partition("`ottobridge ")[2].partition("`")[0])
    assert command[-2:] == ["--apply", said["plan_file"]]
    assert site.run(*command)[0] == 0
    assert site.everybody()[1]["employeeId"] == "00123"
    with file.open("a", encoding="utf-8") as lines:
        lines.write("u3@example.edu;00126\n")
    assert site.run("sync", "spreadsheet", *asked)[0] == 0


def test_a_guess_is_only_planned_by_the_nightly_command_too(site: Site) -> None:
    site.file(SHEET)
    site.tree["connections"]["hr-sheet"] |= {"columns": {}, "roster": {"on_leave": "keep"}}
    site.connect()
    assert site.run("sync", "run", "--all")[0] == 3
    assert "employeeId" not in site.everybody()[1]


FRENCH = "Student ID,Email,First name,Last name\nS-9,u9@example.edu,{},{}\n"


def test_an_encoding_that_was_guessed_waits_until_somebody_has_seen_the_plan(site: Site) -> None:
    site.tree["connections"]["hr-sheet"] = {
        "adapter": "spreadsheet",
        "file": str(site.folder / "people.csv"),
        "mode": "roster",
        "roster": {"attributes": {"employeeId": "student_id", "username": "student_id", "emailAddress": "email"}},
    }
    site.connect()
    file = site.folder / "people.csv"
    file.write_bytes(FRENCH.format("Zoë", "Lefèvre").encode("windows-1252"))
    code, said, told = site.run("sync", "spreadsheet", "hr-sheet", "--json")
    assert (code, said["reason"], said["created"]) == (3, "columns_guessed", 1)
    assert "encoding: windows-1252" in said["notices"][0]
    assert "CSV in windows-1252 (guessed by charset-normalizer" in told
    assert "`encoding: windows-1252` in the connection" in said["notices"][1]
    asked = ("sync", "spreadsheet", "hr-sheet", "--encoding", "windows-1252", "--json")
    assert site.run(*asked)[1]["created"] == 1
    assert "Lefèvre" in [person.get("lastName") for person in site.everybody().values()]


def test_an_encoding_that_cannot_be_told_is_asked_for_and_taken_from_the_command(site: Site) -> None:
    del site.tree["connections"]["hr-sheet"]
    site.connect()
    file = site.folder / "old.csv"
    names = "Jörg,Weiß\nS-2,u2@example.edu,Anaïs,Lefèvre\nS-3,u3@example.edu,Jürgen,Kähler"
    file.write_bytes(FRENCH.format(*names.split(",", 1)).encode("cp850"))
    code, _, told = site.run("sync", "spreadsheet", "--file", file, "--plan")
    assert (code, "line 2 could be" in told) == (3, True)
    code, _, told = site.run("sync", "spreadsheet", "--file", file, "--plan", "--encoding", "cp850")
    assert (code, "CSV in cp850 (asked for)" in told) == (0, True)
    assert site.run("sync", "spreadsheet", "--file", file, "--encoding", "ansi-ish")[0] == 2


def test_a_plan_says_which_column_is_what_and_which_row_it_speaks_of_and_writes_nothing(site: Site) -> None:
    site.file(SHEET)
    code, out, told = site.run("sync", "spreadsheet", "hr-sheet", "--plan")
    assert (code, "people!B5" in out, "employee_number: column B" in told) == (0, True, True)
    assert "employeeId: '' -> '00123'" in out
    assert ", held" not in out
    assert site.run("learners", "find", "00123", "--json")[1]["outcome"] == "no_match"


def test_a_plan_says_of_those_who_are_held_that_they_are(site: Site) -> None:
    site.tree["connections"]["hr-sheet"]["roster"] = {"limits": {"updates": {"number": 1}}}
    site.connect()
    site.file(SHEET)
    _, out, _ = site.run("sync", "spreadsheet", "hr-sheet", "--plan")
    assert [line.endswith(", held") for line in out.splitlines() if line.startswith("link ")] == [True, True]
    assert [line for line in out.splitlines() if line.startswith(("conflict", "skipped")) and "held" in line] == []


@pytest.mark.parametrize("then", ["E-Mail;Personalnummer\nli@example.edu;666\n", None])
def test_a_file_swapped_between_plan_and_apply_is_not_applied(site: Site, then: str | None) -> None:
    sheet, plan = site.file(SHEET), site.folder / "plan.jsonl"
    site.run("sync", "spreadsheet", "hr-sheet", "--plan", "--plan-file", plan)
    sheet.unlink() if then is None else site.file(then)
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--apply", plan, "--json")
    assert (code, said["reason"]) == (6, "stale")
    assert site.run("learners", "find", "00123", "--json")[1]["outcome"] == "no_match"
    site.file(SHEET)
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--apply", plan, "--json")
    assert (code, said["updated"]) == (0, 2)


def test_a_plan_of_another_file_is_applied_to_that_file_alone(site: Site) -> None:
    site.file(SHEET.replace("00123", "00999"))
    other, plan = site.file(SHEET, "other.csv"), site.folder / "plan.jsonl"
    site.run("sync", "spreadsheet", "hr-sheet", "--plan", "--plan-file", plan, "--file", other)
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--apply", plan, "--json")
    assert (code, said["reason"]) == (6, "stale")
    assert "or name the file that it was made from" in said["notices"][0]
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--apply", plan, "--file", other, "--json")
    assert (code, said["updated"], site.everybody()[1]["employeeId"]) == (0, 2, "00123")


def test_another_file_can_be_named_for_one_run_with_or_without_a_connection(site: Site) -> None:
    other = site.file(SHEET.replace("00123", "00777"), "other.csv")
    assert site.run("sync", "spreadsheet", "--file", other, "--json")[1]["updated"] == 2
    assert site.run("learners", "find", "00777", "--json")[1]["user_id"] == 1
    del site.tree["connections"]["hr-sheet"]
    site.connect()
    plain = site.file("Student ID,Email\n00888,nobody@example.edu\n", "plain.csv")
    code, said, _ = site.run("sync", "spreadsheet", "--file", plain, "--json")
    assert (code, said["connection"], said["skipped"]) == (4, "spreadsheet", 1)
    code, _, told = site.run("sync", "spreadsheet")
    assert (code, "give --file" in told) == (2, True)


def test_a_sheet_that_cannot_be_read_is_told_and_leaves_no_copy(site: Site) -> None:
    site.file("E-Mail;E-Mail\nx;y\n")
    copy = site.folder / "corrected.csv"
    code, said, told = site.run("sync", "spreadsheet", "hr-sheet", "--corrected-copy", copy, "--json")
    assert (code, said["reason"], copy.exists()) == (3, "roster_incomplete", False)
    assert "the same header as people!A1" in told


def gigabytes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)


def word(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")


def workbook(data: str) -> Callable[[Path], object]:
    return lambda path: make(path, data)


def content(text: str | bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(text if isinstance(text, bytes) else text.encode())


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "two gigabytes": (gigabytes, "larger than 1024 MiB; allowed: a list of people"),
    "a bomb": (workbook(sheet(text("A1", "x" * 40_000_000))), "unpacks to more than 250 times its size; allowed: "),
    "another zip": (word, "a zip that is no Excel workbook; allowed: an .xlsx file"),
    "half a workbook": (
        content(b"PK\x03\x04" + bytes(99)),
        "not a complete zip file; allowed: the file as its",
    ),
    "an old workbook": (content(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "allowed: an .xlsx file without password"),
    "10,000 columns": (
        content(",".join(f"c{n}" for n in range(10_000))),
        "more than 1000 columns; allowed: up to 1000",
    ),
    "10,000 columns in a workbook": (
        workbook(f'<sheetData><row r="1">{"<c><v>1</v></c>" * 10_000}</row></sheetData>'),
        "row 1: more than 1000 columns; allowed: up to 1000",
    ),
    "one header twice": (content("E-Mail;E-Mail\nx;y\n"), "people!B1: the same header as people!A1; allowed: every"),
    "two encodings": (content("E-Mail\nzoë\n".encode() + b"\xf6\n"), "line 3 is not UTF-8, while lines before it are"),
    "no encoding": (content("E-Mail,社員番号\n".encode("shift-jis")), 'allowed: a table saved as "CSV UTF-8"'),
    "half a character": (content("E-Mail\tx\n".encode("utf-16")[:-1]), 'allowed: a table saved as "CSV UTF-8"'),
    "an open quote": (content('E-Mail,Personalnummer\n"a,1\nb,2\n'), "lines 2 to 3: a quote is opened and not closed"),
    "no headers": (content("zoe@example.edu,00123\n"), "people!A1: no column for employee_number, email; found"),
    "nothing": (content(""), "people is empty; allowed: a row of headers, then people"),
}


@pytest.mark.parametrize("what", BAD_FILES)
@pytest.mark.parametrize("mode", ["link", "roster"])
def test_a_bad_file_is_refused_with_what_would_be_taken_and_nothing_is_written(
    site: Site, what: str, mode: str
) -> None:
    write, told = BAD_FILES[what]
    site.tree["connections"]["hr-sheet"] |= {"mode": mode, "match": "email"}
    site.tree["connections"]["hr-sheet"]["roster"] = {"attributes": {"emailAddress": "email"}}
    site.connect()
    write(site.folder / "people.csv")
    before = site.everybody()
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--json")
    assert (code, said["status"], said["reason"], said["read"]) == (3, "held_back", "roster_incomplete", 0)
    assert told in said["notices"][-1]
    assert site.everybody() == before


def test_what_fills_a_username_attribute_of_ottolearn_is_judged_as_an_id(site: Site) -> None:
    attributes = {"employeeId": "employee_number", "username": "login", "emailAddress": "mail"}
    site.tree["connections"]["hr-sheet"] |= {"columns": {}, "mode": "roster", "roster": {"attributes": attributes}}
    site.connect()
    site.file("Employee number;Login;Mail\n00123;1.0E+7;2024-05-01\n00124;li;x\n")
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--plan", "--json")
    assert (code, said["reason"]) == (3, "roster_incomplete")
    assert "people.csv: 1 mistake\npeople!B2: found a number shortened" in said["notices"][-1]


def test_a_formula_is_nobodys_id_unless_it_is_marked_as_text(site: Site) -> None:
    formula = "=cmd|' /C calc'!A0"
    site.file(f'E-Mail,Personalnummer\nzoe@example.edu,"{formula}"\n"=1+1@x",5\n')
    copy = site.folder / "corrected.csv"
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--corrected-copy", copy, "--json")
    assert (code, said["reason"], said["updated"]) == (3, "roster_incomplete", 0)
    rows = list(csv.reader(copy.read_text("utf-8-sig").splitlines()))
    assert [row[:2] for row in rows[1:]] == [["zoe@example.edu", f"'{formula}"], ["'=1+1@x", "5"]]

    site.file(f'E-Mail,Personalnummer\nzoe@example.edu,"=""{formula}"""\n')
    assert site.run("sync", "spreadsheet", "hr-sheet", "--json")[1]["updated"] == 1
    assert site.everybody()[1]["employeeId"] == formula


def test_a_corrected_copy_is_never_written_over_its_source(site: Site) -> None:
    source = site.file(SHEET)
    code, _, told = site.run("sync", "spreadsheet", "hr-sheet", "--corrected-copy", source)
    assert (code, "is the file that is read; allowed: another name" in told) == (2, True)
    assert source.read_text("utf-8") == SHEET
    code, _, told = site.run("sync", "spreadsheet", "hr-sheet", "--corrected-copy", site.folder / "copy.xls")
    assert (code, "allowed: a name that ends in .xlsx or .csv" in told) == (2, True)
    assert "employeeId" not in site.everybody()[1]


@pytest.mark.parametrize("command", [("spreadsheet",), ("run",)])
def test_rows_that_cannot_be_linked_come_back_to_be_corrected_without_being_asked_for(
    site: Site, command: tuple[str, ...]
) -> None:
    site.file(SHEET + "x@example.edu;\n")
    code, said, told = site.run("sync", *command, "hr-sheet", "--json")
    copy = site.folder / "ottobridge-reports" / f"hr-sheet-{said['run']}.corrected.csv"
    assert (code, said["corrected_file"], f"3 to correct: {copy}" in told) == (0, str(copy), True)
    assert copy.stat().st_mode & 0o077 == 0
    rows = list(csv.reader(copy.read_text("utf-8-sig").splitlines()))
    assert [row[2].partition(": ")[0] for row in rows[1:]] == ["", "", "people!B4", "people!B5", "people!B6"]
    assert f"to correct: {copy.parent}" in site.run("sync", *command, "hr-sheet", "--plan")[1]


def test_a_roster_that_was_refused_comes_back_to_be_corrected(site: Site) -> None:
    site.tree["connections"]["hr-sheet"] |= {"mode": "roster"}
    site.connect()
    site.file("E-Mail;Personalnummer\na@x.y;00123\nb@x.y;1.0E+7\n")
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--json")
    assert (code, said["reason"]) == (3, "roster_incomplete")
    rows = list(csv.reader(Path(said["corrected_file"]).read_text("utf-8-sig").splitlines()))
    assert rows[1][1:] == ["00123", ""]
    assert rows[2][2].startswith("people!B3: found a number shortened")
    site.file("E-Mail;Personalnummer\na@x.y;00123\n")
    assert "corrected_file" not in site.run("sync", "spreadsheet", "hr-sheet", "--json")[1]


def test_a_sheet_without_mistakes_is_not_copied_nor_one_copied_twice(site: Site) -> None:
    reports = site.folder / "ottobridge-reports"
    site.file(SHEET)
    said = site.run("sync", "spreadsheet", "hr-sheet", "--corrected-copy", site.folder / "c.csv", "--json")[1]
    assert said["corrected_file"] == str(site.folder / "c.csv")
    site.file("E-Mail;Personalnummer\nzoe@example.edu;00123\n")
    assert "corrected_file" not in site.run("sync", "spreadsheet", "hr-sheet", "--json")[1]
    assert not list(reports.glob("*.corrected.csv"))


def test_a_corrected_copy_that_is_read_again_is_never_written_over(site: Site) -> None:
    reports = site.folder / "ottobridge-reports"
    reports.mkdir()
    source = reports / "hr-sheet-1.corrected.csv"
    source.write_text(SHEET, "utf-8")
    code, said, told = site.run("sync", "spreadsheet", "hr-sheet", "--file", source, "--json")
    assert (code, said["run"], "corrected_file" in said) == (0, 1, False)
    assert f"{source} is the file that is read; --corrected-copy FILE is another place" in told
    assert source.read_text("utf-8") == SHEET


def test_the_login_name_that_everybody_has_is_not_what_a_link_fills(site: Site) -> None:
    site.tree["ottolearn"]["username_attributes"] = ["username", "employeeId"]
    site.connect()
    site.file(SHEET)
    assert site.run("sync", "spreadsheet", "hr-sheet", "--json")[1]["updated"] == 2
    assert (site.everybody()[1]["username"], site.everybody()[1]["employeeId"]) == ("u1", "00123")


def test_a_oneroster_zip_is_a_roster(site: Site) -> None:
    bundle = site.folder / "oneroster.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("manifest.csv", MANIFEST)
        archive.writestr("users.csv", USERS)
    api = {"url": "https://sis.example.edu/v1p2", "token_url": "https://sis.example.edu/t"}
    client = {"client_id": "c", "client_secret": "a secret of the client"}
    roster = {"attributes": {"username": "username", "employeeId": "identifier"}}
    site.connect(
        district={"adapter": "oneroster", "student_id": "identifier", "api": {**api, **client}, "roster": roster}
    )
    code, said, _ = site.run("sync", "oneroster", "district", "--file", bundle, "--json")
    assert (code, said["created"]) == (0, 2)
    assert site.run("learners", "find", "00124", "--json")[1]["attribute"] == "employeeId"


def test_what_was_held_of_a_file_without_a_connection_is_approved_by_naming_the_file_again(site: Site) -> None:
    del site.tree["connections"]["hr-sheet"]
    site.connect()
    file = site.file("E-Mail;Matrikelnummer\nzoe@example.edu;00123\nli@example.edu;00124\n", "list.csv")
    code, held, _ = site.run("sync", "spreadsheet", "--file", file, "--max-changes", "updates=1", "--json")
    assert (code, held["held"]) == (3, 2)
    code, _, told = site.run("sync", "approve", held["run"])
    assert (code, "--file FILE" in told) == (2, True)
    file.write_text("E-Mail;Matrikelnummer\nzoe@example.edu;00123\nli@example.edu;00125\n", "utf-8")
    code, approved, _ = site.run("sync", "approve", held["run"], "--file", file, "--json")
    assert (code, approved["updated"]) == (0, 2)
    assert {site.everybody()[n]["employeeId"] for n in (1, 2)} == {"00123", "00125"}


@pytest.mark.parametrize("named", [True, False])
def test_the_command_that_lets_through_what_was_held_reads_the_same_file(site: Site, named: bool) -> None:
    site.tree["connections"]["hr-sheet"]["encoding"] = "utf-8"
    site.connect()
    file = site.folder / "an other.csv"
    file.write_bytes(SHEET.encode("windows-1252"))
    asked = ["hr-sheet"] if named else []
    how = ["--file", file, "--encoding", "windows-1252"]
    code, out, _ = site.run("sync", "spreadsheet", *asked, *how, "--max-changes", "updates=1")
    line = next(line for line in out.splitlines() if "sync approve" in line)
    command = shlex.split(line.partition("ottobridge ")[2])
    assert (code, command[3:]) == (3, ["--file", str(file), "--encoding", "windows-1252"])
    code, approved, _ = site.run(*command, "--json")
    assert (code, approved["updated"]) == (0, 2)


def test_a_roster_from_where_the_configuration_says_is_approved_without_more_words(site: Site) -> None:
    site.file(SHEET)
    _, out, _ = site.run("sync", "spreadsheet", "hr-sheet", "--max-changes", "updates=1")
    (line,) = [line for line in out.splitlines() if "sync approve" in line]
    assert line.split()[-2] == "approve"


def test_a_file_that_is_not_there_is_a_source_that_does_not_answer(site: Site) -> None:
    (site.folder / "people.csv").unlink(missing_ok=True)
    code, said, _ = site.run("sync", "spreadsheet", "hr-sheet", "--json")
    assert (code, said["status"], said["reason"]) == (1, "failed", "unavailable")


def test_a_run_that_is_over_or_was_never_there_is_not_asked_to_stop(site: Site) -> None:
    site.file(SHEET)
    run = site.run("sync", "spreadsheet", "hr-sheet", "--json")[1]["run"]
    assert site.run("runs", "stop", str(run), "--json")[:2] == (1, {"run": run, "asked": False})
    assert site.run("runs", "stop", "99")[0] == 2
