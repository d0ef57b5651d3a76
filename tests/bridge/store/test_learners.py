from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.dialects import postgresql

from bridge.contracts import Learner
from bridge.store import directory_snapshots, identity_lookup, learners, search_keys
from bridge.store.directory_snapshots import BATCH
from bridge.store.engine import autocommit
from bridge.store.identity_lookup import Candidate
from bridge.store.learners import DirectoryState

NAMES = ("username", "employeeId")
ANA = Learner(1, True, {"username": "Ana", "employeeId": "E-1", "firstName": "Ana"})
BO = Learner(2, False, {"username": "bo", "employeeId": "", "emailAddress": "bo@example.com"})


def people(count: int, prefix: str = "u") -> list[Learner]:
    return [Learner(n, True, {"username": f"{prefix}{n}"}) for n in range(1, count + 1)]


def ids(engine: Engine, folded: str) -> list[int]:
    return [found.learner.user_id for found in identity_lookup.candidates(engine, folded)]


def rows(engine: Engine) -> tuple[int, int, int]:
    """How many generations, learners and usernames are stored."""
    tables = ("generation", "learner", "username")
    with autocommit(engine) as connection:
        counts = [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]
    return counts[0], counts[1], counts[2]


def test_everybody_is_found_by_each_username_attribute_and_by_no_other(engine: Engine) -> None:
    assert directory_snapshots.replace(engine, [ANA, BO], NAMES, now=5.0) == 2
    assert identity_lookup.candidates(engine, "ana") == [Candidate("username", "Ana", ANA)]
    assert identity_lookup.candidates(engine, "e-1") == [Candidate("employeeId", "E-1", ANA)]
    assert identity_lookup.candidates(engine, "bo") == [Candidate("username", "bo", BO)]
    assert ids(engine, "bo@example.com") == []
    assert ids(engine, "") == []


def test_inactive_people_stay_known_as_inactive(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA, BO], NAMES, now=5.0)
    assert learners.learner(engine, 1) == ANA
    assert learners.learner(engine, 2) == BO
    assert learners.learner(engine, 3) is None


def test_people_who_share_an_id_are_all_returned(engine: Engine) -> None:
    twin = Learner(7, True, {"employeeId": " ANA "})
    directory_snapshots.replace(engine, [twin, ANA], NAMES, now=5.0)
    assert [(c.attribute, c.value, c.learner.user_id) for c in identity_lookup.candidates(engine, "ana")] == [
        ("username", "Ana", 1),
        ("employeeId", "ANA", 7),
    ]


def test_a_value_is_compared_in_one_unicode_form(engine: Engine) -> None:
    directory_snapshots.replace(engine, [Learner(1, True, {"username": "Zoe\u0308"})], NAMES, now=5.0)
    assert [c.value for c in identity_lookup.candidates(engine, "zo\u00eb")] == ["Zo\u00eb"]


@pytest.mark.parametrize("value", ["x" * 256, "x" * 100_000, "a\0b", "a\ud800", " "])
def test_a_value_that_is_no_id_spoils_neither_the_reading_nor_a_match(engine: Engine, value: str) -> None:
    odd = Learner(9, True, {"username": value})
    assert directory_snapshots.replace(engine, [odd, ANA], NAMES, now=5.0) == 2
    assert rows(engine) == (1, 2, 2)
    assert learners.learner(engine, 9) == odd


def test_an_attribute_named_twice_is_indexed_once(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA], ("username", "username"), now=5.0)
    assert ids(engine, "ana") == [1]


def test_a_user_listed_twice_counts_once(engine: Engine) -> None:
    again = ANA._replace(attributes={"username": "other"})
    assert (
        directory_snapshots.replace(engine, [ANA, again, *people(BATCH, "x")[2:], again], NAMES, now=5.0) == BATCH - 1
    )
    assert learners.learner(engine, 1) == ANA
    assert ids(engine, "other") == []


