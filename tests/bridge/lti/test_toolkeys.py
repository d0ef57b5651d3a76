"""Our own keys at rest: a copy of the database signs nothing."""

from __future__ import annotations

import pytest
from joserfc import jws

from bridge.errors import ConfigError
from bridge.lti.toolkeys import BITS, decrypt, encrypt, new_key, public_half

SECRET = "0123456789abcdef0123456789abcdef"


def test_a_key_that_was_encrypted_signs_as_before() -> None:
    key = new_key()
    opened = decrypt(encrypt(key, SECRET), str(key.kid), SECRET, "lti")
    signed = jws.serialize_compact({"alg": "RS256"}, b"hello", opened)
    assert jws.deserialize_compact(signed, key, algorithms=["RS256"]).payload == b"hello"
    assert opened.kid == key.kid


def test_new_keys_are_strong_and_name_their_algorithm() -> None:
    key = new_key()
    shown = public_half(key)
    assert key.raw_value.key_size == BITS == 2048
    assert {name: shown[name] for name in ("kty", "use", "alg", "kid")} == {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key.thumbprint(),
    }


def test_the_public_half_holds_nothing_private() -> None:
    assert set(public_half(new_key())) == {"kty", "use", "alg", "kid", "n", "e"}


def test_an_encrypted_key_shows_nothing_private() -> None:
    key = new_key()
    encrypted = encrypt(key, SECRET)
    private = key.as_dict(private=True)
    assert not any(str(private[part]) in encrypted for part in ("d", "p", "q"))


def test_another_secret_opens_nothing_and_is_told_what_to_do() -> None:
    key = new_key()
    with pytest.raises(ConfigError, match=r"secret_key.*keys rotate --now --purpose oidc"):
        decrypt(encrypt(key, SECRET), str(key.kid), SECRET[::-1], "oidc")


def test_a_changed_seal_is_noticed() -> None:
    key = new_key()
    head, *middle, tag = encrypt(key, SECRET).split(".")
    with pytest.raises(ConfigError):
        decrypt(".".join([head, *middle, tag[::-1]]), str(key.kid), SECRET, "lti")


def test_one_key_cannot_be_put_in_another_keys_place() -> None:
    key, other = new_key(), new_key()
    with pytest.raises(ConfigError, match="another key"):
        decrypt(encrypt(other, SECRET), str(key.kid), SECRET, "lti")
