"""The egress client as the configuration and the environment set it: trusted certificate authorities, and the proxy."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from bridge.config.configuration import Bridge
from bridge.errors import ConfigError
from bridge.net.authorities import authorities
from bridge.net.http import Count, Outbound, uncounted
from bridge.net.proxy import Proxy, read_proxy
from bridge.net.resolving import Resolve

NO_PROXY = "none"
"""As `bridge.proxy`: no proxy, whatever the environment says."""


def egress_client(
    bridge: Bridge,
    environ: Mapping[str, str] = os.environ,
    *,
    resolve: Resolve = socket.getaddrinfo,
    count: Count = uncounted,
) -> Outbound:
    """The egress client. Raises ConfigError where a file or proxy that the environment names is missing or wrong."""
    try:
        trusted = authorities(bridge.ca_bundle, environ)
    except ValueError as error:
        raise ConfigError([f"the environment or bridge.ca_bundle: {error}"]) from error
    proxy = _proxy(bridge, environ)
    return Outbound(bridge.trusted_networks, resolve=resolve, count=count, authorities=trusted, proxy=proxy)


def _proxy(bridge: Bridge, environ: Mapping[str, str]) -> Proxy | None:
    url, named = _of(environ, "HTTPS_PROXY"), "HTTPS_PROXY"
    if bridge.proxy is not None:
        url, named = bridge.proxy.get_secret_value(), "bridge.proxy"
    if url in {"", NO_PROXY}:
        return None
    spared = bridge.no_proxy if bridge.no_proxy is not None else _of(environ, "NO_PROXY").replace(",", " ").split()
    try:
        return read_proxy(url, spared, by_name=bridge.proxy_by_name)
    except ValueError as error:
        raise ConfigError([f"{named}: {error}"]) from error


def _of(environ: Mapping[str, str], name: str) -> str:
    """In capitals or in small letters, as other programs read it. HTTP_PROXY counts for nothing: a web server that
    hands request headers on as variables lets anybody set it, and plain http goes only to trusted networks.
    """
    return environ.get(name.lower()) or environ.get(name) or ""
