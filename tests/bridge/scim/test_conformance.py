"""What others wrote to test SCIM servers: every check of scim2-tester, over real HTTP, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server


@pytest.fixture
def engine_url(database_url: str) -> str:
    return database_url


def test_a_client_that_keeps_to_the_standard_meets_no_error(serve_scim: Callable[[], Any]) -> None:
    with serve_scim() as provider:
        headers = {"Authorization": f"Bearer {provider.token}"}
        with httpx2.Client(base_url=provider.base, headers=headers, timeout=90) as http:
            results = check_server(SyncSCIMClient(http))
    wrong = [(one.title, one.reason) for one in results if one.status in {Status.ERROR, Status.CRITICAL}]
    assert not wrong
    assert sum(one.status == Status.SUCCESS for one in results) > 100
