"""`ottobridge package`: the zip to drop into any LMS."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from adapters.scorm.package import FORMATS, Window, build_package
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.contracts import Connection


@click.command()
@click.argument("connection")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), required=True, help="What the LMS imports.")
@click.option("--title", required=True, help="The course's name in the LMS.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The zip to write."
)
@click.option(
    "--window",
    type=click.Choice(["frame", "window"]),
    default="frame",
    show_default=True,
    help="Where OttoLearn opens: inside the course, or in a window of its own.",
)
@as_json
@pass_invocation
def package(
    invocation: Invocation, connection: str, format_: str, title: str, output: Path, window: Window, as_json: bool
) -> None:
    """Make a package that launches CONNECTION."""
    configuration, _ = invocation.description
    _check(configuration.connections.get(connection), connection, format_)
    public_url = configuration.bridge.public_url
    try:
        content = build_package(
            format=format_, connection=connection, public_url=public_url, title=title, window=window
        )
        output.write_bytes(content)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{output}: {error.strerror}") from error
    found = {
        "file": str(output),
        "format": format_,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    if as_json:
        print_json(found)
    else:
        click.echo(f"{output}: {format_}, {len(content)} bytes, launches {connection} at {public_url}")


def _check(found: Connection[object] | None, name: str, format_: str) -> None:
    if found is None:
        raise click.UsageError(f"No connection is called {name}; `ottobridge config check` lists them.")
    reader = found.adapter.read_aicc if format_ == "aicc" else found.adapter.read_page
    if reader is None:
        raise click.UsageError(f"{name} has the adapter {found.adapter.name}, which takes no packages; use `scorm`.")
