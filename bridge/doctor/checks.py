"""What works, what does not, and what to do about it: asked of OttoLearn, the database and the LMSs for real.

Nothing is changed anywhere, unless `write_probe` is called.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, NamedTuple

from bridge.contracts import FIRST_NAME, LAST_NAME, Connection, Learner, ReaderContext, RosterEnd, RosterMember, Student
from bridge.doctor.ids import LOOKED_AT, compare_ids
from bridge.doctor.look_up import try_look_up
from bridge.errors import ConfigError, LaunchRejected, LearnerAmbiguous, OttoBridgeError, RemoteUnavailable
from bridge.keys.own import OwnKeys
from bridge.learners.directory import Directory
from bridge.lti.keysets import PlatformKeys
from bridge.net.http import Outbound
from bridge.ottolearn.api import Attribute, OttoLearnApi
from bridge.ottolearn.settings import Oidc, OttoLearn
from bridge.store.workers import Worker, alive, unserved_work
from bridge.sync.context import ReaderContexts

OK, LOOK, FAILED = "ok", "look", "failed"
SAMPLE = 100
"""Users of OttoLearn's list, and people of a roster, that are looked at."""
PATIENCE = 60.0
"""Seconds that a roster may take until its first page, and after which no further page is read."""


class Finding(NamedTuple):
    """The result of one check."""

    area: str
    """`database`, `workers`, `ottolearn`, `sign-in`, or the name of a connection."""
    what: str
    state: str
    """`OK`, `FAILED`, or `LOOK`: it works, but an administrator should look at it."""
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Doctor:
    """Checks everything that one bridge depends on."""

    settings: OttoLearn
    public_url: str
    directory: Directory
    ottolearn: OttoLearnApi
    outbound: Outbound
    now: Callable[[], float]
    sleep: Callable[[float], None]
    launched: Callable[[str], Sequence[Student]] = lambda _: ()
    """Who came by the recent launches of a connection, as the LMS sent them, newest first."""
    launching: Callable[[str], Sequence[Connection[Any]]] = lambda _: ()
    """The connections whose launches are of people on the roster of this one (`roster_connection`)."""
    connection: Callable[[str], Connection[Any] | None] = lambda _: None
    """The connection of this name."""
    readers: ReaderContexts | None = None
    own_keys: Sequence[OwnKeys] = ()
    """Our own keys, of each purpose that they serve here."""
    workers: Callable[[], Sequence[Worker]] | None = None
    """All workers that are known; None where the configuration does not count on any."""

    def examine_directory(self) -> Iterator[Finding]:
        """The database, and OttoLearn's users in it."""
        state = self.directory.state()
        if state.refreshed_at is None:
            yield Finding("database", "directory", FAILED, "it was never read", "run: ottobridge learners refresh")
            return
        hours = (self.now() - state.refreshed_at) / 3600
        late = hours * 3600 > 2 * self.settings.directory.refresh_every
        detail = f"{state.learners} OttoLearn users, read {hours:.1f} hours ago"
        yield Finding("database", "directory", LOOK if late else OK, detail, "is the bridge running?" if late else "")

    def examine_keys(self) -> Iterator[Finding]:
        """Whether `bridge.secret_key` still opens our own keys."""
        for keys in self.own_keys:
            what = f"our own keys for {keys.purpose}"
            try:
                keys.check()
            except ConfigError as error:
                yield Finding("database", what, FAILED, "; ".join(error.problems))
            else:
                yield Finding("database", what, OK)

    def examine_workers(self) -> Iterator[Finding]:
        """Whether every queue has a worker, where the configuration leaves jobs to workers."""
        if self.workers is None:
            return
        now, known = self.now(), self.workers()
        found, missing = alive(known, now), unserved_work(known, now)
        detail = f"{len(found)} on {', '.join(sorted({one.machine for one in found})) or 'no machine'}"
        if missing:
            advice = "start `ottobridge worker`, and look at its --queues"
            yield Finding("workers", "queues", FAILED, f"{detail}; {missing}", advice)
        else:
            yield Finding("workers", "queues", OK, detail)

    def examine_ottolearn(self) -> Iterator[Finding]:
        """The API user, and which assumptions about OttoLearn's API hold."""
        try:
            sample = self._sample()
        except OttoBridgeError as error:
            advice = "compare ottolearn.api_url, its API user, and ottolearn.api in docs/ottolearn-api.md"
            yield Finding("ottolearn", "log in and list users", FAILED, str(error), advice)
            return
        yield Finding("ottolearn", "log in and list users", OK, f"looked at {len(sample)} users")
        yield from self._judge_users(sample)
        yield from self._judge_attributes()

    def examine_sign_in(self) -> Iterator[Finding]:
        """Whether the bridge's own provider answers where OttoLearn will look for it."""
        if not isinstance(self.settings.sign_in, Oidc):
            return
        address = f"{self.public_url}/.well-known/openid-configuration"
        try:
            answer = self.outbound.request("GET", address)
            found = answer.json() if answer.status == 200 else {}
            fits = isinstance(found, dict) and found.get("issuer") == self.public_url
            detail = f"{address} answered {answer.status}"
        except OttoBridgeError as error:
            fits, detail = False, str(error)
        advice = "" if fits else "start the bridge, and let bridge.public_url lead to it"
        yield Finding("sign-in", "OpenID Provider", OK if fits else FAILED, detail, advice)

    def examine(self, connection: Connection[Any]) -> Iterator[Finding]:
        """The LMS of a connection: its keys, and its roster where one is configured, beside its recent launches."""
        lti13 = getattr(connection.settings, "lti13", None)
        if lti13 is not None:
            yield self._judge_keys(connection.name, lti13.jwks_url)
        if connection.adapter.read_roster is not None:
            yield from self._judge_roster(connection)
        if connection.look_up is not None:
            yield self._try_look_up(connection)
        if connection.adapter.examine is not None:
            yield from self._examine_more(connection)

    def write_probe(self, token: str) -> Iterator[Finding]:
        """Make an inactive user in OttoLearn, change it, and read it back. It stays there, inactive."""
        name = f"ottobridge-doctor-{token[:12]}"
        try:
            required = [attribute.name for attribute in self.ottolearn.attributes() if attribute.required]
            given = {**dict.fromkeys(required, name), self.settings.username_attributes[0]: name, FIRST_NAME: "Doctor"}
            made = self.ottolearn.create(given, token, active=False)
            changed = self.ottolearn.update(made.user_id, {FIRST_NAME: "Probe"}, active=False)
            read = self.ottolearn.read(made.user_id)
        except OttoBridgeError as error:
            yield Finding(
                "ottolearn", "create and update", FAILED, str(error), "see ottolearn.api, and the API user's rights"
            )
            return
        kept = read.attributes.get(self.settings.username_attributes[0]) == name
        held = (not made.active, not read.active, changed.attributes.get(FIRST_NAME) == "Probe", kept)
        state = OK if all(held) else FAILED
        advice = "" if all(held) else "a field has another name there: see ottolearn.api"
        yield Finding("ottolearn", "create and update", state, f"made the inactive user {made.user_id}, {name}", advice)

    def _sample(self) -> list[Learner]:
        listing = self.ottolearn.read_learners(timeout=(3.0, 60.0))
        return list(islice(listing, SAMPLE))

    def _judge_users(self, sample: Sequence[Learner]) -> Iterator[Finding]:
        if not sample:
            yield Finding("ottolearn", "users", LOOK, "the list is empty, so little can be said of its users")
            return
        for name in self.settings.username_attributes:
            filled = sum(bool(learner.attributes.get(name)) for learner in sample)
            state, advice = (OK, "") if filled else (LOOK, "is it spelled as OttoLearn's attribute list spells it?")
            yield Finding("ottolearn", f"attribute {name}", state, f"{filled} of {len(sample)} users have it", advice)
        try:
            same = self.ottolearn.read(sample[0].user_id) == sample[0]
            yield Finding(
                "ottolearn", "read one user", OK if same else LOOK, "" if same else "it differs from the list"
            )
        except OttoBridgeError as error:
            yield Finding("ottolearn", "read one user", FAILED, str(error), "syncing needs it: see ottolearn.api.user")

    def _judge_attributes(self) -> Iterator[Finding]:
        try:
            listed = {attribute.name: attribute for attribute in self.ottolearn.attributes()}
        except OttoBridgeError as error:
            yield Finding("ottolearn", "list attributes", FAILED, str(error), "see ottolearn.api.attributes")
            return
        yield Finding("ottolearn", "list attributes", OK if listed else FAILED, f"{len(listed)} attributes")
        for name in self.settings.username_attributes:
            yield _judge_username(name, listed.get(name))
        for name in (FIRST_NAME, LAST_NAME):
            if name not in listed:
                yield Finding("ottolearn", f"attribute {name}", LOOK, "OttoLearn does not list it; names stay empty")

    def _judge_keys(self, name: str, url: str) -> Finding:
        try:
            PlatformKeys(self.outbound, self.now).find(url, "ottobridge doctor")
        except LaunchRejected:
            pass  # the set was read, and has no key of this made-up id
        except OttoBridgeError as error:
            return Finding(name, "keys of the LMS", FAILED, str(error), "compare lti13.jwks_url")
        return Finding(name, "keys of the LMS", OK, url)

    def _judge_roster(self, connection: Connection[Any]) -> Iterator[Finding]:
        launched = self._launched(connection)
        try:
            members = list(islice(self._people(connection), LOOKED_AT if launched else SAMPLE))
        except ConfigError as error:
            yield Finding(connection.name, "roster", LOOK, "; ".join(error.problems), "only syncing needs it")
            return
        except OttoBridgeError as error:
            yield Finding(connection.name, "roster", FAILED, str(error))
            return
        yield from self._judge_ids(connection, [member.student.student_id for member in members[:SAMPLE]])
        if launched:
            for found in compare_ids(launched, members, connection.settings.student_id, self._attribute_of):
                yield Finding(connection.name, *found)

    def _launched(self, connection: Connection[Any]) -> list[Student]:
        """Who launched lately, here or where this roster says who people are, with the IDs that are looked up."""
        return [
            student._replace(student_id=one.shape(student.student_id))
            for one in (connection, *self.launching(connection.name))
            for student in self.launched(one.name)
        ]

    def _examine_more(self, connection: Connection[Any]) -> Iterator[Finding]:
        """The checks that the adapter has for this LMS alone."""
        examine = connection.adapter.examine
        try:
            for found in (
                examine(connection.settings, self._context(connection, self._impatient("an answer"))) if examine else ()
            ):
                yield Finding(connection.name, *found)
        except ConfigError as error:
            yield Finding(connection.name, connection.adapter.title, LOOK, "; ".join(error.problems))
        except OttoBridgeError as error:
            yield Finding(connection.name, connection.adapter.title, FAILED, str(error))

    def _context(
        self, connection: Connection[Any], sleep: Callable[[float], None], outbound: Outbound | None = None
    ) -> ReaderContext:
        used = outbound or self.outbound
        if self.readers is None:
            return ReaderContext(used, self.now, sleep, lambda _: None)
        return self.readers.of(connection, used, lambda _: None, sleep=sleep)

    def _people(self, connection: Connection[Any]) -> Iterator[RosterMember]:
        """The people of the roster read within PATIENCE seconds, the first page in any case."""
        until = self.now() + PATIENCE
        read = connection.adapter.read_roster
        context = self._context(connection, self._impatient("the roster"))
        for page in read(connection.settings, context) if read else ():
            if not isinstance(page, RosterEnd):
                yield from page
            if self.now() > until:
                return

    def _impatient(self, what: str) -> Callable[[float], None]:
        """A sleep that ends, with an error, what waits for longer than PATIENCE in all."""
        waited = 0.0

        def sleep(seconds: float) -> None:
            nonlocal waited
            waited += seconds
            if waited > PATIENCE:
                why = f": {error}" if isinstance(error := sys.exception(), OttoBridgeError) else ""
                raise RemoteUnavailable(f"{what} did not come within {PATIENCE:.0f} seconds{why}")
            self.sleep(seconds)

        return sleep

    def _try_look_up(self, connection: Connection[Any]) -> Finding:
        source = self.connection(connection.roster_connection) if connection.roster_connection else connection
        if source is None:
            return Finding(
                connection.name, "look-up at launch", FAILED, f"there is no connection {connection.roster_connection}"
            )
        context = self._context(source, self.sleep, self.outbound.ending_at(monotonic() + PATIENCE))
        return Finding(connection.name, *try_look_up(source, context, self._people(source)))

    def _judge_ids(self, connection: Connection[Any], ids: Sequence[str]) -> Iterator[Finding]:
        field = getattr(connection.settings, "student_id", "student ID")
        filled = [student_id for student_id in ids if student_id]
        detail = f"{len(filled)} of the first {len(ids)} people have a {field}"
        state = OK if len(filled) == len(ids) else LOOK if filled else FAILED
        advice = (
            "" if state == OK else f"launches of the others fail: fill {field} in the LMS, or choose another student_id"
        )
        yield Finding(connection.name, "roster", state, detail, advice)
        known = sum(bool(self._attribute_of(connection.shape(student_id))) for student_id in filled)
        if filled:
            detail = f"{known} of these {len(filled)} are in OttoLearn"
            advice = "" if known else "does the ID stand in ottolearn.username_attributes? Else sync first"
            yield Finding(connection.name, "matching", OK if known else LOOK, detail, advice)

    def _attribute_of(self, student_id: str) -> str:
        """The Username attribute in which OttoLearn has an ID; empty for none, and where several people have it."""
        try:
            match = self.directory.look(student_id)
        except LearnerAmbiguous:
            return ""
        return "" if match is None else match.attribute


def _judge_username(name: str, attribute: Attribute | None) -> Finding:
    if attribute is None:
        return Finding("ottolearn", f"key {name}", FAILED, "OttoLearn does not list it", "see username_attributes")
    if not attribute.is_username:
        advice = "give it the key icon in OttoLearn, or take it out of username_attributes"
        return Finding("ottolearn", f"key {name}", LOOK, "OttoLearn does not call it a Username attribute", advice)
    return Finding("ottolearn", f"key {name}", OK, "learners sign in with it")
