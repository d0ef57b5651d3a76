"""`ottobridge config`: is the configuration right?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from adapters import ADAPTERS
from bridge.cli.first_configuration import KINDS, PLATFORMS, Answers, config_text, file_of, new_secrets, write_all
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.config.configuration import Configuration, load
from bridge.config.egress import egress_client
from bridge.config.settings import split_plainly
from bridge.config.yaml_file import STANDS_FOR_UNSET
from bridge.errors import ConfigError
from bridge.ottolearn.settings import Oidc
from bridge.store.address import check_url

EXAMPLE = "config.example.yaml"
ROOT = Path(__file__).resolve().parents[2]


@click.group()
def config() -> None:
    """Make and check the configuration."""


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
@as_json
@pass_invocation
def check(invocation: Invocation, as_json: bool) -> None:
    """Check the configuration; every mistake with file, line, what was found and what is allowed.

    With --json mistakes are in the document, too; the exit code is 2 for them either way.
    """
    try:
        found, unset = _checked(invocation)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"file": str(invocation.config_path), "mistakes": list(error.problems)})
        raise click.exceptions.Exit(2) from error
    if as_json:
        print_json(_described(invocation.config_path, found, unset))
    else:
        _tell(invocation.config_path, found, unset)


def _checked(invocation: Invocation) -> tuple[Configuration, list[str]]:
    found, unset = invocation.description
    database = found.bridge.database_url.get_secret_value()
    if STANDS_FOR_UNSET not in database:
        check_url(database)
    egress_client(found.bridge)  # what the environment names must be there, too
    return found, unset


def _described(path: Path, found: Configuration, unset: list[str]) -> dict[str, Any]:
    connections = [
        {"name": name, "adapter": one.adapter.name, "student_id": one.settings.student_id}
        for name, one in found.connections.items()
    ]
    remarks = {"warnings": list(_warnings(found)), "unset": unset}
    return {"file": str(path), "mistakes": [], "connections": connections, **remarks}


def _tell(path: Path, found: Configuration, unset: list[str]) -> None:
    say(f"{path}: {len(found.connections)} connection(s), no mistakes")
    for name, connection in found.connections.items():
        say(f"  {name}: {connection.adapter.title}, student ID from {connection.settings.student_id}")
    for warning in _warnings(found):
        say(f"Warning: {warning}")
    if unset:
        say(f"Not set in this environment, and needed to serve: {', '.join(unset)}")


@config.command()
def example() -> None:
    """Print the configuration that shows every key with its meaning."""
    say(example_text().rstrip("\n"))


def example_text() -> str:
    """config.example.yaml: the wheel carries it in the package, a checkout beside it."""
    packed = files("bridge").joinpath(EXAMPLE)
    return (packed if packed.is_file() else ROOT / EXAMPLE).read_text("utf-8")


class _Address(click.ParamType[str]):
    """An https address, or one by http on this machine, for trying things out."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = value.strip().rstrip("/")
        try:
            parts = split_plainly(text)
            here = parts.scheme == "http" and _is_here(parts.hostname or "")
            if parts.hostname and (parts.scheme == "https" or here) and not (parts.query or parts.fragment):
                return text
        except ValueError:
            pass
        return self.fail(f"{value!r} is no address that starts with https://", param, ctx)


class _OwnAddress(_Address):
    """The same, at the root of its host: by it signatures are checked and cookies set."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        if split_plainly(text).path:
            self.fail(f"{value!r} has a path; allowed: scheme, host and port alone", param, ctx)
        return text


def _is_here(host: str) -> bool:
    return host == "localhost" or host.startswith("127.")


def _refuse_a_second(context: click.Context, _: click.Parameter, secrets_as: str) -> str:
    """Before anything is asked."""
    invocation = context.find_object(Invocation)
    if invocation is not None and invocation.config_path.exists():
        raise click.ClickException(f"{invocation.config_path} already exists; nothing was written")
    return secrets_as


@config.command("init")
@click.option("--public-url", type=_OwnAddress(), prompt="1. Where LMSs and browsers see the bridge (https://…)")
@click.option("--organization-id", type=click.IntRange(1), prompt="2. OttoLearn: the number of the organisation")
@click.option("--username", prompt="   OttoLearn: the name of the API user")
@click.option("--learner-url", type=_Address(), prompt="3. Where learners enter OttoLearn (https://…)")
@click.option("--lms", "kind", type=click.Choice(KINDS), prompt="4. The kind of LMS to begin with")
@click.option("--lms-url", type=_Address(), help="The address of the LMS; asked for unless --lms is none.")
@click.option(
    "--secrets-as",
    type=click.Choice(("files", "env")),
    default="files",
    show_default=True,
    is_eager=True,
    callback=_refuse_a_second,
)
@pass_invocation
def init(invocation: Invocation, /, kind: str, lms_url: str | None, secrets_as: str, **asked: Any) -> None:
    """Ask four things, and write a configuration and its secrets, readable by you alone.

    For scripts each answer is an option, and OttoLearn's password comes from the variable OTTOLEARN_PASSWORD. The
    secrets are put into files of their own in the folder `secrets` beside the configuration, or with --secrets-as env
    into `secrets.env`, for systemd and compose. Nothing that exists is written over.
    """
    path = invocation.config_path
    if kind == "none":
        lms_url = ""
    elif lms_url is None:
        lms_url = click.prompt("   The address of the LMS (https://…)", type=_Address())
    password = os.environ.get("OTTOLEARN_PASSWORD")
    password = password or click.prompt("   OttoLearn: the API user's password", hide_input=True)
    answers = Answers(kind=kind, lms_url=lms_url, **asked)
    given = new_secrets(answers, password)
    as_env = secrets_as == "env"
    text = config_text(answers, _in_environment if as_env else partial(_in_file, path))
    try:
        written = write_all(path, text, given, as_env=as_env)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    load(path, ADAPTERS, given)  # raises what would be a mistake of ours
    say("\n".join(f"written: {file}" for file in written))
    say(_next(path, answers, as_env=as_env))


def _in_environment(name: str) -> str:
    return f"${{{name}}}"


def _in_file(path: Path, name: str) -> str:
    return json.dumps(f"${{file:{file_of(path, name)}}}", ensure_ascii=False)


def _next(path: Path, answers: Answers, *, as_env: bool) -> str:
    """What to do now."""
    load_them = "set -a; . ./secrets.env; set +a\n  " if as_env else ""
    steps = ["ottobridge config check", "ottobridge learners refresh", "ottobridge serve"]
    if answers.kind in PLATFORMS:
        steps.append(f"ottobridge setup {answers.connection}     # what to enter in the LMS")
    if answers.kind == "scorm":
        steps.append(f'ottobridge package {answers.connection} --format scorm12 --title "My course" -o course.zip')
    if path.name != "config.yaml":
        steps.insert(0, f"export OTTOBRIDGE_CONFIG={path}")
    return f"\nNow, in {path.parent.resolve()}:\n\n  {load_them}" + "\n  ".join(steps)
