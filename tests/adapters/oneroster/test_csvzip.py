"""The CSV zip: its manifest is believed about what is whole, and nothing else is taken on trust."""

from __future__ import annotations

import zipfile

import pytest

from adapters.oneroster import csvzip
from adapters.oneroster.settings import Settings
from bridge.contracts import RosterEnd, Student
from bridge.errors import RemoteUnavailable, RosterIncomplete

MANIFEST_11 = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.users,bulk\n"
MANIFEST_12 = "propertyName,value\noneroster.version,1.2\nfile.users,bulk\nfile.roles,bulk\n"
USERS_11 = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,identifier,email\n"
    '1,,,true,"s1,s2",student,zoe,"{LDAP:zoe},{SIS:00123}",Zoë,O’Brien,S1,zoe@example.edu\n'
    "2,,,false,s2,teacher,li,,伟,王,S2,li@example.edu\n"
)
USERS_12 = (
    "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,identifier,email,userMasterIdentifier\n"
    "1,,,true,zoe,{SIS:00123},Zoë,O’Brien,S1,zoe@example.edu,M1\n"
    "2,,,true,li,,伟,王,S2,li@example.edu,M2\n"
)
ROLES = (
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,orgSourcedId\n"
    "r1,,,1,primary,student,s1\nr2,,,2,primary,teacher,s1\nr3,tobedeleted,,2,secondary,student,s1\n"
)


@pytest.fixture
def packed(tmp_path):
    def make(manifest=MANIFEST_11, users=USERS_11, **files):
        path = tmp_path / "roster.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, text in {"manifest": manifest, "users": users, **files}.items():
                if text is not None:
                    file.writestr(f"{name}.csv", text if isinstance(text, bytes) else text.encode())
        return path

    return make


@pytest.fixture
def read_zip(read):
    return lambda path, **keys: read(Settings.model_validate({"file": str(path), **keys}))


def test_a_bulk_zip_of_1_1_is_a_whole_roster(packed, read_zip):
    members, end = read_zip(packed(), student_id="userIds.SIS")
    assert members[0].student == Student("00123", "Zoë", "O’Brien")
    assert members[0].fields["userIds.LDAP"] == "zoe"
    assert [member.active for member in members] == [True, False]
    assert end == RosterEnd(2)


def test_a_mark_and_windows_line_ends_are_no_part_of_a_header(packed, read_zip):
    users = b"\xef\xbb\xbf" + USERS_11.replace("\n", "\r\n").encode()
    assert read_zip(packed(users=users))[0][0].student.student_id == "1"


def test_roles_and_schools_are_chosen_from_users_in_1_1_and_from_roles_in_1_2(packed, read_zip):
    def chosen(path, **filters):
        return [member.student.student_id for member in read_zip(path, roster={"filters": filters})[0]]

    assert chosen(packed(), roles=["student"]) == ["1"]
    assert chosen(packed(), orgs=["s2"]) == ["1", "2"]
    assert chosen(packed(), orgs=["s1"]) == ["1"]
    new = packed(MANIFEST_12, USERS_12, roles=ROLES)
    assert chosen(new, roles=["student"]) == ["1"]
    assert chosen(new, orgs=["s1"]) == ["1", "2"]
    assert chosen(new, roles=["student"], orgs=["s1"]) == ["1"]


def test_a_field_of_1_2_may_be_the_student_id(packed, read_zip):
    assert (
        read_zip(packed(MANIFEST_12, USERS_12, roles=ROLES), student_id="userMasterIdentifier")[0][1].student.student_id
        == "M2"
    )


def test_a_delta_is_never_taken_for_everybody(packed, read_zip):
    users = USERS_11.replace("2,,,false", "2,tobedeleted,2026-01-01T00:00:00.000Z,true")
    path = packed(MANIFEST_11.replace("bulk", "delta"), users)
    with pytest.raises(RosterIncomplete, match=r"file\.users is delta; allowed here: bulk"):
        read_zip(path)


def test_a_zip_is_not_read_as_changes(packed, changes):
    with pytest.raises(RosterIncomplete, match="always read whole"):
        changes(Settings.model_validate({"file": str(packed())}), 0.0)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"manifest": None}, r"it holds no manifest\.csv"),
        ({"users": None}, r"it holds no users\.csv"),
        ({"manifest": MANIFEST_11.replace("bulk", "absent")}, r"file\.users; allowed: bulk, delta"),
        ({"manifest": MANIFEST_11.replace("1.1", "2.0")}, r"oneroster\.version; allowed: 1\.0, 1\.1, 1\.2"),
        ({"manifest": ""}, "no column propertyName, value"),
        ({"users": ""}, "no column sourcedId"),
        ({"users": "sourcedId,email,email\n1,a,b\n"}, "a header stands twice"),
        ({"users": "sourcedId,email\n1,a\n2\n"}, r"users\.csv: row 3 has 1 cells where the header has 2"),
        ({"users": 'sourcedId,email\n1,"a\n'}, "a quote is opened"),
        ({"users": "sourcedId,email\nZoë,a\n".encode("windows-1252")}, "is not utf-8-sig text"),
        ({"users": "sourcedId,email\n,a@example.edu\n"}, "without sourcedId"),
        ({"users": "sourcedId,email\n"}, "the roster is empty"),
        ({"users": "sourcedId\n" + "1" * 20_000_000}, "more than 250 times its size"),
    ],
)
def test_a_zip_that_is_not_whole_makes_nobody_gone(packed, read_zip, files, what):
    with pytest.raises(RosterIncomplete, match=what):
        read_zip(packed(**files))


def test_roles_nobody_asks_for_may_be_missing(packed, read_zip):
    assert read_zip(packed(MANIFEST_12, USERS_12))[1] == RosterEnd(2)


def test_roles_that_are_announced_and_absent_are_missed(packed, read_zip):
    with pytest.raises(RosterIncomplete, match=r"it holds no roles\.csv"):
        read_zip(packed(MANIFEST_12, USERS_12), roster={"filters": {"roles": ["student"]}})


def test_a_file_too_large_or_absent_is_named(packed, read_zip, tmp_path, monkeypatch):
    with pytest.raises(RemoteUnavailable, match=r"gone\.zip: the file cannot be opened"):
        read_zip(tmp_path / "gone.zip")
    monkeypatch.setattr(csvzip, "MAX_FILE", 10)
    with pytest.raises(RosterIncomplete, match="the file is larger than"):
        read_zip(packed())


def test_people_come_in_pages(packed, context):
    from adapters.oneroster.roster import read_roster

    users = "sourcedId\n" + "".join(f"{number}\n" for number in range(2500))
    pages = list(read_roster(Settings.model_validate({"file": str(packed(users=users))}), context))
    assert [len(page) for page in pages[:-1]] == [1000, 1000, 500]
