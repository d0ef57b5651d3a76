"""`ottobridge config`: is the configuration right?"""

from __future__ import annotations

from collections.abc import Iterator

import click

from bridge.cli.invocation import Invocation, pass_invocation
from bridge.cli.saying import say
from bridge.config import Configuration
from bridge.ottolearn.settings import Oidc
from bridge.outgoing import way_out


@click.group()
def config() -> None:
    """Check the configuration."""


def _warnings(found: Configuration) -> Iterator[str]:
    """What is no mistake, and still better otherwise."""
    sign_in = found.ottolearn.sign_in
    if isinstance(sign_in, Oidc) and sign_in.initiate_login_uri is None:
        yield (
            "ottolearn.sign_in: after a launch learners are sent to a plain page of OttoLearn's. Where somebody is "
            "still signed in there on a shared machine, the next learner finds their account. Give initiate_login_uri, "
            "the address at which OttoLearn takes a login that a third party initiates (docs/ottolearn-api.md)."
        )


@config.command()
@pass_invocation
def check(invocation: Invocation) -> None:
    """Check the configuration; every mistake with file, line, what was found and what is allowed."""
    found, unset = invocation.description
    way_out(found.bridge)  # what the environment names must be there, too
    say(f"{invocation.config_path}: {len(found.connections)} connection(s), no mistakes")
    for name, connection in found.connections.items():
        say(f"  {name}: {connection.adapter.title}, student ID from {connection.settings.student_id}")
    for warning in _warnings(found):
        say(f"Warning: {warning}")
    if unset:
        say(f"Not set in this environment, and needed to serve: {', '.join(unset)}")
