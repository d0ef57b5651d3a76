"""What `ottobridge serve` does before and beside gunicorn."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import click
import pytest

from bridge.errors import ConfigError


@pytest.fixture
def serve() -> ModuleType:
    return importlib.import_module("bridge.cli.serve")


@pytest.mark.parametrize(
    "error", [ConfigError(["config.yaml:3: unknown key"]), OSError("no such disk"), KeyError("ours")]
)
def test_whatever_is_wrong_with_a_new_configuration_the_old_one_goes_on(
    serve: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(serve, "load", broken)
    assert serve._renewed(Path("config.yaml")) is None
    assert str(error) in caplog.text


def test_a_worker_that_ends_takes_the_shared_folder_from_nobody(serve: ModuleType) -> None:
    block = serve._shared_folder()
    folder = block.__enter__()
    worker = os.fork()
    if not worker:  # it ends by leaving the block that it was started in
        with suppress(BaseException):
            block.__exit__(SystemExit, SystemExit(0), None)
        os._exit(0)
    os.waitpid(worker, 0)
    assert folder.is_dir()
    block.__exit__(None, None, None)
    assert not folder.exists()


def test_an_address_that_is_not_ours_is_one_sentence(serve: ModuleType) -> None:
    with pytest.raises(
        click.ClickException, match=r"^Cannot listen on 192\.0\.2\.1, port 8000: .*by --host and --port\.$"
    ):
        serve._check_free("192.0.2.1", 8000, "--host and --port")
