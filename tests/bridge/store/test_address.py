"""A database URL that is wrong is told by `config check` as by every command, and nothing of it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import ConfigError
from bridge.store.address import check_url, name_of, read_url
from bridge.store.engine import open_later


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql+psycopg://u:SUP@SECRETVALUE@127.0.0.1:1/d", "a bare @; allowed: %40"),
        ("postgresql+psycopg://u@SECRETVALUE:p@db.example.edu/d", "a bare @; allowed: %40"),
        ("postgresql+psycopg://u:SECRETVALUE@db.example.edu:99x/d", "not a database URL"),
        ("postgresql+psycopg://u:SECRETVALUE@db.example.edu:99999/d", "no such port"),
        ("sqlite://", "a plain file is needed"),
        ("sqlite:///:memory:", "a plain file is needed"),
        ("nonsense SECRETVALUE", "not a database URL"),
    ],
)
def test_a_wrong_url_is_refused_without_its_secret(url: str, why: str) -> None:
    for opened in (check_url, open_later):
        with pytest.raises(ConfigError, match=why) as caught:
            opened(url)
        assert "SECRETVALUE" not in str(caught.value)


def test_a_file_in_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    check_url(f"sqlite:///{tmp_path}/new.db")
    assert not (tmp_path / "new.db").exists()
    with pytest.raises(ConfigError, match="its folder does not exist"):
        check_url(f"sqlite:///{tmp_path}/none/new.db")


def test_a_password_with_signs_that_are_written_as_they_must_be_is_no_mistake() -> None:
    address = read_url("postgresql+psycopg://u:S%40p%2F%3A@db.example.edu/d?options=-csearch_path%3Da@b")
    assert (address.password, name_of(address)) == ("S@p/:", "the PostgreSQL database 'd' on db.example.edu:5432")
