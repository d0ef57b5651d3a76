"""What the master reads is read once, and held once, for all of its workers."""

from __future__ import annotations

import gc
from pathlib import Path
from types import SimpleNamespace

from bridge.cli.connection import Patience
from bridge.cli.master import Server


def test_a_worker_does_not_copy_what_the_master_has_read_by_looking_through_it(tmp_path: Path) -> None:
    server = Server("configuration", lambda _: None, lambda: None, {}, tmp_path, Patience())
    before = gc.get_freeze_count()
    try:
        server.cfg.pre_fork(SimpleNamespace(WORKERS={}), SimpleNamespace())
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
