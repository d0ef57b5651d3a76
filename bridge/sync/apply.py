"""Carries out a plan by parallel calls to OttoLearn, each recorded in the journal before and after.

One thread decides and uses the database; the threads of the pool only make calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Final

from bridge.contracts import Learner
from bridge.errors import OttoBridgeError, RemoteRefused, RemoteUnavailable
from bridge.store import sync_items
from bridge.store.sync_items import WRITES, Item, Kind, State
from bridge.sync import journal
from bridge.sync.context import Interrupted, RunContext
from bridge.sync.pace import Pace
from bridge.sync.reasons import RunReason

ATTEMPTS: Final = 5
"""How often one item is tried before it is quarantined."""
MOST_REFUSALS: Final = 30
"""How often in a row OttoLearn may say "too many requests" before the run gives up."""
RECORD: Final = 0.1
"""Seconds after which answers are written into the journal even if they do not fill a batch."""
STEP: Final = 0.2
"""Seconds between two checks whether the run is to stop."""
ACTIVE: Final[Mapping[str, bool]] = {Kind.REACTIVATE: True, Kind.DEACTIVATE: False}
"""The kinds of items that change `active`; all others leave it as it is in OttoLearn."""
TOO_MANY_REQUESTS, UNAUTHORIZED, FORBIDDEN, CONFLICT = 429, 401, 403, 409


class Applier:
    """The execution of the planned items of one run.

    The journal gives items to `_queue`, as `sent`. From there one becomes a call in `_under_way`; when it is answered,
    `_judge` says what became of it. What is certain goes to `_settled`, and to `_confirmed` where it is done: `_record`
    empties both into the journal, the snapshot and the directory, and counts `finished`. An update without an answer
    waits in `_later` until it may go to `_queue` again, `ATTEMPTS` times by `_tries`. A creation without one is only
    counted in `_unknown`, and stays `sent` until `_look_up_unknown` has read OttoLearn's users; where somebody else has
    the username it is in `_taken`, and is not tried again. `_pace` says when a call may go. `_failures` in a row, or
    `_fatal`, end the run; all that is under way is finished first, and what waits is put back as planned.
    """

    def __init__(
        self,
        context: RunContext,
        journal_context: journal.JournalContext,
        run: int,
        usernames: Sequence[str],
        at_once: int,
    ) -> None:
        self._context = context
        self._journal_context = journal_context
        self._run = run
        self._usernames = usernames
        self._at_once = at_once
        # More calls than may run wait in the pool, so that a free thread has one while this thread uses the database.
        self._pace = Pace(at_once, context.chance, ready=at_once)
        self._queue: deque[Item] = deque()
        self._later: list[tuple[float, Item]] = []
        self._under_way: dict[Future[Learner], Item] = {}
        self._tries: dict[int, int] = {}
        self._unknown = 0
        self._taken: set[int] = set()
        self._failures = 0
        self._fatal: OttoBridgeError | None = None
        self._settled: list[Item] = []
        self._confirmed: list[Learner] = []
        self._recorded_at = context.now()
        self.finished = 0

    def apply(self, total: int) -> None:
        """Carry out everything that is planned, `total` items.

        Raises RemoteUnavailable or RemoteRefused when OttoLearn as a whole fails, and Interrupted; the journal is in
        order then.
        """
        plan = self._planned()
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="sync") as pool:
            try:
                while self._step(pool, plan, total):
                    pass
            finally:
                self._finish_under_way()

    def _planned(self) -> Iterator[list[Item]]:
        return sync_items.pages(
            self._context.engine, self._run, kinds=WRITES, states=(State.PLANNED,), size=2 * self._at_once
        )

    def _step(self, pool: ThreadPoolExecutor, plan: Iterator[list[Item]], total: int) -> bool:
        """Send what may be sent, take in what came back; False when all is done."""
        if self._context.stopping():
            raise Interrupted("stopped; what was under way is finished and recorded")
        self._refill(plan)
        pause = self._send(pool)
        if self._under_way:
            answered, _ = wait(self._under_way, STEP if pause is None else min(pause, STEP), FIRST_COMPLETED)
            self._take_in(answered)
            self._send(pool)
            self._record_in_batches()
            self._context.progress("writing", self.finished, total)
            return True
        self._record()
        if self._queue or self._later:
            self._context.sleep(min(pause or STEP, STEP))
            return True
        return self._look_up_unknown()

    def _refill(self, plan: Iterator[list[Item]]) -> None:
        now = self._context.now()
        self._queue.extend(item for due, item in self._later if due <= now)
        self._later = [(due, item) for due, item in self._later if due > now]
        while len(self._queue) < self._at_once and (page := next(plan, None)):
            self._mark_sent(page)

    def _mark_sent(self, items: Sequence[Item]) -> None:
        """Take these items into the queue, in the journal first, while no other run can have begun."""
        self._context.require_lock()
        self._queue.extend(journal.send(self._journal_context, self._run, items))

    def _send(self, pool: ThreadPoolExecutor) -> float | None:
        """Start calls; seconds until one more may start, None where that depends on an answer."""
        while self._queue:
            now = self._context.now()
            pause = self._pace.wait(len(self._under_way), now)
            if pause is None or pause > 0:
                return pause
            item = self._queue.popleft()
            self._pace.sent(now)
            self._under_way[pool.submit(self._call, item)] = item
        return min((due - self._context.now() for due, _ in self._later), default=None)

    def _call(self, item: Item) -> Learner:
        content, api = item.content, self._context.ottolearn
        if item.kind == Kind.CREATE:
            return api.create(content.after, self._context.token())
        if item.user_id is None:
            raise ValueError(f"item {item.number} changes a user and names none")
        return api.update(item.user_id, content.after, ACTIVE.get(item.kind))

    def _take_in(self, answered: set[Future[Learner]]) -> None:
        """Take the answers of these calls; what they say is written down by `_record`."""
        for future in answered:
            settled = self._judge(future, self._under_way.pop(future))
            if settled is not None:
                self._settled.append(settled)
            if settled is not None and settled.state == State.DONE:
                self._confirmed.append(future.result())

    def _record_in_batches(self) -> None:
        """Write answers down as they come, but not each by itself: that would keep the calls waiting."""
        if len(self._settled) >= self._at_once or self._context.now() - self._recorded_at >= RECORD or self._fatal:
            self._record()

    def _record(self) -> None:
        """Write into the journal, the snapshot and the directory what OttoLearn has answered."""
        settled, confirmed = self._settled, self._confirmed
        self._settled, self._confirmed, self._recorded_at = [], [], self._context.now()
        if settled:
            journal.settle(self._journal_context, self._run, settled)
        if confirmed:
            self._context.directory.put(*confirmed)
        self.finished += sum(item.state != State.PLANNED for item in settled)
        if self._failures >= max(10, 3 * self._at_once) or self._pace.refusals >= MOST_REFUSALS:
            raise RemoteUnavailable("OttoLearn is refusing changes; the next run resumes here")
        if self._fatal is not None:
            raise self._fatal

    def _judge(self, future: Future[Learner], item: Item) -> Item | None:
        """What became of one call; None where that is not decided yet."""
        try:
            learner = future.result()
        except RemoteUnavailable as error:
            if error.lasting:
                self._fatal = error
                return item._replace(state=State.PLANNED)
            return self._not_answered(item, error)
        except RemoteRefused as error:
            if error.status in {UNAUTHORIZED, FORBIDDEN}:
                self._fatal = error
                return item._replace(state=State.PLANNED)
            if error.status == CONFLICT and item.kind == Kind.CREATE:
                self._note_taken(item)
                return None
            return item._replace(state=State.QUARANTINED, reason=f"refused_{error.status}")
        self._failures = 0
        self._pace.accepted(self._context.now())
        return item._replace(state=State.DONE, user_id=learner.user_id)

    def _recall(self) -> None:
        """Take back the calls that wait in the pool and have not gone out."""
        for future in [future for future in self._under_way if future.cancel()]:
            self._queue.appendleft(self._under_way.pop(future))

    def _note_taken(self, item: Item) -> None:
        """Somebody has the username now: perhaps an earlier call of ours that came in late."""
        self._unknown += 1
        self._taken.add(item.number)
        self._tries[item.number] = ATTEMPTS

    def _not_answered(self, item: Item, error: RemoteUnavailable) -> Item | None:
        now = self._context.now()
        if error.status == TOO_MANY_REQUESTS:
            self._pace.refused(now, error.retry_after)
            self._recall()
            self._queue.appendleft(item)
            return None
        self._failures += 1
        tries = self._tries[item.number] = self._tries.get(item.number, 0) + 1
        if item.kind == Kind.CREATE:
            # Nobody knows whether it was carried out: it stays `sent` until OttoLearn was asked.
            self._unknown += 1
            return None
        if tries >= ATTEMPTS:
            return item._replace(state=State.QUARANTINED, reason=RunReason.NO_ANSWER)
        self._later.append((now + self._pace.backoff(tries), item))
        return None

    def _look_up_unknown(self) -> bool:
        """Ask OttoLearn what became of creations that got no answer; True where some are to be tried again."""
        if not self._unknown:
            return False
        self._unknown = 0
        self._context.sleep(journal.SETTLING)
        self._context.refresh()
        self.finished += journal.look_up(self._journal_context, self._run, self._usernames, lost=State.PLANNED)
        for page in sync_items.pages(self._context.engine, self._run, kinds=WRITES, states=(State.PLANNED,)):
            again = [item for item in page if self._tries.get(item.number, 0) < ATTEMPTS]
            given_up = [self._give_up(item) for item in page if self._tries.get(item.number, 0) >= ATTEMPTS]
            journal.settle(self._journal_context, self._run, given_up)
            self.finished += len(given_up)
            self._mark_sent(again)
        return bool(self._queue)

    def _give_up(self, item: Item) -> Item:
        reason = f"refused_{CONFLICT}" if item.number in self._taken else RunReason.NO_ANSWER
        return item._replace(state=State.QUARANTINED, reason=reason)

    def _finish_under_way(self) -> None:
        """Wait for the calls that are out, record them, and put back what was not sent."""
        self._recall()
        while self._under_way:
            self._take_in(wait(self._under_way).done)
        # A failure is on its way up already; these answers matter more than another one.
        with suppress(OttoBridgeError):
            self._record()
        waiting = [*self._queue, *(item for _, item in self._later)]
        put_back = [item._replace(state=State.PLANNED) for item in waiting]
        journal.settle(self._journal_context, self._run, put_back)
