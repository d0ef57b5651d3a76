"""Sealed text opens with its own secret and for its own purpose alone."""

from __future__ import annotations

import pytest

from bridge.keys.sealing import seal, unseal

SECRET = "0123456789abcdef0123456789abcdef"


def test_what_is_sealed_comes_back_and_cannot_be_read() -> None:
    sealed = seal("sid=é\n王", SECRET, "channel")
    assert "sid" not in sealed
    assert unseal(sealed, SECRET, "channel") == "sid=é\n王"
    assert seal("sid=é\n王", SECRET, "channel") != sealed


@pytest.mark.parametrize(("secret", "purpose"), [(SECRET[::-1], "channel"), (SECRET, "other")])
def test_another_secret_or_purpose_opens_nothing(secret: str, purpose: str) -> None:
    with pytest.raises(ValueError, match="another secret_key"):
        unseal(seal("x", SECRET, "channel"), secret, purpose)


@pytest.mark.parametrize("sealed", ["", "a.b.c.d.e", "nonsense"])
def test_what_was_never_sealed_opens_nothing(sealed: str) -> None:
    with pytest.raises(ValueError, match="another secret_key"):
        unseal(sealed, SECRET, "channel")
