"""OttoLearn's API: the calls the bridge makes, as plain values. docs/ottolearn-api.md says what of it is assumed.

Every path and field name, SEEN in a public page or ASSUMED, stands in `bridge.ottolearn.wire.Wire`, so that one place
changes when OttoLearn turns out to be different.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from bridge.contracts import Learner, clean
from bridge.errors import RemoteRefused
from bridge.identifiers import normalize
from bridge.net.answers import body_excerpt
from bridge.net.http import TIMEOUT, HttpResponse, Outbound, Timeout
from bridge.ottolearn.array import read_array
from bridge.ottolearn.session import Session
from bridge.ottolearn.settings import OttoLearn
from bridge.roster.id_set import IdSet

LARGEST_ID = 2**31 - 1  # int32: SEEN


class Attribute(NamedTuple):
    """What an organisation records of its users under one name."""

    name: str
    label: str
    type: str
    required: bool
    is_username: bool
    """Learners log in with it: it has the key icon."""


@dataclass(slots=True)
class Skipped:
    """The records that a listing left out: how many for each reason, and where the first of them stood."""

    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    """`record 17: the id is not ...`, counted from 1; at most `EXAMPLES` of them."""

    EXAMPLES = 20

    def add(self, position: int, reason: str) -> None:
        """Count one more."""
        self.reasons[reason] += 1
        if len(self.examples) < self.EXAMPLES:
            self.examples.append(f"record {position}: {reason}")


class OttoLearnApi:
    """One OttoLearn organisation, as the API user of the configuration; safe to share between threads.

    Every call raises RemoteUnavailable when OttoLearn does not answer (after `attempts` where repeating is safe) and
    RemoteRefused when it says no or its answer makes no sense.
    """

    def __init__(
        self,
        settings: OttoLearn,
        outbound: Outbound,
        *,
        sleep: Callable[[float], None] = time.sleep,
        attempts: int = 3,
    ) -> None:
        self._session = Session(settings, outbound, sleep=sleep, attempts=attempts)
        self._wire = settings.api

    def read_learners(self, skipped: Skipped | None = None, *, timeout: Timeout = TIMEOUT) -> Iterator[Learner]:
        """Every user, active or not, in OttoLearn's order, one at a time from the open answer.

        What is no user record is counted in `skipped`. Raises RemoteRefused where the list is not an array or ends
        early: only an iteration that finishes has seen everybody.
        """
        skipped = skipped if skipped is not None else Skipped()
        seen = IdSet()
        with self._session.stream(self._wire.users, timeout) as response:
            if response.status != 200:
                raise _refused("list the users", response.status, body_excerpt(response.read(4096)))
            for position, record in enumerate(read_array(response), start=1):
                try:
                    learner = self._learner(record)
                except ValueError as error:
                    skipped.add(position, str(error))
                    continue
                if not seen.add(learner.user_id):
                    skipped.add(position, "the id stood in the list before")
                    continue
                yield learner

    def attributes(self) -> list[Attribute]:
        """What the organisation records of its users, and which of it must be given."""
        answer = self._session.read(self._wire.attributes)
        found = _checked(answer, "list the attributes", list)
        return [self._attribute(entry) for entry in found if isinstance(entry, dict)]

    def read(self, user_id: int) -> Learner:
        """One user."""
        sent = {self._wire.id: user_id}
        return self._answered(self._session.read(self._wire.user.format(id=user_id)), f"read user {user_id}", sent)

    @property
    def can_search(self) -> bool:
        """Whether the configuration says how to ask for one user by an ID."""
        return self._wire.search is not None

    def search(self, attribute: str, value: str) -> list[Learner]:
        """The users whose `attribute` holds `value`; whoever else is answered is left out."""
        said = {"{attribute}": quote(attribute, safe=""), "{value}": quote(value, safe="")}
        path = re.sub("|".join(map(re.escape, said)), lambda found: said[found[0]], self._wire.search or "")
        answer = self._session.read(path)
        if answer.status == 404:
            return []
        records = _checked(answer, "find one user", list)
        found = [person for record in records if (person := self._learner_or_none(record))]
        return [person for person in found if normalize(person.attributes.get(attribute, "")) == normalize(value)]

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner:
        """Add a user. RemoteUnavailable with a status other than 429 leaves open whether it was added."""
        wire = self._wire
        sent = {wire.active: active, wire.attribute: dict(attributes)}
        answer = self._session.write(wire.create_method, wire.users, {**sent, wire.password: password})
        return self._answered(answer, "create a user", sent)

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool | None) -> Learner:
        """Change the attributes named of a user, and the active flag unless it is None; everything else stays.

        PUT may clear what is omitted, so the whole record is read, changed and written back; what another writer
        changes between the two is lost.
        """
        wire, path = self._wire, self._wire.user.format(id=user_id)
        record = _checked(self._session.read(path), f"read user {user_id}", dict)
        kept = record.pop(wire.attribute, None)
        record.pop(wire.id, None)
        merged = {**(kept if isinstance(kept, dict) else {}), **attributes}
        flag = {} if active is None else {wire.active: active}
        sent = {**record, **flag, wire.attribute: merged}
        answer = self._session.write(wire.update_method, path, sent)
        return self._answered(answer, f"update user {user_id}", {wire.id: user_id, **sent})

    def _answered(self, answer: HttpResponse, deed: str, sent: dict[str, Any]) -> Learner:
        """The user after a write: what OttoLearn answered, and what we sent where it is silent."""
        try:
            return self._learner({**sent, **_checked(answer, deed, dict)})
        except ValueError as error:
            raise RemoteRefused(f"OttoLearn was asked to {deed} and answered oddly: {error}") from None

    def _learner_or_none(self, record: object) -> Learner | None:
        try:
            return self._learner(record)
        except ValueError:
            return None

    def _learner(self, record: object) -> Learner:
        """Read one user; ValueError says why it is none, naming no person."""
        if not isinstance(record, dict):
            raise ValueError("not an object")  # noqa: TRY004  # one kind of error for one kind of fault
        user_id = record.get(self._wire.id)
        if type(user_id) is not int or not 1 <= user_id <= LARGEST_ID:
            raise ValueError(f"the {self._wire.id} is not a whole number from 1 to {LARGEST_ID}")
        active = record.get(self._wire.active, True)  # silence is no reason to lock people out: OttoLearn does that
        if not isinstance(active, bool):
            raise ValueError(f"{self._wire.active} is neither true nor false")  # noqa: TRY004
        attributes = record.get(self._wire.attribute) or {}
        if not isinstance(attributes, dict):
            raise ValueError(f"{self._wire.attribute} is not an object")  # noqa: TRY004
        return Learner(user_id, active, {name: normalize(value) for name, value in attributes.items()})

    def _attribute(self, entry: dict[str, Any]) -> Attribute:
        wire = self._wire
        return Attribute(
            clean(entry.get(wire.attribute_name)),
            clean(entry.get(wire.label)),
            clean(entry.get(wire.type)),
            entry.get(wire.required) is True,
            entry.get(wire.is_username) is True,
        )


def _checked(answer: HttpResponse, deed: str, shape: type[Any]) -> Any:
    """The body of a successful answer, of the given JSON shape."""
    if answer.status not in {200, 201}:
        raise _refused(deed, answer.status, body_excerpt(answer.body))
    body = answer.json()
    if not isinstance(body, shape):
        raise RemoteRefused(f"OttoLearn was asked to {deed}: unexpected JSON", status=answer.status)
    return body


def _refused(deed: str, status: int, page: str = "") -> RemoteRefused:
    return RemoteRefused(f"OttoLearn was asked to {deed} and answered {status}{page}", status=status)
