"""A zip is not unpacked before it is known to be harmless, and not believed while it is."""

from __future__ import annotations

import zipfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import RosterIncomplete
from bridge.files import archive
from bridge.files.archive import open_archive

MEMBER = "users.csv"


@pytest.fixture
def packed(tmp_path):
    def make(*members, compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / "roster.zip"
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, content in members or ((MEMBER, b"sourcedId\n1\n"),):
                file.writestr(name, content)
        return path

    return make


def unpack(path):
    with open_archive(path) as opened:
        return [b"".join(opened.chunks(member)) for member in sorted(opened.members)]


def refused(path, what):
    with pytest.raises(RosterIncomplete, match=what):
        unpack(path)


def test_a_member_is_read_whole(packed):
    with open_archive(packed()) as opened:
        assert opened.read(MEMBER, 100) == b"sourcedId\n1\n"
        assert opened.size(MEMBER) == 12
        assert opened.size("absent") == 0


def test_an_absent_member_is_named(packed):
    with open_archive(packed()) as opened, pytest.raises(RosterIncomplete, match=r"holds no roles\.csv"):
        opened.read("roles.csv", 100)


def test_a_bomb_is_refused_before_it_is_unpacked(packed):
    refused(packed((MEMBER, b"\0" * 20_000_000)), "more than 250 times its size")


def test_a_small_part_that_shrinks_well_is_no_bomb(packed):
    with open_archive(packed((MEMBER, b"a" * 1_000_000))) as opened:
        assert sum(map(len, opened.chunks(MEMBER))) == 1_000_000


def test_many_members_cannot_add_up_to_a_bomb(packed, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1500)
    refused(packed(("a", b"x" * 1000), ("b", b"y" * 1000)), "unpacks to more than 1500 bytes")


def test_a_member_larger_than_it_may_be_is_not_held(packed):
    with open_archive(packed()) as opened, pytest.raises(RosterIncomplete, match="larger than 11 bytes"):
        opened.read(MEMBER, 11)


def test_a_crowd_of_members_is_refused(packed, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 1)
    refused(packed(("a", b""), ("b", b"")), "more than 1 files")


def test_a_directory_that_would_fill_the_memory_is_not_loaded(packed, monkeypatch):
    monkeypatch.setattr(archive, "MAX_DIRECTORY", 10)
    refused(packed(), "lists far too many files")


def test_a_second_directory_behind_the_first_is_not_believed(packed):
    path = packed()
    content = path.read_bytes()
    at = content.rfind(b"PK\x05\x06")
    path.write_bytes(content[:at] + b"PK\x06\x07" + bytes(16) + content[at:])
    refused(path, "lists far too many files")


@pytest.mark.parametrize("second", [MEMBER, "Users.CSV"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused_because_programs_disagree_which_counts(packed, second):
    refused(packed((MEMBER, b"1"), (second, b"2")), "two files of one name")


def test_a_protected_zip_is_said_to_be_one(packed):
    path = packed(compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    refused(path, "protected by a password")


def test_a_member_that_claims_to_be_smaller_than_it_is_gives_no_more(packed):
    path = packed((MEMBER, b"a" * 5000))
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    refused(path, "cannot be unpacked")


@pytest.mark.parametrize("content", [b"", b"ID,Name\n", b"PK\x03\x04 no more"])
def test_what_is_no_zip_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "roster.zip"
    path.write_bytes(content)
    refused(path, r"roster\.zip: this is not a complete zip file")


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_zip_raises_nothing_undeclared(packed, data):
    path = packed((MEMBER, b"sourcedId\n" + bytes(range(256))), ("b", b"b" * 50))
    content = bytearray(path.read_bytes())
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(RosterIncomplete):
        unpack(path)
