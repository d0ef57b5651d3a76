"""The storage keeps to the library's own contract, on both databases."""

from __future__ import annotations

import pytest
from scim2_models import ScimProvider
from scim2_server.testing import ScimStorageContract
from sqlalchemy import Engine

from bridge.scim.provider import provider
from bridge.scim.storage import Storage

PAGING = [name for name in vars(ScimStorageContract) if name.startswith("test_cursor")]
"""The service announces pages by index alone."""


class TestStorage(ScimStorageContract):
    locals().update(dict.fromkeys(PAGING))

    @pytest.fixture
    def provider(self) -> ScimProvider:
        return provider()

    @pytest.fixture
    def storage(self, engine: Engine, provider: ScimProvider) -> Storage:
        clock = iter(range(1_800_000_000, 1_900_000_000))
        return Storage(engine, "acme", provider, lambda: float(next(clock)))
