"""Sealed text opens with its own secret and for its own purpose alone."""

from __future__ import annotations

import pytest

from bridge.keys.encryption import decrypt, encrypt

SECRET = "0123456789abcdef0123456789abcdef"


def test_what_is_encrypted_comes_back_and_cannot_be_read() -> None:
    encrypted = encrypt("sid=é\n王", SECRET, "channel")
    assert "sid" not in encrypted
    assert decrypt(encrypted, SECRET, "channel") == "sid=é\n王"
    assert encrypt("sid=é\n王", SECRET, "channel") != encrypted


@pytest.mark.parametrize(("secret", "purpose"), [(SECRET[::-1], "channel"), (SECRET, "other")])
def test_another_secret_or_purpose_opens_nothing(secret: str, purpose: str) -> None:
    with pytest.raises(ValueError, match="another secret_key"):
        decrypt(encrypt("x", SECRET, "channel"), secret, purpose)


@pytest.mark.parametrize("encrypted", ["", "a.b.c.d.e", "nonsense"])
def test_what_was_never_encrypted_is_refused(encrypted: str) -> None:
    with pytest.raises(ValueError, match="another secret_key"):
        decrypt(encrypted, SECRET, "channel")