def test_more_people_than_fit_into_one_batch_are_all_there(engine: Engine) -> None:
    assert directory_snapshots.replace(engine, iter(people(2 * BATCH + 1)), NAMES, now=5.0) == 2 * BATCH + 1
    assert ids(engine, f"u{2 * BATCH + 1}") == [2 * BATCH + 1]


def test_who_left_is_gone_after_the_next_reading_and_no_row_stays_behind(engine: Engine) -> None:
    directory_snapshots.replace(engine, people(3 * BATCH), NAMES, now=5.0)
    directory_snapshots.replace(engine, [ANA], NAMES, now=6.0)
    assert ids(engine, "u2") == []
    assert rows(engine) == (1, 1, 2)
    assert learners.state(engine) == DirectoryState(6.0, 1, settled=True)


def test_before_the_first_reading_nothing_is_known(engine: Engine) -> None:
    assert learners.state(engine) == DirectoryState(None, 0, settled=False)
    assert ids(engine, "ana") == []
    assert learners.learner(engine, 1) is None
    directory_snapshots.put(engine, [ANA], NAMES)
    assert rows(engine) == (0, 0, 0)


def test_a_reading_that_breaks_off_leaves_the_old_directory_whole(engine: Engine) -> None:
    def broken() -> Iterator[Learner]:
        yield from people(2 * BATCH)
        raise ConnectionError

    directory_snapshots.replace(engine, [ANA], NAMES, now=5.0)
    with pytest.raises(ConnectionError):
        directory_snapshots.replace(engine, broken(), NAMES, now=6.0)
    assert (ids(engine, "ana"), ids(engine, "u2")) == ([1], [])
    assert learners.state(engine) == DirectoryState(5.0, 1, settled=True)
    assert rows(engine) == (1, 1, 2)


def test_a_reading_under_way_is_not_seen(engine: Engine) -> None:
    seen = []

    def watched() -> Iterator[Learner]:
        for person in people(3 * BATCH):
            seen.append((ids(engine, "ana"), ids(engine, "u2"), learners.learner(engine, 1) == ANA))
            yield person

    directory_snapshots.replace(engine, [ANA], NAMES, now=5.0)
    directory_snapshots.replace(engine, watched(), NAMES, now=6.0)
    assert set(map(str, seen)) == {"([1], [], True)"}
    assert (ids(engine, "ana"), ids(engine, "u2")) == ([], [2])


def test_readers_see_one_whole_generation_while_it_changes_hands(engine: Engine, in_threads) -> None:
    """Every generation gives one ID to the same two people, under an attribute value that names the generation."""

    def generation(number: int) -> list[Learner]:
        return [Learner(n, True, {"username": "Shared", "firstName": str(number)}) for n in (1, 2)]

    directory_snapshots.replace(engine, generation(0), NAMES, now=0.0)
    finished = Event()

    def act(thread: int) -> list[tuple[str, ...]]:
        if thread == 0:
            try:
                for number in range(1, 10):
                    directory_snapshots.replace(engine, generation(number), NAMES, now=float(number))
            finally:
                finished.set()
            return []
        seen = []
        while not finished.is_set():
            found = identity_lookup.candidates(engine, "shared")
            seen.append(tuple(c.learner.attributes["firstName"] for c in found))
        return seen

    for seen in in_threads(4, act)[1:]:
        assert all(len(pair) == 2 and pair[0] == pair[1] for pair in seen)


def test_of_two_readings_at_once_the_one_begun_later_wins_and_they_do_not_mix(engine: Engine) -> None:
    def overtaken() -> Iterator[Learner]:
        yield from people(BATCH, "old")
        directory_snapshots.replace(engine, [ANA], NAMES, now=6.0)
        yield from people(BATCH, "older")

    assert directory_snapshots.replace(engine, overtaken(), NAMES, now=5.0) == 1
    assert (ids(engine, "ana"), ids(engine, "old2"), ids(engine, "older2")) == ([1], [], [])
    assert learners.state(engine) == DirectoryState(6.0, 1, settled=True)
    assert rows(engine) == (1, 1, 2)


