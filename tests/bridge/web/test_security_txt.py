"""Whoever finds a hole in a bridge learns whom to tell, and nothing that its operator did not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.web.app import create_app
from tests.bridge.config.test_config import GOOD, problems, read
from tests.bridge.web.conftest import Bridge

PLACE = "/.well-known/security.txt"


def asked(bridge: Bridge, **said: object) -> object:
    settings = bridge.services.configuration.bridge.model_copy(update=said)
    services = replace(bridge.services, configuration=replace(bridge.services.configuration, bridge=settings))
    return create_app(services).test_client().get(PLACE)


def test_the_contacts_stand_in_it_as_the_standard_asks(bridge: Bridge) -> None:
    contacts = ("mailto:security@example.edu", "https://example.edu/report")
    answer = asked(bridge, security_contact=contacts, security_policy="https://example.edu/policy")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    fields = [line.split(": ", 1) for line in answer.text.splitlines()]
    assert [value for name, value in fields if name == "Contact"] == [*contacts]
    told = dict(fields)
    assert told["Canonical"] == f"https://bridge.example.edu{PLACE}"
    assert told["Policy"] == "https://example.edu/policy"
    days = (datetime.fromisoformat(told["Expires"]) - datetime.fromtimestamp(bridge.now, UTC)).days
    assert 1 < days < 366  # section 2.5.5


def test_a_bridge_whose_operator_named_nobody_names_nobody(bridge: Bridge) -> None:
    assert bridge.client.get(PLACE).status_code == 404


def test_an_address_without_its_scheme_is_a_mail_address(tmp_path: Path) -> None:
    text = GOOD.replace(
        "ottolearn:\n", "  security_contact: [security@example.edu, 'tel:+1-201-555-0123']\nottolearn:\n", 1
    )
    assert read(tmp_path, text).bridge.security_contact == ("mailto:security@example.edu", "tel:+1-201-555-0123")


@pytest.mark.parametrize(
    "contact", ["nobody", "ftp://example.edu", "a@b.example\\nExpires: never", "mailto:é@x.org", ""]
)
def test_a_contact_that_nobody_could_use_is_told(tmp_path: Path, contact: str) -> None:
    text = GOOD.replace("ottolearn:\n", f'  security_contact: ["{contact}"]\nottolearn:\n', 1)
    (told,) = problems(tmp_path, text)
    assert told.startswith("config.yaml:4: bridge.security_contact.0:")
    assert "allowed: an e-mail address" in told
