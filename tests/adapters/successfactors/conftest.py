"""SuccessFactors with people, the settings of a connection to it, and a client with a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.successfactors.settings import Settings
from tests.fakes.contexts import Clock
from tests.fakes.successfactors import ADMIN, CLIENT, COMPANY, PASSWORD, SECRET, SuccessFactors, student, user

PEOPLE = 250
Make = Callable[..., Settings]


@pytest.fixture(scope="session")
def client() -> tuple[str, x509.Certificate]:
    """A private key in PEM form, and the certificate that is registered for it."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ottobridge")])
    began = datetime(2026, 1, 1, tzinfo=UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(7).not_valid_before(began).not_valid_after(began + timedelta(days=3650))
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode(), built.sign(key, hashes.SHA256())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(client: tuple[str, x509.Certificate]) -> Iterator[SuccessFactors]:
    people = {"students": [student(n) for n in range(PEOPLE)], "users": [user(n) for n in range(PEOPLE)]}
    with SuccessFactors(certificate=client[1], **people) as service:
        yield service


@pytest.fixture
def learning(service: SuccessFactors) -> Make:
    def make(api: dict[str, Any] | None = None, **keys: Any) -> Settings:
        access = {"client_id": CLIENT, "client_secret": SECRET, "user_id": ADMIN, "company_id": COMPANY}
        sound = {"url": service.url, **access, "page_size": service.cap}
        return Settings.model_validate({"learning": {**sound, **(api or {})}, **keys})

    return make


@pytest.fixture
def hcm(service: SuccessFactors, client: tuple[str, x509.Certificate]) -> Make:
    def make(api: dict[str, Any] | None = None, **keys: Any) -> Settings:
        signing = {"client_id": CLIENT, "private_key": client[0]}
        sound = {"url": service.url, "company_id": COMPANY, "user_id": ADMIN, **signing}
        return Settings.model_validate({"hcm": {**sound, **(api or {})}, "student_id": "userId", **keys})

    return make


@pytest.fixture
def basic(hcm: Make) -> Settings:
    return hcm({"sign_in": "basic", "password": PASSWORD})
