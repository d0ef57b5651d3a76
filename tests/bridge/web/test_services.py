"""What the services of a bridge are made with."""

from __future__ import annotations

import re

from bridge.web.services import random_token


def test_a_random_token_is_url_safe_and_may_be_a_password() -> None:
    tokens = [random_token() for _ in range(500)]
    assert len(set(tokens)) == 500
    for token in tokens:
        assert re.fullmatch(r"[A-Za-z0-9_-]{44}", token)
        assert re.search("[a-z]", token)
        assert re.search("[A-Z]", token)
