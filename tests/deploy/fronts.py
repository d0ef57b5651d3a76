"""The web servers of deploy/, with the very files from there, on ports and with a certificate of their own."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sandbox.postgresql import free_port
from tests.deploy.conftest import DEPLOY, PUBLIC, program
from tests.fakes.lti_platform import FORM, sign
from tests.faults.standing import CONSUMER, PATIENCE, SECRET, wait_for

NAME = "bridge.example.edu"
HIDDEN = "what-nobody-may-read-in-a-log"


@dataclass(frozen=True)
class Front:
    """A web server that runs."""

    url: str
    host: str
    """What browsers call it."""
    folder: Path
    """Everything it writes."""
    access_log: Path

    def ask(self, method: str, path: str, **more: object) -> requests.Response:
        """As a browser asks that knows the bridge by its name; the path is sent as it is."""
        request = requests.Request(method, self.url, **more).prepare()  # type: ignore[arg-type]
        request.url = f"{self.url}{path}"
        request.headers["Host"] = self.host
        with requests.Session() as session:
            return session.send(request, timeout=PATIENCE, allow_redirects=False, verify=str(self.folder / "cert.pem"))

    def written(self) -> str:
        """Whatever stands in its logs and what it said."""
        files = [file for file in self.folder.rglob("*") if file.suffix in {".log", ".out"}]
        return "".join(file.read_text("utf-8") for file in files)


@contextmanager
def front(kind: str, upstream: int, folder: Path) -> Iterator[Front]:
    """`kind` before whatever listens at the port `upstream`."""
    port = free_port()
    command, url, environ = (_nginx if kind == "nginx" else _caddy)(port, upstream, folder)
    with (folder / "said.out").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **environ})
    host = NAME if kind == "nginx" else f"{NAME}:{port}"  # by which Caddy chooses the log
    found = Front(url, host, folder, folder / "ottobridge.log")
    try:
        wait_for(lambda: process.poll() is None and _answers(found), f"{kind} answers")
        yield found
    finally:
        process.terminate()
        process.wait(PATIENCE)


def launch(found: Front, student_id: str = "E0000002") -> requests.Response:
    fields = {**FORM, "lis_person_sourcedid": student_id, "user_id": f"record {student_id}"}
    nonce = f"{HIDDEN}-{time.time_ns()}"
    signed = sign(
        f"{PUBLIC}/lti/campus/launch", fields, key=CONSUMER, secret=SECRET, timestamp=time.time(), nonce=nonce
    )
    return found.ask("POST", "/lti/campus/launch", data=dict(signed), headers={"Referer": f"https://lms/?{HIDDEN}"})


def connect(found: Front) -> socket.socket:
    """A connection to it, on which nothing was said yet."""
    where = urlsplit(found.url)
    client = socket.create_connection(("127.0.0.1", where.port or 443), timeout=PATIENCE)
    if where.scheme == "https":
        context = ssl.create_default_context(cafile=found.folder / "cert.pem")
        context.check_hostname = False
        client = context.wrap_socket(client, server_hostname=NAME)
    return client


def _answers(found: Front) -> bool:
    with suppress(requests.RequestException):
        return bool(found.ask("GET", "/healthz").status_code)
    time.sleep(0.05)
    return False


def _example(name: str, changes: Mapping[str, str]) -> str:
    text = (DEPLOY / name).read_text("utf-8")
    for old, new in changes.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    return text


def _certify(folder: Path) -> None:
    """A certificate for the bridge's name and this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = builder.add_extension(names, critical=False).sign(key, SHA256())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _nginx(port: int, upstream: int, folder: Path) -> tuple[list[str], str, dict[str, str]]:
    _certify(folder)
    changes = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/certs/bridge.example.edu.pem": f"{folder}/cert.pem",
        "/etc/ssl/private/bridge.example.edu.key": f"{folder}/key.pem",
        "/var/log/nginx/": f"{folder}/",
        "127.0.0.1:8000;\n    keepalive": f"127.0.0.1:{upstream};\n    keepalive",
    }
    (folder / "ottobridge.conf").write_text(_example("nginx.conf", changes), "utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    who = "user root;\n" if os.geteuid() == 0 else ""  # others cannot enter the folder of the tests
    top = f"{who}daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
    text = f"{top}http {{\n{places}include ottobridge.conf;\n}}\n"
    (folder / "nginx.conf").write_text(text, "utf-8")
    command = [program("nginx", "nginx"), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    return command, f"https://127.0.0.1:{port}", {}


def _caddy(port: int, upstream: int, folder: Path) -> tuple[list[str], str, dict[str, str]]:
    changes = {
        "\n{\n": "\n{\n\tadmin off\n\tauto_https off\n",
        f"\n{NAME} {{": f"\nhttp://{NAME}:{port} {{",
        "/var/log/caddy/": f"{folder}/",
        "reverse_proxy 127.0.0.1:8000": f"reverse_proxy 127.0.0.1:{upstream}",
    }
    (folder / "Caddyfile").write_text(_example("Caddyfile", changes), "utf-8")
    command = [program("caddy", "caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    return command, f"http://127.0.0.1:{port}", {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
