"""Commands that are imported when they are called: `ottobridge launches` need not load a web server.

`ottobridge serve` depends on it, too: it must set the environment before the metrics library is imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from bridge.cli.invocation import Invocation

EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


class LazyGroup(click.Group):
    """A group whose commands stand in modules of their own names, each with `--config` like the group itself."""

    def __init__(self, *args: Any, helps: Mapping[str, str] = EMPTY, **kwargs: Any) -> None:
        """`helps`: each command, and what it does in one line."""
        super().__init__(*args, **kwargs)
        self._helps = helps

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return sorted(self._helps)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, without importing every command for its help."""
        names = self.list_commands(ctx)
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._helps[name]) for name in names])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, and the options of the group."""
        found = [CompletionItem(name, help=self._helps[name]) for name in self.list_commands(ctx)]
        return [item for item in found if item.value.startswith(incomplete)] + click.Command.shell_complete(
            self, ctx, incomplete
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; a mistyped one is answered with the nearest."""
        if args and args[0] not in self._helps and not args[0].startswith("-"):
            near = get_close_matches(args[0], self._helps, n=1, cutoff=0.5)
            meant = f" Did you mean {near[0]!r}?" if near else f" `{ctx.command_path} --help` lists all."
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- the same
        if cmd_name not in self.commands and cmd_name in self._helps:
            module = importlib.import_module(f"bridge.cli.{cmd_name}")
            self.add_command(_with_config(getattr(module, cmd_name)), cmd_name)
        return self.commands.get(cmd_name)


class ListingGroup(click.Group):
    """A group that lists when nothing follows it, and says so to whoever asks it for a list by that word."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[:1] == ["list"]:
            ctx.fail(f"No such command 'list': `{ctx.command_path}` alone lists them.")
        return super().resolve_command(ctx, args)


def _with_config(command: click.Command) -> click.Command:
    """The command, with `--config` after it as well as before, and its connection completed from the configuration."""
    for parameter in command.params:
        if parameter.name == "connection" and parameter.type is click.STRING:
            parameter.type = ConnectionName()
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


class ConnectionName(click.ParamType[str]):
    """The name of a connection; a shell completes it by the file alone, which may be wrong or lack its secrets."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 -- click's signature
        """The connections of the configuration file that begin so; none where it cannot be read."""
        import yaml  # noqa: PLC0415 -- for completion alone

        path = ctx.find_root().params.get("config_path") or Path("config.yaml")
        try:
            tree = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, UnicodeError, yaml.YAMLError):
            return []
        names = tree.get("connections") if isinstance(tree, dict) else None
        return [CompletionItem(name) for name in names or () if isinstance(name, str) and name.startswith(incomplete)]


def _use_config(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    invocation = context.find_object(Invocation)
    if path is not None and invocation is not None:
        invocation.config_path = path
