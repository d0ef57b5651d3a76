"""The settings that a refused launch was checked against, beside its own values: where they differ, one is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from bridge.config.configuration import Configuration
from bridge.contracts import Connection, Kind
from bridge.store.launch_lines import LaunchLine

CLAIM: Final = "https://purl.imsglobal.org/spec/lti/claim/"
NOT_SET: Final = "not set"
NOT_SHOWN: Final = "set, and not shown"


class ComparedSetting(NamedTuple):
    """One setting, and the value of the launch that it was compared with."""

    setting: str
    """Its path in the configuration file."""
    configured: str
    came: str
    """Empty where nothing was kept or sent."""


class _Rule(NamedTuple):
    path: str
    """A setting: below the connection, or from `bridge` or `ottolearn` on."""
    places: Sequence[tuple[str, str]] = ()
    """Where in the received request the value can be: the part, and the field in any letter case."""
    kind: str = ""
    """Only for launches of this kind; empty for all."""


def _asked(name: str) -> tuple[tuple[str, str], ...]:
    return ("form", name), ("query", name)


_TARGET: Final = [_Rule("bridge.public_url", (("token_claims", f"{CLAIM}target_link_uri"), *_asked("target_link_uri")))]
_USERNAMES: Final = [_Rule("ottolearn.username_attributes", (("line", "student_id"),))]
_ACCEPTS: Final = [_Rule("accepts"), _Rule("student_id", (("line", "student_id"),))]
_RULES: Final[Mapping[str, Sequence[_Rule]]] = {
    "issuer_unknown": [_Rule("lti13.issuer", _asked("iss")), _Rule("lti13.client_id", _asked("client_id"))],
    "wrong_issuer": [_Rule("lti13.issuer", (("token_claims", "iss"),))],
    "wrong_audience": [_Rule("lti13.client_id", (("token_claims", "aud"),))],
    "deployment_unknown": [_Rule("lti13.deployment_ids", (("token_claims", f"{CLAIM}deployment_id"),))],
    "key_unknown": [_Rule("lti13.jwks_url", (("token_header", "kid"),))],
    "bad_signature": [
        _Rule("lti13.jwks_url", (("token_header", "kid"),), Kind.LTI13),
        _Rule("lti11.consumer_key", _asked("oauth_consumer_key"), Kind.LTI11),
        _Rule("lti11.shared_secret", (), Kind.LTI11),
        _Rule("bridge.public_url", (), Kind.LTI11),
    ],
    "consumer_unknown": [_Rule("lti11.consumer_key", _asked("oauth_consumer_key"))],
    "signature_method": [_Rule("lti11.signature_methods", _asked("oauth_signature_method"))],
    "login_wrong_target": _TARGET,
    "wrong_target": _TARGET,
    "student_id_missing": [_Rule("student_id")],
    "student_id_unusable": [_Rule("student_id")],
    "assurance_too_low": _ACCEPTS,
    "claimed_only": _ACCEPTS,
    "origin_not_allowed": [_Rule("package_origins", (("headers", "Origin"),))],
    "aicc_url_not_allowed": [_Rule("aicc.allowed_urls", _asked("aicc_url"))],
    "cmi5_url_not_allowed": [_Rule("cmi5.allowed_urls", _asked("endpoint"))],
    "sign_in_refused": [
        _Rule("ottolearn.sign_in.client_id", _asked("client_id")),
        _Rule("ottolearn.sign_in.redirect_uris", _asked("redirect_uri")),
    ],
    "no_match": _USERNAMES,
    "ambiguous": _USERNAMES,
    "inactive": _USERNAMES,
}
"""By reason."""


def compare(
    configuration: Configuration,
    connection: Callable[[str], Connection[Any] | None],
    line: LaunchLine,
    received: Mapping[str, Any] | None,
) -> list[ComparedSetting]:
    """The settings to compare for this launch; none where its reason concerns no setting. Secrets are left out."""
    configured = connection(line.connection) if line.connection else None
    came = {**(received or {}), "line": line._asdict()}
    return [
        ComparedSetting(_named(rule.path, line.connection), _text(value), _came(rule, came))
        for rule in _RULES.get(line.reason, ())
        if rule.kind in {"", line.kind} and (value := _value(rule.path, configuration, configured)) is not _NOWHERE
    ]


_NOWHERE: Final = object()


def _named(path: str, connection: str) -> str:
    return path if path.startswith(("bridge.", "ottolearn.")) else f"connections.{connection}.{path}"


def _value(path: str, configuration: Configuration, connection: Connection[Any] | None) -> object:
    """What the setting is; `_NOWHERE` where its connection is gone, or has no such part."""
    if path == "accepts" and connection is not None:
        return sorted(connection.accepts)
    whole = path.startswith(("bridge.", "ottolearn."))
    found: Any = configuration if whole else getattr(connection, "settings", None)
    for name in path.split("."):
        found = getattr(found, name, _NOWHERE)
    return found


def _text(value: object) -> str:
    if hasattr(value, "get_secret_value"):
        return NOT_SHOWN
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(map(str, value)) or NOT_SET
    return NOT_SET if value in (None, "") else str(value)


def _came(rule: _Rule, came: Mapping[str, Any]) -> str:
    for part, name in rule.places:
        fields = came.get(part)
        for key, value in fields.items() if isinstance(fields, dict) else ():
            if key.lower() == name.lower() and value not in ("", None):
                return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return ""
