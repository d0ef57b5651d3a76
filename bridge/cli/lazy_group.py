"""Commands that are imported when they are called: `ottobridge launches` need not load a web server.

`ottobridge serve` depends on it, too: it must set the environment before the metrics library is imported.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from bridge.cli.invocation import Invocation


class LazyGroup(click.Group):
    """A group whose commands stand in modules of their own names, each with `--config` like the group itself."""

    def __init__(self, *args: Any, names: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._names = names

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return sorted(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- the same
        if cmd_name not in self.commands and cmd_name in self._names:
            module = importlib.import_module(f"bridge.cli.{cmd_name}")
            self.add_command(_with_config(getattr(module, cmd_name)), cmd_name)
        return self.commands.get(cmd_name)


def _with_config(command: click.Command) -> click.Command:
    """The command, with `--config` after it as well as before."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _with_config(inner)
    if not isinstance(command, click.Group) or command.invoke_without_command:
        command.params.append(
            click.Option(
                ["--config"],
                type=click.Path(path_type=Path),
                callback=_use_config,
                expose_value=False,
                help="The configuration file, as before the command.",
            )
        )
    return command


def _use_config(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    invocation = context.find_object(Invocation)
    if path is not None and invocation is not None:
        invocation.config_path = path
