"""Student ID -> OttoLearn learner, and keeping what we know of OttoLearn's users fresh enough for that.

IDs are equal as `bridge.identifiers` says, over all Username attributes; names are never looked at.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait

from bridge.contracts import Learner, Match
from bridge.errors import LearnerAmbiguous, LearnerInactive, LearnerNotFound, RemoteRefused, RemoteUnavailable
from bridge.identifiers import FAULTS, fault, is_student_id, loose_key, lower_ascii, normalize
from bridge.learners.refresh_lease import refresh_lease
from bridge.learners.remote_search import Search, no_search
from bridge.store import directory_snapshots, identity_lookup, learners
from bridge.store.database import Engine
from bridge.store.identity_lookup import Candidate
from bridge.store.learners import DirectoryState

_log = logging.getLogger(__name__)


FEW = 10
"""So many may always be gone at once."""
SHARE = 10.0
"""For unknown IDs OttoLearn is read a tenth of the time at most: the longer a reading takes, the rarer they are."""


class DirectoryShrunk(RemoteRefused):
    """OttoLearn's list lacks more people than can be believed."""


class NotSettled(RemoteUnavailable):
    """The last reading of OttoLearn's list, another process's perhaps, has not come to its end, or has failed."""


class Directory:
    """OttoLearn's users as the database holds them. One instance serves every thread of a process."""

    def __init__(
        self,
        engine: Engine,
        username_attributes: Sequence[str],
        read_learners: Callable[[], Iterable[Learner]],
        now: Callable[[], float],
        *,
        every: float = 30.0,
        max_wait: float = 7.0,
        max_shrink_percent: int = 20,
        search: Search = no_search,
    ) -> None:
        """`username_attributes` in order of trust; `read_learners` reads every user, active or not, from OttoLearn.

        `every`: seconds between two refreshes for unknown IDs, at the least and over all processes. `max_wait`: seconds
        that one launch waits for such a refresh; the learner must have an answer within ten.
        `max_shrink_percent`: a list with so much fewer users, and `FEW` fewer, is not believed.
        `search`: whom OttoLearn says to hold an ID, asked before its list is read.
        """
        self._engine = engine
        self._attributes = tuple(username_attributes)
        self._read_learners = read_learners
        self._now = now
        self._every = every
        self._max_wait = max_wait
        self._max_shrink_percent = max_shrink_percent
        self._search = search
        self._lock = threading.Lock()
        self._flight: Future[DirectoryState] | None = None

    def find(
        self,
        student_id: str,
        *,
        ignore_case: bool = False,
        max_wait: float | None = None,
        candidates: Sequence[Candidate] | None = None,
    ) -> Match:
        """The learner with `student_id`; asks OttoLearn once again, throttled, when nobody has it.

        `ignore_case`: where nobody has the very ID, whoever has it in other ASCII letter case. `max_wait`: seconds to
        wait for OttoLearn's list, in place of the directory's own. `candidates`: who may have it, where that was read
        a moment ago.

        Raises `LearnerNotFound`, `LearnerAmbiguous`, `LearnerInactive`, and `RemoteUnavailable` or `RemoteRefused`
        when OttoLearn did not answer, so that nobody can say whether the learner exists.
        """
        asked = normalize(student_id)
        if why := fault(asked):
            raise LearnerNotFound(f"not a student ID: {FAULTS[why]}")
        match = self._match(asked, ignore_case, candidates)
        if match is None and (found := self._search(asked)):
            self.put(*found)
            match = self._match(asked, ignore_case)
        if match is None:
            self._await_refresh(self._max_wait if max_wait is None else max_wait)
            match = self._match(asked, ignore_case)
        if match is None:
            raise LearnerNotFound("no Username attribute of any OttoLearn user holds the student ID")
        if not match.learner.active:
            raise LearnerInactive(match.learner.user_id)
        return match

    def look(self, student_id: str, *, ignore_case: bool = False) -> Match | None:
        """The learner with `student_id` as far as is known now, active or not. Raises `LearnerAmbiguous`."""
        asked = normalize(student_id)
        return self._match(asked, ignore_case) if is_student_id(asked) else None

    def refresh(self, *, accept_fewer: bool = False) -> DirectoryState:
        """Read everything from OttoLearn now.

        Raises what reading raises, and `DirectoryShrunk` for a list with far fewer users than are known: whoever
        believes it would lock people out. The directory then stays as it was. `accept_fewer` believes any but an
        empty one. Raises `RemoteUnavailable` where another process is reading.
        """
        with refresh_lease(self._engine, self._now):
            began = self._now()
            directory_snapshots.replace(self._engine, self._read(accept_fewer), self._attributes, now=began)
            learners.note_duration(self._engine, self._now() - began)
        return self.state()

    def is_older_than(self, seconds: float) -> bool:
        """Whether the reading that is served was begun longer ago, or there is none. One from as far ahead is from
        before a clock was set back, and nobody knows how old it is.
        """
        refreshed_at = self.state().refreshed_at
        return refreshed_at is None or abs(self._now() - refreshed_at) >= seconds

    def claim(self, *, times: float = 0.0) -> bool:
        """True for the one, of all processes, who is to refresh now: not within `times` of what a reading takes."""
        return learners.claim_refresh(self._engine, now=self._now(), every=self._every, times=times)

    def put(self, *confirmed: Learner) -> None:
        """Take over learners, each at most once, as OttoLearn has just confirmed them."""
        directory_snapshots.put(self._engine, confirmed, self._attributes)

    def state(self) -> DirectoryState:
        """What is served, and since when."""
        return learners.state(self._engine)

    def _match(self, asked: str, ignore_case: bool, candidates: Sequence[Candidate] | None = None) -> Match | None:
        """Who has the normalized ID `asked`."""
        found = identity_lookup.candidates(self._engine, loose_key(asked)) if candidates is None else candidates
        return _choose(found, asked, self._attributes, ignore_case=ignore_case)

    def _read(self, accept_fewer: bool) -> Iterator[Learner]:
        known, count = self.state().learners, 0
        for learner in self._read_learners():
            count += 1
            yield learner
        if known and not count:
            raise DirectoryShrunk(f"OttoLearn listed no users at all; the {known} known ones are kept")
        lost = known - count
        if not accept_fewer and lost > FEW and lost * 100 > known * self._max_shrink_percent:
            raise DirectoryShrunk(
                f"OttoLearn listed {count} users where {known} were known, {lost} fewer than ever before; the known "
                "ones are kept. If the list is right: ottobridge learners refresh --accept-fewer"
            )

    def _await_refresh(self, max_wait: float) -> None:
        flight = self._join_refresh()
        if flight is None:
            self._require_settled()
        elif not wait([flight], max_wait).done:
            raise RemoteUnavailable("the list of OttoLearn's users is still being read", retry_after=self._every)
        else:
            flight.result()

    def _join_refresh(self) -> Future[DirectoryState] | None:
        """The refresh under way in this process, begun here if it is time for one; None when it is not."""
        with self._lock:
            if self._flight is None or self._flight.done():
                if not self.claim(times=SHARE):
                    return None
                self._flight = Future()
                threading.Thread(target=self._fly, args=(self._flight,), name="directory-refresh", daemon=True).start()
            return self._flight

    def _fly(self, flight: Future[DirectoryState]) -> None:
        try:
            flight.set_result(self.refresh())
        except Exception as error:  # noqa: BLE001 -- raised again in whoever waits; logged in case nobody does any more
            _log.warning("the list of OttoLearn's users could not be read: %s", type(error).__name__)
            flight.set_exception(error)

    def _require_settled(self) -> None:
        """Raise unless the last refresh, ours or another process's, has succeeded."""
        if not self.state().settled:
            raise NotSettled("OttoLearn's users could not be read a moment ago", retry_after=self._every)


def _choose(
    found: Sequence[Candidate], student_id: str, attributes: Sequence[str], *, ignore_case: bool
) -> Match | None:
    """The one learner among `found` who has the ID; raises `LearnerAmbiguous` for several."""
    # The index may still hold an attribute that the configuration no longer trusts.
    trusted = [c for c in found if c.attribute in attributes]
    best = [c for c in trusted if c.value == student_id]
    if ignore_case and not best:
        best = [c for c in trusted if lower_ascii(c.value) == lower_ascii(student_id)]
    if len(best) > 1:
        user_ids = {c.learner.user_id for c in best}
        if len(user_ids) > 1:
            raise LearnerAmbiguous(sorted(user_ids))
        best.sort(key=lambda c: attributes.index(c.attribute))
    return Match(best[0].learner, best[0].attribute) if best else None