def test_a_reading_overtaken_at_its_very_end_changes_nothing(engine: Engine) -> None:
    def overtaken() -> Iterator[Learner]:
        yield from people(BATCH, "old")
        directory_snapshots.replace(engine, [ANA], NAMES, now=6.0)

    directory_snapshots.replace(engine, overtaken(), NAMES, now=5.0)
    assert learners.state(engine) == DirectoryState(6.0, 1, settled=True)
    assert rows(engine) == (1, 1, 2)


def test_a_reading_overtaken_by_one_that_has_not_swept_yet_changes_nothing(engine: Engine) -> None:
    def overtaken() -> Iterator[Learner]:
        yield ANA
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO generation (read_at, learners) VALUES (6, 0)"))
            connection.execute(text("UPDATE directory SET current = (SELECT max(id) FROM generation)"))

    assert directory_snapshots.replace(engine, overtaken(), NAMES, now=5.0) == 0
    assert learners.state(engine).refreshed_at == 6.0
    assert rows(engine) == (1, 0, 0)


@pytest.mark.parametrize("statement", [directory_snapshots._HOLD, directory_snapshots._HOLD_LIVE])
def test_a_generation_being_written_cannot_be_swept_away_on_postgresql(statement) -> None:
    """Without the lock a sweep between reading and writing makes the write fail; SQLite's transactions take turns."""
    assert str(statement.compile(dialect=postgresql.dialect())).endswith("FOR KEY SHARE")


def test_threads_that_read_together_leave_one_whole_directory(engine: Engine, in_threads) -> None:
    in_threads(4, lambda n: directory_snapshots.replace(engine, people(BATCH + n, f"t{n}-"), NAMES, now=float(n)))
    winner = round(learners.state(engine).refreshed_at or 0)
    assert [bool(ids(engine, f"t{n}-1")) for n in range(4)] == [n == winner for n in range(4)]
    assert rows(engine) == (1, BATCH + winner, BATCH + winner)


def test_what_a_killed_process_left_is_swept_by_the_next_reading(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO generation (read_at, learners) VALUES (1, 0)"))
        connection.execute(text("INSERT INTO learner SELECT id, 5, true, '{}' FROM generation"))
    directory_snapshots.replace(engine, [ANA], NAMES, now=5.0)
    assert rows(engine) == (1, 1, 2)


def test_a_written_learner_is_found_at_once_by_the_new_id_and_not_by_the_old(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA, BO], NAMES, now=5.0)
    directory_snapshots.put(engine, [Learner(1, False, {"username": "Anna"})], NAMES)
    directory_snapshots.put(engine, [Learner(3, True, {"employeeId": "E-3"})], NAMES)
    assert (ids(engine, "ana"), ids(engine, "e-1"), ids(engine, "anna"), ids(engine, "e-3")) == ([], [], [1], [3])
    assert learners.learner(engine, 1) == Learner(1, False, {"username": "Anna"})
    assert learners.learner(engine, 2) == BO


@pytest.mark.parametrize("passed", [0, BATCH + 1])
def test_a_learner_written_during_a_reading_is_not_undone_by_it(engine: Engine, passed: int) -> None:
    """Whether the reading has stored the learner's old state before the change, or comes to it afterwards."""

    def slow() -> Iterator[Learner]:
        others = [Learner(n, True, {}) for n in range(10, 10 + passed)]
        yield from [ANA, *others] if passed else others
        directory_snapshots.put(engine, [Learner(1, True, {"username": "Anna"})], NAMES)
        yield from [] if passed else [ANA]

    directory_snapshots.replace(engine, [ANA], NAMES, now=5.0)
    directory_snapshots.replace(engine, slow(), NAMES, now=6.0)
    assert (ids(engine, "ana"), ids(engine, "e-1"), ids(engine, "anna")) == ([], [], [1])


