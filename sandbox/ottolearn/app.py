"""The stand-in OttoLearn, put together."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence

from flask import Flask, Response
from joserfc.jwk import OctKey

from sandbox.ottolearn.api import Account, Api
from sandbox.ottolearn.attributes import Attributes
from sandbox.ottolearn.faults import Faults
from sandbox.ottolearn.learn import Door, TurnedAway, turned_away
from sandbox.ottolearn.sessions import Sessions
from sandbox.ottolearn.sso import SingleSignOn, SsoDoor
from sandbox.ottolearn.users import User, Users

LINK_SECRET = "only for trying out: the sandbox's sign-in secret"  # noqa: S105  # public on purpose, like api/api
USERNAME_ATTRIBUTES = ("username", "employeeId")


def create_sandbox(
    people: Iterable[User] = (),
    *,
    username_attributes: Sequence[str] = USERNAME_ATTRIBUTES,
    required_attributes: Sequence[str] = (),
    organization_id: int = 1,
    username: str = "api",
    password: str = "api",  # noqa: S107  # public on purpose: a sandbox
    link_secret: str = LINK_SECRET,
    sso: SingleSignOn | None = None,
    cookies_in_frames: bool = False,
    faults: Faults | None = None,
    now: Callable[[], float] = time.time,
    token: Callable[[], str] = secrets.token_urlsafe,
) -> Flask:
    """A stand-in OttoLearn with these people: the REST API, and the learner page at `/learn`.

    Learners come by signed link, whose `link_secret` is the one of `ottolearn.sign_in` in the bridge's configuration,
    or by single sign-on. `cookies_in_frames` needs https. Keep `faults` to switch faults while it runs. Raises
    ValueError where two people have one id.
    """
    faults = faults or Faults()
    users = Users(people, username_attributes)
    attributes = Attributes(username_attributes, users.attribute_names, required_attributes)
    account = Account(organization_id, username, password)
    sessions = Sessions(faults, now=now, token=token)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    app.register_blueprint(Api(account, users, attributes, sessions, faults, now).blueprint())
    _keep_sessions(app, cookies_in_frames)
    begin = SsoDoor(app, sso, users, tuple(username_attributes)).begin if sso else None
    link_key = OctKey.import_key(link_secret)
    app.register_blueprint(Door(users, tuple(username_attributes), link_key, now, begin).blueprint())
    app.register_error_handler(TurnedAway, turned_away)
    app.after_request(_guarded)
    return app


def _keep_sessions(app: Flask, in_frames: bool) -> None:
    """A session in the browser, for the moments of a sign-in, also inside other sites' frames if need be."""
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        SESSION_COOKIE_NAME="sandbox-ottolearn",
        SESSION_COOKIE_SAMESITE="None" if in_frames else "Lax",
        SESSION_COOKIE_SECURE=in_frames,
        SESSION_COOKIE_PARTITIONED=in_frames,
    )


def _guarded(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"  # the address of /learn holds a token
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
