"""`ottobridge sandbox`: stand-ins for other systems, to try the bridge without them."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from bridge.cli.output import say
from sandbox.ottolearn import LINK_SECRET, Faults, SingleSignOn, create_sandbox, generated, read_seed
from sandbox.ottolearn.app import USERNAME_ATTRIBUTES
from sandbox.serving import serve


@click.group()
def sandbox() -> None:
    """Stand-ins for other systems, to try the bridge without them."""


@sandbox.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8090, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--users", default=10, show_default=True, type=click.IntRange(0), help="How many people to make up.")
@click.option(
    "--seed-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Or: a JSON-lines file."
)
@click.option("--username-attributes", default=",".join(USERNAME_ATTRIBUTES), show_default=True, help="Key icon.")
@click.option("--required-attributes", default="", help="Beside firstName, lastName and the first Username attribute.")
@click.option("--organization-id", default=1, show_default=True, help="The organisation.")
@click.option("--username", default="api", show_default=True, help="The API user.")
@click.option("--password", default="api", envvar="OTTOBRIDGE_SANDBOX_PASSWORD", help="Of the API user.")
@click.option("--link-secret", default=LINK_SECRET, envvar="OTTOBRIDGE_SANDBOX_LINK_SECRET", help="ottolearn.sign_in.")
@click.option("--oidc-issuer", help="Single sign-on: bridge.public_url of a bridge whose sign_in.method is oidc.")
@click.option("--oidc-client-id", default="sandbox-ottolearn", show_default=True, help="sign_in.client_id.")
@click.option(
    "--oidc-client-secret", default="", envvar="OTTOBRIDGE_SANDBOX_OIDC_SECRET", help="sign_in.client_secret."
)
@click.option("--username-claim", default="preferred_username", show_default=True, help="sign_in.username_claim.")
@click.option("--token-lifetime", default=3600.0, show_default=True, help="Fault: seconds a session token lives.")
@click.option("--token-uses", type=click.IntRange(1), help="Fault: calls a session token lives.")
@click.option("--latency", default=0.0, show_default=True, help="Fault: seconds each call takes longer.")
@click.option("--fail-next", default=0, show_default=True, help="Fault: how many calls to fail.")
@click.option("--fail-every", type=click.IntRange(1), help="Fault: fail each so-many-th call, too.")
@click.option(
    "--fail-status", default=500, show_default=True, type=click.IntRange(400, 599), help="Fault: their status."
)
@click.option("--retry-after", type=click.IntRange(0), help="Fault: their Retry-After, in seconds.")
@click.option("--truncate-after", type=click.IntRange(0), help="Fault: cut the user list after so many users.")
def ottolearn(
    host: str,
    port: int,
    users: int,
    seed_file: Path | None,
    username_attributes: str,
    required_attributes: str,
    organization_id: int,
    username: str,
    password: str,
    link_secret: str,
    oidc_issuer: str | None,
    oidc_client_id: str,
    oidc_client_secret: str,
    username_claim: str,
    token_lifetime: float,
    token_uses: int | None,
    latency: float,
    fail_next: int,
    fail_every: int | None,
    fail_status: int,
    retry_after: int | None,
    truncate_after: int | None,
) -> None:
    """Play OttoLearn's API, and greet learners at /learn, until Ctrl-C."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # a shell starts what runs in its background deaf to SIGINT
        signal.signal(stop, signal.default_int_handler)
    names = _names(username_attributes)
    if not names:
        raise click.BadParameter("name at least one attribute", param_hint="--username-attributes")
    try:
        app = create_sandbox(
            read_seed(seed_file) if seed_file else generated(users, names),
            username_attributes=names,
            required_attributes=_names(required_attributes),
            organization_id=organization_id,
            username=username,
            password=password,
            link_secret=link_secret,
            sso=SingleSignOn(oidc_issuer, oidc_client_id, oidc_client_secret, username_claim) if oidc_issuer else None,
            faults=Faults(
                token_lifetime=token_lifetime,
                token_uses=token_uses,
                latency=latency,
                fail_next=fail_next,
                fail_every=fail_every,
                fail_status=fail_status,
                retry_after=retry_after,
                truncate_after=truncate_after,
            ),
        )
        with serve(app, host, port) as served:
            say(f"Sandbox OttoLearn: {served.url} (learner page {served.url}/learn). Ctrl-C ends it.", err=True)
            threading.Event().wait()
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--seed-file") from error
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error
    except KeyboardInterrupt:
        say("Ended.", err=True)


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name for name in map(str.strip, listed.split(",")) if name)
