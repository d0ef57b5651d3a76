"""LTI Dynamic Registration 1.0, the tool's side: read what the platform is, ask to be registered, see what comes of it.

A platform's configuration decides whose signatures are believed, so it is read only from the host that the
administrator came from, and every address in it must belong to that platform.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bridge.config.settings import origin, split_plainly
from bridge.contracts import clean
from bridge.errors import RegistrationRefused, RemoteRefused
from bridge.install.guide import DESCRIPTION, TITLE, Addresses, RegistrationRequest
from bridge.lti.grades import SCORE_SCOPE
from bridge.net.http import HttpResponse, Outbound, host_of

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
MAX_BYTES = 256 * 1024
LONGEST_TOKEN = 16 * 1024

_ENDPOINTS = ("authorization_endpoint", "registration_endpoint", "token_endpoint", "jwks_uri")
_TOKEN = re.compile(r"[\x21-\x7e]+", re.ASCII)
_WORDS = re.compile(r"[A-Za-z0-9 _.,:'()-]{3,200}", re.ASCII)
_CLIENT = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_KNOWN = {
    "missing_registration_token": "The platform sent no registration token with its link; begin there once more.",
    "token_already_used": "This registration was begun before; begin it in the LMS once more.",
    "domain_targetlinkuri_mismatch": "The platform does not take bridge.public_url as the tool's domain.",
    "invalid_token_endpoint_auth_method": "The platform does not take private_key_jwt.",
}
"""What Moodle 4.5 answers, in words."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What a platform says of itself, checked."""

    issuer: str
    authorization_endpoint: str
    registration_endpoint: str
    token_endpoint: str
    jwks_uri: str
    messages: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    """Of its services; empty where it does not say."""


def read_platform(
    url: str, token: str, outbound: Outbound, *, hosts: Sequence[str], trusted: Sequence[str] = ()
) -> Platform:
    """Fetch and check the platform's configuration at `url` (section 3.4, and OpenID Connect Discovery section 4.3).

    `hosts` are domains whose addresses may stand for each other, `trusted` are origins that the operator has named;
    only those are shown the registration token here. Raises RegistrationRefused, RemoteRefused or RemoteUnavailable.
    """
    if not _is_web_address(url):
        raise RegistrationRefused("The LMS sent no address that its configuration could be read from.")
    if trusted and origin(url) not in trusted:
        named = ", ".join(host_of(known) for known in trusted)
        raise RegistrationRefused(f"The invitation is for {named}, and this came from {host_of(url)}.")
    headers = {"Accept": "application/json"}
    if token and (trusted or _below(url, hosts)):
        headers["Authorization"] = f"Bearer {token}"  # Canvas wants it here too
    answer = outbound.request("GET", url, headers=headers, max_bytes=MAX_BYTES)
    said = _object(answer, url, "no configuration")
    found = {name: _address(said, name) for name in ("issuer", *_ENDPOINTS)}
    _check_belonging(found, url, hosts, trusted)
    configuration = said.get(PLATFORM)
    messages = _messages(configuration if isinstance(configuration, dict) else {})
    return Platform(**found, messages=messages, scopes=_texts(said.get("scopes_supported")))


def _check_belonging(found: Mapping[str, str], url: str, hosts: Sequence[str], trusted: Sequence[str]) -> None:
    for name, address in found.items():
        if name == "issuer" and trusted:
            continue  # free where the operator has named the platform: a Canvas of one's own says Instructure's
        if not _same_platform(address, url, found["issuer"], hosts, trusted):
            raise RegistrationRefused(
                f"{name} is at {host_of(address)}, which is not {host_of(url)}. If that is right, name the LMS in "
                "the invitation: ottobridge setup invite … --platform https://…"
            )


def register(platform: Platform, token: str, request: Mapping[str, Any], outbound: Outbound) -> dict[str, Any]:
    """Register (section 3.5) and return the `lti13` settings of the new connection.

    The token goes to the registration endpoint alone. Raises RegistrationRefused, RemoteRefused or RemoteUnavailable.
    """
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    url = platform.registration_endpoint
    answer = outbound.request("POST", url, json=request, headers=headers, max_bytes=MAX_BYTES)
    said = _object(answer, url, "no registration")
    client_id = said.get("client_id")
    if not isinstance(client_id, str) or not _CLIENT.fullmatch(client_id):
        raise RegistrationRefused(f"{host_of(url)} registered the tool and gave no client_id.")
    configuration = said.get(TOOL)
    deployment = clean(configuration.get("deployment_id")) if isinstance(configuration, dict) else ""
    known = {"deployment_ids": [deployment]} if deployment else {"learn_deployments": True}
    return {
        "issuer": platform.issuer,
        "client_id": client_id,
        "auth_url": platform.authorization_endpoint,
        "token_url": platform.token_endpoint,
        "jwks_url": platform.jwks_uri,
    } | known


