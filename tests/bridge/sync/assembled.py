"""A whole sync of real parts, as the command assembles it: for processes that die, or that are measured."""

from __future__ import annotations

import gc
import ipaddress
import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from bridge.contracts import Adapter, Connection, RosterPages
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.ottolearn.settings import OttoLearn
from bridge.store.engine import migrate, open_database
from bridge.sync.context import RunContext
from bridge.sync.run import Sync
from tests.fakes.contexts import readers_over
from tests.migrated import migrated_in


class Assembled(NamedTuple):
    """A sync, and the OttoLearn that it writes to."""

    sync: Sync
    api: OttoLearnApi


@contextmanager
def assembled(folder: Path, url: str, settings: Any, read_roster: Callable[..., RosterPages]) -> Iterator[Assembled]:
    """The sync of a connection `campus` with the OttoLearn at `url`; its database is in `folder`."""
    gc.freeze()  # as the command does
    engine = open_database(migrated_in(folder))
    migrate(engine)
    outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")])
    api = OttoLearnApi(_account(url), outbound, attempts=1)
    context = RunContext(
        engine=engine,
        directory=Directory(engine, ("username",), api.read_learners, time.time),
        ottolearn=api,
        readers=readers_over(engine, time.time, time.sleep),
        now=time.time,
        sleep=time.sleep,
        token=lambda: secrets.token_urlsafe(32),
        chance=random.random,
        notice=lambda sentence: None,
        progress=lambda stage, done, total: None,
        stopping=lambda: False,
    )
    adapter: Adapter[Any] = Adapter(name="test", title="Test", settings=SimpleNamespace, read_roster=read_roster)
    yield Assembled(Sync(Connection("campus", adapter, settings), ("username",), "api", outbound, context), api)
    engine.dispose()


def _account(url: str) -> OttoLearn:
    return OttoLearn.model_validate(
        {
            "api_url": url,
            "organization_id": 1,
            "username": "api",
            "password": "api",
            "learner_url": url,
            "sign_in": {"method": "signed_link", "url": url, "secret": "x" * 32},
        }
    )
