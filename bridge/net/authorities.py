"""Who may vouch for the hosts we call: certifi's list, the operator's in its place, and an authority of their own."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping
from pathlib import Path

import certifi

VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""What requests and OpenSSL read: what these name stands in the place of certifi's list, as everywhere."""


def authorities(bundle: Path | None, environ: Mapping[str, str]) -> ssl.SSLContext:
    """What certificates are checked against: what the environment names, or else certifi's list, and `bundle` besides.

    Raises ValueError, which says what names no certificates.
    """
    named = {name: Path(environ[name]) for name in VARIABLES if environ.get(name)}
    if not named and bundle is None:
        return _public()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name, path in named.items():
        _add(context, path, name)
    if not named:
        context.load_verify_locations(certifi.where())
    if bundle is not None:
        _add(context, bundle, "bridge.ca_bundle")
    return context


def check_bundle(path: Path) -> Path:
    """`path`, where it holds certificates. Raises ValueError."""
    _add(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path, "it")
    return path


@functools.cache
def _public() -> ssl.SSLContext:
    """Once for all: reading the list takes longer than a call."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return context


def _add(context: ssl.SSLContext, path: Path, name: str) -> None:
    try:
        if path.is_dir():  # OpenSSL looks in it when it needs one, by names that `openssl rehash` makes
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{name} names {str(path)!r}; allowed: a file of certificates in PEM form") from error