def registration_request(platform: Platform, addresses: Addresses, wanted: RegistrationRequest) -> dict[str, Any]:
    """What to post (section 3.5.1): only what a launch needs, and of the services only that for grades we can give."""
    messages = [_message("LtiResourceLinkRequest", wanted.placements, addresses)]
    if addresses.courses and "LtiDeepLinkingRequest" in platform.messages:
        messages.append(_message("LtiDeepLinkingRequest", wanted.choosing, addresses))
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": addresses.login,
        "redirect_uris": [addresses.launch],
        "client_name": TITLE,
        "client_uri": addresses.public_url,
        "logo_uri": addresses.icon,
        "jwks_uri": addresses.keys,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": _scope(platform, addresses),
        TOOL: {
            "domain": addresses.host,
            "description": DESCRIPTION,
            "target_link_uri": addresses.launch,
            "custom_parameters": dict(wanted.custom),
            "claims": list(wanted.claims),
            "messages": messages,
            **wanted.extra,
        },
    }


def readable_token(token: str) -> bool:
    """Whether `token` can stand in a header."""
    return len(token) <= LONGEST_TOKEN and _TOKEN.fullmatch(token) is not None


def _message(kind: str, placements: Sequence[str], addresses: Addresses) -> dict[str, Any]:
    message = {"type": kind, "target_link_uri": addresses.launch, "label": TITLE}
    return message | ({"placements": list(placements)} if placements else {})


def _object(answer: HttpResponse, url: str, wanted: str) -> dict[str, Any]:
    if answer.status not in {200, 201}:
        raise RegistrationRefused(f"{host_of(url)} answered {answer.status}: {_reason(answer)}")
    try:
        said = answer.json()
    except RemoteRefused as error:
        raise RegistrationRefused(f"{host_of(url)} answered with {wanted}.") from error
    if not isinstance(said, dict):
        raise RegistrationRefused(f"{host_of(url)} answered with {wanted}.")
    return said


def _reason(answer: HttpResponse) -> str:
    """The platform's own words where they are words: Moodle answers plain text, others JSON, and some a whole page."""
    try:
        said = answer.json()
    except RemoteRefused:
        text = answer.body[:1000].decode("utf-8", "replace").strip()
    else:
        words = [said.get(name) for name in ("error", "error_description", "message")] if isinstance(said, dict) else []
        text = ": ".join(word for word in words if isinstance(word, str)) or str(said)
    if text in _KNOWN:
        return _KNOWN[text]
    if _WORDS.fullmatch(text):
        return text
    used = "The registration was begun before, or too long ago; begin it in the LMS once more."
    return used if answer.status in {401, 403, 404} else "It does not say why."


def _address(said: Mapping[str, Any], name: str) -> str:
    address = said.get(name)
    if not isinstance(address, str) or not _is_web_address(address):
        raise RegistrationRefused(f"The platform's configuration holds no usable {name}.")
    return address


def _is_web_address(text: str) -> bool:
    try:
        parts = split_plainly(text)
        odd = parts.port == 0 or parts.fragment  # reading the port may raise
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not odd


def _same_platform(address: str, url: str, issuer: str, hosts: Sequence[str], trusted: Sequence[str]) -> bool:
    """Whether `address` may be believed to be of the platform whose configuration was read at `url`.

    It is on the same origin, or on one that the operator has named, or both are below domains of the platform's maker.
    """
    if origin(address) in {origin(url), *trusted}:
        return True
    return _below(address, hosts) and (bool(trusted) or (_below(url, hosts) and _below(issuer, hosts)))


def _below(url: str, hosts: Sequence[str]) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(host == domain or host.endswith(f".{domain}") for domain in hosts)


def _scope(platform: Platform, addresses: Addresses) -> str:
    offered = not platform.scopes or SCORE_SCOPE in platform.scopes
    return SCORE_SCOPE if addresses.grades and offered else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _messages(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    supported = configuration.get("messages_supported")
    entries = supported if isinstance(supported, list) else []
    return tuple(entry["type"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("type"), str))
