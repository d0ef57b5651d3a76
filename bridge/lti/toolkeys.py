"""The keys we sign with: made, encrypted for the database, and shown to the world without their private half.

A key is encrypted as a JSON Web Encryption (RFC 7516, `dir` with A256GCM) whose own key comes from `bridge.secret_key`:
a copy of the database alone signs nothing. The key id is the key's thumbprint (RFC 7638), so that none is used twice.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from bridge.errors import ConfigError

BITS = 2048
_LABEL = b"ottobridge: own keys at rest"


def new_key() -> RSAKey:
    """A private RSA key for RS256, with its key id."""
    return RSAKey.generate_key(BITS, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)


def public_half(key: RSAKey) -> dict[str, Any]:
    """What a JSON Web Key Set says of `key` (RFC 7517, section 4)."""
    return dict(key.as_dict(private=False))


def encrypt(key: RSAKey, secret_key: str) -> str:
    """`key` as text that only `secret_key` opens; the key id stands outside, but cannot be exchanged."""
    header = {"alg": "dir", "enc": "A256GCM", "kid": key.kid}
    return jwe.encrypt_compact(header, msgspec.json.encode(key.as_dict(private=True)), _encryption_key(secret_key))


def decrypt(encrypted: str, kid: str, secret_key: str, purpose: str) -> RSAKey:
    """The key `kid` of `purpose` out of what `encrypt` made. Raises ConfigError where another secret made it."""
    try:
        opened = jwe.decrypt_compact(encrypted, _encryption_key(secret_key))
    except (JoseError, ValueError) as error:
        problem = f"bridge.secret_key: it is not the one that encrypted our own key {kid}"
        mended = f"ottobridge keys rotate --now --purpose {purpose}"
        raise ConfigError([f"{problem}; put the old one back, or: {mended}"]) from error
    if opened.headers().get("kid") != kid:
        raise ConfigError([f"the database holds another key in place of our own key {kid}"])
    return RSAKey.import_key(msgspec.json.decode(opened.plaintext or b""))


def reencrypt(encrypted: str, kid: str, earlier: str, secret_key: str, purpose: str) -> str:
    """The same for `secret_key`, where `earlier` encrypted it; as it is, where `secret_key` opens it already. Raises
    ConfigError where neither does."""
    try:
        decrypt(encrypted, kid, secret_key, purpose)
    except ConfigError:
        return encrypt(decrypt(encrypted, kid, earlier, purpose), secret_key)
    return encrypted


def _encryption_key(secret_key: str) -> OctKey:
    return OctKey.import_key(hmac.digest(secret_key.encode(), _LABEL, hashlib.sha256))
