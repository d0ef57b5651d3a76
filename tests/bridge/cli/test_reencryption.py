"""After another `bridge.secret_key`, nothing that the earlier one encrypted is lost, and no key reaches a message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapters import ADAPTERS
from bridge.cli import cli
from bridge.config.connections import Connections
from bridge.keys.connection_state import StoredState
from bridge.keys.encryption import decrypt, encrypt
from bridge.keys.own import OwnKeys
from bridge.progress.reports import PURPOSE
from bridge.roster.authorization_code import SECRET
from bridge.store import visits
from bridge.store.database import Engine
from bridge.store.engine import open_database
from bridge.store.visits import Visit
from tests.bridge.cli.test_registering import CONFIG, LTI13

EARLIER, LATER, OTHER = (f"{number:032}" for number in (1, 2, 3))
API = {"url": "https://lms.example.edu", "token": "the-token-of-the-api"}


class Site:
    """A database that the earlier key has encrypted, and a configuration with the later one."""

    def __init__(self, folder: Path, url: str, secret_key: str = LATER) -> None:
        self.path = folder / "config.yaml"
        text = CONFIG.replace("sqlite:///{database}", url).replace("0123456789abcdef" * 2, secret_key)
        self.path.write_text(text.replace("{{", "{").replace("}}", "}"), "utf-8")

    def run(self, *more: str, earlier: str = EARLIER) -> Result:
        environment = {"OTTOBRIDGE_EARLIER_SECRET_KEY": earlier}
        return CliRunner().invoke(cli, ["--config", str(self.path), "keys", "reencrypt", *more], env=environment)


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Site:
    engine = open_database(database_url)
    OwnKeys(engine, EARLIER, "lti", lambda: 1.0).signing()
    moodle = ADAPTERS.named("moodle")
    assert moodle is not None
    known = Connections({}, ADAPTERS, engine, secret_key=EARLIER)
    settings = {"student_id": "username", "lti13": LTI13, "api": API}
    assert known.register("new-lms", moodle, settings, 1.0)
    with state(engine, EARLIER).secret(SECRET) as secret:
        secret.replace("the-refresh-token")
    for number in range(3):
        channel = encrypt(f"channel {number}", EARLIER, PURPOSE)
        visits.add(engine, Visit(0, 1.0, "campus", "lti13", "S1", 7, "", channel), due_at=1.0)
    visits.add(engine, Visit(0, 1.0, "packages", "scorm12", "S1", 7, "", ""), due_at=visits.NEVER)
    engine.dispose()
    return Site(tmp_path, database_url)


def state(engine: Engine, key: str) -> StoredState:
    return StoredState(engine, key, "campus", lambda: 1.0, lambda _: None)


def read_with(url: str, key: str) -> tuple[object, ...]:
    """Everything that is kept encrypted, decrypted."""
    engine = open_database(url)
    try:
        found = Connections({}, ADAPTERS, engine, secret_key=key).find("new-lms")
        with state(engine, key).secret(SECRET) as secret:
            token = secret.read()
        channels = [decrypt(text, key, PURPOSE) for _, text in visits.channels(engine, 0, 9)]
        api = found.settings.api.token.get_secret_value() if found else ""
        return OwnKeys(engine, key, "lti", lambda: 1.0).signing().kid, api, token, channels
    finally:
        engine.dispose()


def test_what_the_earlier_key_encrypted_is_open_to_the_later_one(site: Site, database_url: str) -> None:
    before = read_with(database_url, EARLIER)
    found = site.run("--json")
    assert found.exit_code == 0, found.output
    counted = json.loads(found.stdout)
    assert counted["connections"] == {"reencrypted": 1}
    assert counted["visits"] == {"reencrypted": 3}
    assert counted["tokens of LMSs"] == {"reencrypted": 1}
    assert counted["signing keys"]["reencrypted"] >= 1
    assert read_with(database_url, LATER) == before
    assert before[1:] == ("the-token-of-the-api", "the-refresh-token", ["channel 0", "channel 1", "channel 2"])


def test_it_may_be_repeated(site: Site, database_url: str) -> None:
    assert site.run().exit_code == 0
    before = read_with(database_url, LATER)
    again = json.loads(site.run("--json").stdout)
    assert {word for became in again.values() for word in became} == {"unchanged"}
    assert read_with(database_url, LATER) == before


def test_a_wrong_earlier_key_changes_nothing_and_is_in_no_message(site: Site, database_url: str) -> None:
    before = read_with(database_url, EARLIER)
    found = site.run(earlier=OTHER)
    assert found.exit_code == 1
    assert "undecryptable" in found.output
    assert not any(key in found.output for key in (OTHER, EARLIER, LATER))
    assert read_with(database_url, EARLIER) == before


def test_an_empty_database_has_nothing_to_encrypt(database_url: str, tmp_path: Path) -> None:
    assert "Nothing is kept encrypted" in Site(tmp_path, database_url).run().stdout


def test_many_visits_are_all_encrypted_anew(site: Site, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.cli.reencryption.BATCH", 2)
    assert json.loads(site.run("--json").stdout)["visits"] == {"reencrypted": 3}
