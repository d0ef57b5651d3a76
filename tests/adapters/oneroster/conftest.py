"""A OneRoster service and a way to read it."""

from __future__ import annotations

import ipaddress

import pytest

from adapters.oneroster.roster import read_changes, read_roster
from adapters.oneroster.settings import Settings
from bridge.contracts import ReaderContext
from bridge.net.http import Outbound
from tests.fakes.oneroster import BASE, CLIENT, SECRET, Service, user

NOW = 1_800_000_000.0


@pytest.fixture
def context():
    return ReaderContext(
        outbound=Outbound([ipaddress.ip_network("127.0.0.0/8")]),
        now=lambda: NOW,
        sleep=lambda _: None,
        notice=lambda _: None,
    )


@pytest.fixture
def service():
    with Service([user(number) for number in range(250)]) as service:
        yield service


@pytest.fixture
def connection(service):
    def settings(api=None, **keys):
        access = {
            "url": service.url + BASE,
            "token_url": f"{service.url}/token",
            "client_id": CLIENT,
            "client_secret": SECRET,
        }
        known = {name: value for name, value in {**access, **(api or {})}.items() if value is not None}
        return Settings.model_validate({"api": known, **keys})

    return settings


@pytest.fixture
def read(context):
    def call(settings):
        *pages, end = read_roster(settings, context)
        return [member for page in pages for member in page], end

    return call


@pytest.fixture
def changes(context):
    def call(settings, since):
        *pages, end = read_changes(settings, context, since)
        return [member for page in pages for member in page], end

    return call
