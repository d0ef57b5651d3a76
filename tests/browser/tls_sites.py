"""Sites over https on hosts of their own (`bridge.test`, `learn.test`, ...), which a browser is told are here."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.serving import WSGIRequestHandler, make_server

ONE_DAY = dt.timedelta(days=1)


def make_certificate(folder: Path, *hosts: str) -> Path:
    """A throw-away certificate for `hosts` with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - ONE_DAY, now + ONE_DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain, none = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, plain, none))
    return path


def find_hosts_here(patch: pytest.MonkeyPatch) -> None:
    """Let this process, as the browser does, find every host under `.test` on this machine."""
    real = socket.getaddrinfo

    def found(host: Any, *rest: Any, **named: Any) -> Any:
        return real("127.0.0.1" if str(host).endswith(".test") else host, *rest, **named)

    patch.setattr(socket, "getaddrinfo", found)


class Site:
    """A site that has its address before it has its application."""

    def __init__(self, host: str, port: int) -> None:
        self.url = f"https://{host}:{port}"
        self.app: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.app(environ, start_response)


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


@contextmanager
def serving(certificate: Path, host: str) -> Iterator[Site]:
    """Serve a site until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = make_server("127.0.0.1", 0, None, threaded=True, request_handler=_Silent)
    # Hands are shaken in each connection's own thread: browsers open spare connections and leave them silent.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.ssl_context = context
    site = Site(host, server.port)
    server.app = site
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
