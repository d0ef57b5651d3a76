"""`ottobridge adapter new`: begin an adapter for another LMS."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import click

from adapters import ADAPTERS
from bridge.cli.output import say

_PARTS = ("__init__.py", "settings.py", "roster.py", "README.md", "config.example.yaml", "test_contract.py")


@click.group()
def adapter() -> None:
    """Adapters of your own."""


@adapter.command()
@click.argument("name")
@click.option("--title", help="What people call the LMS.  [default: NAME]")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="The folder in which the adapter's folder is made.",
)
def new(name: str, title: str | None, into: Path) -> None:
    """Make a folder with an adapter NAME that reads a roster, and its test.

    The test passes for what is made, and fails where the facts of the LMS are missing: each failure says what to write.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or name in ADAPTERS.names:
        raise click.UsageError(f"{name!r}: allowed: small letters, digits and hyphens; not {', '.join(ADAPTERS.names)}")
    folder = into / name.replace("-", "_")
    if folder.exists():
        raise click.UsageError(f"{folder} already exists; nothing was written")
    folder.mkdir(parents=True)
    scaffold = files("bridge.testing") / "scaffold"
    replacements = {"@NAME@": name, "@TITLE@": title or name.title(), "@PACKAGE@": folder.name}
    for part in _PARTS:
        text = (scaffold / f"{part}.txt").read_text("utf-8")
        for mark, value in replacements.items():
            text = text.replace(mark, value.replace("\\", "").replace('"', ""))
        (folder / part).write_text(text, "utf-8")
    say(f"{folder}: run pytest in {into} on {folder.name}/test_contract.py, and write what it asks for.")
