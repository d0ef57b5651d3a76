"""`ottobridge config`: is the configuration right?"""

from __future__ import annotations

import click

from bridge.cli.invocation import Invocation, pass_invocation
from bridge.cli.saying import say
from bridge.outgoing import way_out


@click.group()
def config() -> None:
    """Check the configuration."""


@config.command()
@pass_invocation
def check(invocation: Invocation) -> None:
    """Check the configuration; every mistake with file, line, what was found and what is allowed."""
    found, unset = invocation.description
    way_out(found.bridge)  # what the environment names must be there, too
    say(f"{invocation.config_path}: {len(found.connections)} connection(s), no mistakes")
    for name, connection in found.connections.items():
        say(f"  {name}: {connection.adapter.title}, student ID from {connection.settings.student_id}")
    if unset:
        say(f"Not set in this environment, and needed to serve: {', '.join(unset)}")
