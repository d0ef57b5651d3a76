"""The page a learner lands on: reads the signed link, lets the right person in once, and says why otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from sandbox.ottolearn.users import User, Users

LEEWAY = 30.0
"""Seconds that the bridge's clock may be ahead of ours."""
LONGEST = 300
"""Seconds that a link may be good for."""


class TurnedAway(Exception):
    """Why somebody does not get in: an HTTP status and a sentence for the learner."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Door:
    """Checks signed links; each lets its learner in once."""

    users: Users
    username_attributes: tuple[str, ...]
    key: OctKey = field(repr=False)
    now: Callable[[], float]
    begin: Callable[[], Response] | None = None
    """Single sign-on, for who comes without a link."""
    _spent: dict[str, float] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def blueprint(self) -> Blueprint:
        """The routes, ready to be registered."""
        pages = Blueprint("learn", __name__)
        pages.add_url_rule("/", "home", self.home)
        pages.add_url_rule("/learn", "learn", self.learn)
        return pages

    def home(self) -> str:
        """What this server is."""
        return render_template("home.html", count=len(self.users))

    def learn(self) -> str | Response:
        """Greet who has arrived."""
        if self.begin and "token" not in request.args:
            return self.begin()
        return greet(*self.admit(request.args.get("token", ""), request.host_url.rstrip("/")))

    def admit(self, link: str, audience: str) -> tuple[User, str]:
        """The learner a link names and the username they came with. The link is spent once all else holds."""
        claims = self._verified(link)
        if claims.get("aud") != audience:
            raise TurnedAway(403, "This link was made for another site.")
        self._check_time(claims)
        user, username = self._learner(claims)
        self._spend(claims)
        return user, username

    def _verified(self, link: str) -> dict[str, Any]:
        try:
            return jwt.decode(link, self.key, algorithms=["HS256"]).claims
        except (JoseError, ValueError) as error:
            raise TurnedAway(401, "This link is damaged, or was not made by the bridge.") from error

    def _check_time(self, claims: dict[str, Any]) -> None:
        issued, expires = claims.get("iat"), claims.get("exp")
        if type(issued) is not int or type(expires) is not int or expires - issued > LONGEST:
            raise TurnedAway(401, "This link does not say how long it is good for.")
        if issued > self.now() + LEEWAY:
            raise TurnedAway(401, "This link is dated in the future: a clock is wrong.")
        if self.now() >= expires:
            raise TurnedAway(401, "This link is too old. Please start again from your course.")

    def _learner(self, claims: dict[str, Any]) -> tuple[User, str]:
        subject, username = claims.get("sub"), claims.get("preferred_username")
        number = int(subject) if isinstance(subject, str) and subject.isascii() and subject.isdigit() else 0
        user = self.users.find(number) if 0 < number < 2**31 else None
        if user is None:
            raise TurnedAway(404, "Nobody here has the account this link names.")
        if not isinstance(username, str) or not self._holds(user, username):
            raise TurnedAway(403, "The account this link names has another username.")
        return let_in(user), username

    def _holds(self, user: User, username: str) -> bool:
        return any(user["attribute"].get(name) == username for name in self.username_attributes)

    def _spend(self, claims: dict[str, Any]) -> None:
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise TurnedAway(401, "This link has no number, so it could be used again and again.")
        with self._lock:
            for old in [old for old, expires in self._spent.items() if expires <= self.now()]:
                del self._spent[old]
            if jti in self._spent:
                raise TurnedAway(403, "This link was used before. Please start again from your course.")
            self._spent[jti] = claims["exp"]


def let_in(user: User) -> User:
    """`user`, if they may enter."""
    if not user["active"]:
        raise TurnedAway(403, "This account is inactive. Please ask your OttoLearn administrator.")
    return user


def greet(user: User, username: str) -> str:
    """The page of whoever has arrived."""
    attribute = user["attribute"]
    names = [name for name in (attribute.get("firstName"), attribute.get("lastName")) if name]
    return render_template("learn.html", names=names, user_id=user["id"], username=username)


def turned_away(error: TurnedAway) -> Response:
    return make_response(render_template("turned_away.html", message=str(error)), error.status)
