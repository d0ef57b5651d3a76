"""Secrets of others at rest: text that only `bridge.secret_key` opens (JSON Web Encryption, `dir` with A256GCM)."""

from __future__ import annotations

import hashlib
import hmac

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

HEADER = {"alg": "dir", "enc": "A256GCM"}


def encrypt(text: str, secret_key: str, purpose: str) -> str:
    """`text`, encrypted under a key derived for this purpose."""
    return jwe.encrypt_compact(HEADER, text.encode(), _key(secret_key, purpose))


def decrypt(encrypted: str, secret_key: str, purpose: str) -> str:
    """What `encrypt` was given. Raises ValueError where it was encrypted with another key or for another purpose."""
    try:
        return (jwe.decrypt_compact(encrypted, _key(secret_key, purpose)).plaintext or b"").decode()
    except (JoseError, ValueError) as error:
        raise ValueError("it was encrypted with another secret_key") from error


def reencrypt(encrypted: str, earlier: str, secret_key: str, purpose: str) -> str:
    """The same for `secret_key`, where `earlier` encrypted it; as it is, where `secret_key` opens it already. Raises
    ValueError where neither does."""
    try:
        decrypt(encrypted, secret_key, purpose)
    except ValueError:
        return encrypt(decrypt(encrypted, earlier, purpose), secret_key, purpose)
    return encrypted


def _key(secret_key: str, purpose: str) -> OctKey:
    label = f"ottobridge: {purpose} at rest".encode()
    return OctKey.import_key(hmac.digest(secret_key.encode(), label, hashlib.sha256))