def test_threads_that_write_one_learner_leave_one_of_their_states(engine: Engine, in_threads) -> None:
    directory_snapshots.replace(engine, [BO], NAMES, now=5.0)
    in_threads(8, lambda n: directory_snapshots.put(engine, [Learner(1, True, {"username": f"a{n}"})], NAMES))
    found = [n for n in range(8) if ids(engine, f"a{n}")]
    assert len(found) == 1
    assert learners.learner(engine, 1) == Learner(1, True, {"username": f"a{found[0]}"})


def test_a_refresh_is_claimed_once_in_each_period(engine: Engine) -> None:
    claims = [learners.claim_refresh(engine, now=now, every=30.0) for now in (100.0, 100.0, 129.9, 130.0, 131.0)]
    assert claims == [True, False, False, True, False]


def test_a_claimed_refresh_counts_as_settled_only_when_a_reading_has_ended(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA], NAMES, now=5.0)
    learners.claim_refresh(engine, now=5.0, every=30.0)
    assert not learners.state(engine).settled
    directory_snapshots.replace(engine, [ANA], NAMES, now=5.0)
    assert learners.state(engine).settled


def test_a_clock_set_back_does_not_stop_refreshes(engine: Engine) -> None:
    assert learners.claim_refresh(engine, now=1_000_000.0, every=30.0)
    assert not learners.claim_refresh(engine, now=999_999.0, every=30.0)
    assert learners.claim_refresh(engine, now=500.0, every=30.0)


def test_of_many_processes_exactly_one_claims_the_refresh(database_url: str, in_processes) -> None:
    assert in_processes("claim", database_url, 4, 50) == [1] * 50


Act = Callable[[Engine, list[Learner], Callable[[], object]], object]


def _read(engine: Engine, listed: list[Learner], first: Callable[[], object]) -> None:
    def reading() -> Iterator[Learner]:
        first()
        yield from listed

    directory_snapshots.replace(engine, reading(), NAMES, now=6.0)


def _put(engine: Engine, listed: list[Learner], first: Callable[[], object]) -> None:
    first()
    directory_snapshots.put(engine, listed, NAMES)


def _against_one_in_ascending_order(engine: Engine, act: Act, listed: list[Learner], rows: list[str]) -> None:
    """`act` meets the first of `rows` in a transaction that writes the second one when `act` waits for it.

    Each row is of the newest generation. PostgreSQL ends one of the two as soon as both wait.
    """
    directory_snapshots.replace(engine, [], NAMES, now=5.0)
    with autocommit(engine) as connection:
        connection.execute(text("UPDATE generation SET made_with = ''"))  # so that a reading is written whole

    def write(row: str) -> None:
        other.execute(text(f"INSERT INTO {row} FROM generation"))

    with ThreadPoolExecutor() as threads:
        with engine.begin() as other, autocommit(engine) as watch:
            acting = threads.submit(act, engine, listed, lambda: write(rows[0]))
            while not watch.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
                assert not acting.done(), acting.exception()
            write(rows[1])
        acting.result()


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("act", [_read, _put])
@pytest.mark.parametrize("listed", [[ANA, BO], [BO, ANA]], ids=["ascending", "descending"])
def test_two_who_write_the_same_learners_never_wait_for_each_other(
    engine: Engine, act: Act, listed: list[Learner]
) -> None:
    rows = [f"learner SELECT max(id), {person.user_id}, true, '{{}}'" for person in (ANA, BO)]
    _against_one_in_ascending_order(engine, act, listed, rows)
    assert [bool(learners.learner(engine, person.user_id)) for person in (ANA, BO)] == [True, True]


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_who_write_the_same_hints_never_wait_for_each_other(engine: Engine) -> None:
    higher, lower = sorted(("Ana", "Bo"), key=lambda name: -(search_keys.name_key(name, "") or 0))
    people = [Learner(1, True, {"firstName": higher}), Learner(2, True, {"firstName": lower})]
    rows = [f"hint SELECT max(id), {search_keys.name_key(name, '')}, {n}" for n, name in ((2, lower), (1, higher))]
    _against_one_in_ascending_order(engine, _put, people, rows)
    assert learners.by_search_key(engine, search_keys.name_key(lower, ""), 5) == [people[1]]
