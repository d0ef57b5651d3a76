"""An LMS with a certificate of the school's own can be used, and one that proves nothing is told with what to set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug import Response

from bridge.config.configuration import Bridge
from bridge.config.egress import egress_client
from bridge.contracts import ReaderContext
from bridge.errors import ConfigError, RemoteUnavailable
from bridge.net.authorities import authorities
from bridge.net.http import Outbound
from bridge.net.retry import with_retries
from tests.bridge.config.test_config import GOOD, problems
from tests.browser.tls_sites import Site, serving
from tests.fakes.connect_proxy import ConnectProxy

DAY = dt.timedelta(days=1)
KEY = "0123456789abcdef0123456789abcdef"


class School:
    """A private authority, and certificates by it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named("The School's Own Authority")
        self.path = folder / "authority.pem"
        self.path.write_bytes(_pem(self._signed(self._name, self._key.public_key(), ca=True)))

    def certificate(self, host: str, *, ends: dt.timedelta = DAY) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        found = self._signed(_named(host), key.public_key(), ca=False, host=host, ends=ends)
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        path = self._folder / f"{host}.pem"
        path.write_bytes(_pem(found) + key.private_bytes(serialization.Encoding.PEM, *plain))
        return path

    def _signed(self, name: x509.Name, key: Any, *, ca: bool, host: str = "x", ends: dt.timedelta = DAY) -> Any:
        now = dt.datetime.now(dt.UTC)
        ours = self._key.public_key()
        begins, until = now - 3 * DAY, now + ends
        builder = x509.CertificateBuilder(self._name, name, key, x509.random_serial_number(), begins, until)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ours), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _pem(certificate: Any) -> bytes:
    return bytes(certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    return School(tmp_path_factory.mktemp("school"))


@pytest.fixture
def lms(school: School) -> Iterator[Site]:
    with serving(school.certificate("lms.test"), "lms.test") as site:
        site.app = Response("here")
        yield site


def bridge(**keys: Any) -> Bridge:
    given = {"public_url": "https://bridge.example.edu", "secret_key": KEY, "trusted_networks": ["127.0.0.0/8"]}
    return Bridge.model_validate({**given, **keys})


def door(settings: Bridge, environ: dict[str, str]) -> Outbound:
    """The way out where every name leads to this machine."""
    return egress_client(settings, environ, resolve=lambda _, port, **__: [(0, 0, 0, "", ("127.0.0.1", port))])


@pytest.mark.parametrize("how", ["ca_bundle", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_an_lms_with_a_private_authority_can_be_called(school: School, lms: Site, how: str) -> None:
    settings = bridge(ca_bundle=school.path) if how == "ca_bundle" else bridge()
    environ = {} if how == "ca_bundle" else {how: str(school.path)}
    assert door(settings, environ).request("GET", lms.url).status == 200


def test_an_authority_of_ones_own_does_not_end_the_public_ones(school: School) -> None:
    public = authorities(None, {}).cert_store_stats()["x509_ca"]
    assert authorities(school.path, {}).cert_store_stats()["x509_ca"] == public + 1
    assert authorities(None, {"SSL_CERT_FILE": str(school.path)}).cert_store_stats()["x509_ca"] == 1


def test_a_folder_of_authorities_is_taken(school: School, lms: Site, tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "school.pem").write_bytes(school.path.read_bytes())
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True)
    assert door(bridge(ca_bundle=tmp_path), {}).request("GET", lms.url).status == 200


@pytest.mark.parametrize(
    ("host", "ends", "told"),
    [
        ("lms.test", DAY, "bridge.ca_bundle, or in SSL_CERT_FILE or REQUESTS_CA_BUNDLE"),
        ("other.test", DAY, "it is for another name"),
        ("lms.test", -DAY, "certificate has expired; the host needs a new one"),
    ],
)
def test_a_certificate_that_is_not_valid_says_what_to_do_and_is_asked_for_once(
    school: School, host: str, ends: dt.timedelta, told: str
) -> None:
    trusted = {} if "ca_bundle" in told else {"SSL_CERT_FILE": str(school.path)}
    outbound, slept, calls = door(bridge(), trusted), list[float](), list[int]()

    def call() -> object:
        calls.append(1)
        return outbound.request("GET", site.url)

    with (
        serving(school.certificate(host, ends=ends), "lms.test") as site,
        pytest.raises(RemoteUnavailable, match=r"lms\.test:[0-9]+: its certificate is not valid") as caught,
    ):
        with_retries(call, ReaderContext(outbound, lambda: 0.0, slept.append, lambda _: None))
    assert (told in str(caught.value), caught.value.lasting, len(calls), slept) == (True, True, 1, [])


def test_who_speaks_no_tls_is_not_taken_for_a_wrong_certificate() -> None:
    from tests.fakes.serving import FakeServer, Reply

    with FakeServer(lambda _: Reply()) as plain:
        url = plain.url.replace("http://127.0.0.1", "https://lms.test")
        with pytest.raises(RemoteUnavailable, match="no TLS connection") as caught:
            door(bridge(), {}).request("GET", url)
    assert not caught.value.lasting


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_list_of_authorities_that_is_not_there_is_told_before_anything_is_called(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} names '.*nowhere"):
        door(bridge(), {name: str(tmp_path / "nowhere.pem")})


@pytest.mark.parametrize("holds", [None, "no certificate"])
def test_a_bundle_without_certificates_is_a_mistake_with_its_line(tmp_path: Path, holds: str | None) -> None:
    bundle = tmp_path / "bundle.pem"
    if holds:
        bundle.write_text(holds)
    (told,) = problems(tmp_path, GOOD.replace("ottolearn:\n", f"  ca_bundle: {bundle}\nottolearn:\n", 1))
    assert told.startswith("config.yaml:4: bridge.ca_bundle: found")
    assert "PEM" in told


def through(proxy: ConnectProxy | None, outbound: Outbound, lms: Site) -> bool:
    assert outbound.request("GET", lms.url).status == 200
    return proxy is not None and bool(proxy.asked)


@pytest.mark.parametrize(
    ("keys", "environ", "proxied"),
    [
        ({}, {"HTTPS_PROXY": "http://PROXY"}, True),
        ({}, {"https_proxy": "PROXY"}, True),
        ({}, {"HTTPS_PROXY": "http://PROXY", "NO_PROXY": "example.com, lms.test"}, False),
        ({}, {"HTTPS_PROXY": "http://PROXY", "no_proxy": "lms.test"}, False),
        ({}, {"HTTP_PROXY": "http://PROXY", "ALL_PROXY": "http://PROXY"}, False),
        ({"proxy": "http://PROXY"}, {}, True),
        ({"proxy": "http://PROXY", "no_proxy": ["lms.test"]}, {}, False),
        ({"proxy": "http://PROXY", "no_proxy": []}, {"NO_PROXY": "lms.test"}, True),
        ({"proxy": "none"}, {"HTTPS_PROXY": "http://PROXY"}, False),
        ({"proxy": "http://PROXY"}, {"HTTPS_PROXY": "http://127.0.0.1:9"}, True),
    ],
)
def test_the_proxy_is_the_one_that_was_named(
    school: School, lms: Site, keys: dict[str, Any], environ: dict[str, str], proxied: bool
) -> None:
    with ConnectProxy() as proxy:
        given = {k: v.replace("PROXY", proxy.place) if k == "proxy" else v for k, v in keys.items()}
        named = {name: value.replace("PROXY", proxy.place) for name, value in environ.items()}
        outbound = door(bridge(**given, ca_bundle=school.path), named)
        assert through(proxy, outbound, lms) is proxied


@pytest.mark.parametrize("value", ["https://user:secret-word@proxy:3128", "http://user:secret-word@pro xy"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="HTTPS_PROXY: allowed: http://HOST:PORT") as caught:
        door(bridge(), {"HTTPS_PROXY": value})
    (told,) = problems(tmp_path, GOOD.replace("ottolearn:\n", f"  proxy: {value}\nottolearn:\n", 1))
    assert told.startswith("config.yaml:4: bridge.proxy: allowed: http://HOST:PORT")
    assert "secret-word" not in f"{told} {caught.value}"


def test_a_proxy_by_plain_http_is_no_mistake(tmp_path: Path) -> None:
    from tests.bridge.config.test_config import read

    found = read(
        tmp_path, GOOD.replace("ottolearn:\n", "  proxy: http://u:hidden-word@proxy.example:3128\nottolearn:\n", 1)
    )
    assert "hidden-word" not in repr(found.bridge)
