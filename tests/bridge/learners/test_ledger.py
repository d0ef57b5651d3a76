"""A string is not a person: what the ledger lets in, what it holds, and what only a command can change."""

from __future__ import annotations

import threading

import msgspec
import pytest
from sqlalchemy import Engine

from bridge.contracts import Kind
from bridge.errors import LaunchRejected
from bridge.learners import persons
from bridge.learners.ledger import Ledger
from bridge.learners.matching import undisputed
from bridge.store import aliases, disputes, people, sync_items, sync_people, sync_runs
from bridge.store.identity_lookup import LaunchIdentity
from bridge.store.people import Origin, Person
from bridge.store.sync_items import Content, Item, State
from bridge.store.sync_items import Kind as ItemKind

DAY = 86_400.0


class Namespace:
    """One LMS, of which people come with a record and an ID."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.now = 1000.0
        self.ignore_case = False
        self.ledger = Ledger(engine, lambda: self.now)

    def enter(self, record: str, student_id: str, user_id: int, kind: Kind = Kind.LTI13, name: str = "campus") -> str:
        """Why the person of `record` does not enter as `user_id`; empty where they do."""
        self.now += 1
        identity = self.identity(record, student_id, kind, name)
        try:
            self.ledger.confirm(identity, undisputed(self.engine, identity), user_id)
        except LaunchRejected as error:
            return error.reason
        return ""

    def identity(self, record: str, student_id: str, kind: Kind = Kind.LTI13, name: str = "campus") -> LaunchIdentity:
        return LaunchIdentity(name, kind, record, student_id, student_id, self.ignore_case)

    def link(self, student_id: str, user_id: int) -> None:
        self.now += 1
        aliases.put(self.engine, "campus", student_id, user_id, now=self.now)

    def keep_by_roster(self, record: str, student_id: str, user_id: int) -> None:
        row = Person("campus", "lti13", record, student_id, user_id, Origin.ROSTER, 1.0, 1.0, 1.0)
        with self.engine.begin() as connection:
            people.upsert(connection, [row])

    def dispute(self, student_id: str, reason: str) -> None:
        source = sync_people.source_id(self.engine, "campus")
        run = sync_runs.begin(self.engine, source, now=self.now, full=True, settings="")
        item = Item(1, ItemKind.CONFLICT, State.NOTED, reason, student_id, student_id, None, b"", Content())
        with self.engine.begin() as connection:
            sync_items.add(connection, run, [item])
            disputes.replace(connection, "campus", run, whole=True)


def person(record: str, student_id: str, user_id: int) -> Person:
    return Person("campus", "lti13", record, student_id, user_id, Origin.LAUNCH, 5.0, 5.0, 5.0)


@pytest.fixture
def namespace(engine: Engine) -> Namespace:
    return Namespace(engine)


def test_the_same_person_enters_again_and_again(namespace: Namespace) -> None:
    assert [namespace.enter("r1", "A1", 1) for _ in range(3)] == ["", "", ""]


def test_two_people_with_one_id_do_not_both_enter_one_account(namespace: Namespace) -> None:
    assert namespace.enter("r1", "A1", 1) == ""
    assert namespace.enter("r2", "A1", 1) == "identity_of_another"
    assert namespace.enter("r1", "A1", 1) == ""


def test_a_record_that_comes_with_another_id_waits_for_an_administrator(namespace: Namespace) -> None:
    assert namespace.enter("r1", "A1", 1) == ""
    assert namespace.enter("r1", "B2", 2) == "identity_changed"
    assert namespace.enter("r1", "A1", 1) == ""


def test_a_swap_of_two_ids_lets_neither_into_the_other_s_account(namespace: Namespace) -> None:
    assert [namespace.enter("r1", "A1", 1), namespace.enter("r2", "B2", 2)] == ["", ""]
    assert [namespace.enter("r1", "B2", 2), namespace.enter("r2", "A1", 1)] == ["identity_changed", "identity_changed"]


def test_an_id_passed_on_opens_nobody_s_account_to_whoever_has_it_now(namespace: Namespace) -> None:
    namespace.enter("old", "A1", 1)
    assert namespace.enter("new", "A1", 1) == "identity_of_another"


def test_a_changed_id_of_the_same_user_is_no_change_of_person(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    assert namespace.enter("r1", "A1-new", 1) == ""
    assert namespace.enter("r1", "A1-new", 1) == ""


def test_an_id_that_ottolearn_moved_to_a_user_who_is_nobody_yet_goes_with_it(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    assert namespace.enter("r1", "A1", 9) == ""
    assert namespace.enter("r2", "A1", 9) == "identity_of_another"


def test_a_known_record_with_an_id_that_nobody_has_is_not_called_unknown(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    identity = namespace.identity("r1", "typo")
    with pytest.raises(LaunchRejected, match="identity_changed"):
        namespace.ledger.require_no_other_id(identity, undisputed(namespace.engine, identity))


def test_each_namespace_and_each_connection_names_people_in_its_own_way(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    assert namespace.enter("r1", "B2", 2, Kind.LTI11) == ""
    assert namespace.enter("r1", "C3", 3, name="other") == ""


def test_a_launch_without_a_record_is_held_against_nobody(namespace: Namespace) -> None:
    assert [namespace.enter("", "A1", 1), namespace.enter("", "B2", 1)] == ["", ""]
    assert people.listed(namespace.engine, "campus", user_id=1) == []


@pytest.mark.parametrize("linked", ["A1", "B2"])
def test_a_link_gives_nobody_the_account_of_another_record(namespace: Namespace, linked: str) -> None:
    namespace.enter("r1", "A1", 1)
    namespace.link(linked, 1)
    assert namespace.enter("r2", linked, 1) == "identity_of_another"
    assert namespace.enter("r1", "A1", 1) == ""
    assert [one.record for one in persons.release(namespace.engine, "campus", "A1")] == ["r1"]
    assert namespace.enter("r2", linked, 1) == ""


def test_a_link_makes_nobody_of_a_record_that_is_somebody_else(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    namespace.link("B2", 2)
    assert namespace.enter("r1", "B2", 2) == "identity_changed"
    assert namespace.enter("r2", "B2", 2) == ""


def test_a_released_record_begins_anew(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    assert people.release(namespace.engine, "campus", [("lti13", "r1")]) == 1
    assert namespace.enter("r2", "A1", 1) == ""


@pytest.mark.parametrize("reason", disputes.REASONS)
def test_an_id_in_dispute_on_the_roster_lets_neither_in(namespace: Namespace, reason: str) -> None:
    namespace.enter("r1", "A1", 1)
    namespace.dispute("A1", reason)
    assert [namespace.enter("r1", "A1", 1), namespace.enter("r2", "A1", 1)] == ["identity_disputed"] * 2
    namespace.link("A1", 1)
    assert namespace.enter("r2", "A1", 1) == "identity_disputed"
    assert namespace.enter("r3", "C3", 3) == ""


def test_what_a_roster_cannot_settle_in_ottolearn_keeps_nobody_out(namespace: Namespace) -> None:
    namespace.dispute("A1", "taken")
    assert namespace.enter("r1", "A1", 1) == ""


def test_only_a_roster_vouches_for_a_claim_and_only_for_this_record_and_id(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    assert not namespace.ledger.is_from_roster(namespace.identity("r1", "A1"))
    namespace.keep_by_roster("r2", "B2", 2)
    assert namespace.ledger.is_from_roster(namespace.identity("r2", "B2"))
    assert not namespace.ledger.is_from_roster(namespace.identity("r2", "A1"))
    assert not namespace.ledger.is_from_roster(namespace.identity("r3", "B2"))
    assert not namespace.ledger.is_from_roster(namespace.identity("", "B2"))


def test_a_long_or_odd_record_is_kept_and_told_apart(namespace: Namespace) -> None:
    assert [namespace.enter("x" * 300, "A1", 1), namespace.enter("x" * 301, "B2", 2)] == ["", ""]
    assert namespace.enter("a\x00b", "C3", 3) == ""
    assert namespace.enter("x" * 300, "B2", 2) == "identity_changed"


def test_that_somebody_was_seen_is_written_once_a_day(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    (first,) = people.listed(namespace.engine, "campus", user_id=1)
    namespace.enter("r1", "A1", 1)
    assert people.listed(namespace.engine, "campus", user_id=1) == [first]
    namespace.now += DAY
    namespace.enter("r1", "A1", 1)
    (later,) = people.listed(namespace.engine, "campus", user_id=1)
    assert (later.last_seen, later.bound_at) == (namespace.now, first.bound_at)


def test_of_two_records_at_once_one_becomes_the_user(namespace: Namespace) -> None:
    barrier, found = threading.Barrier(8), []

    def come(number: int) -> None:
        identity = namespace.identity(f"r{number}", "A1")
        known = undisputed(namespace.engine, identity)
        barrier.wait()
        try:
            namespace.ledger.confirm(identity, known, 1)
            found.append("")
        except LaunchRejected as error:
            found.append(error.reason)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [""] + ["identity_of_another"] * 7


def test_a_released_id_lets_go_of_nobody_whose_record_is_called_so(namespace: Namespace) -> None:
    namespace.enter("7", "A1", 1)
    namespace.enter("r2", "7", 2)
    namespace.dispute("A1", "duplicate")
    assert [one.record for one in persons.release(namespace.engine, "campus", "7")] == ["r2"]
    assert namespace.enter("7", "A1", 1) == "identity_disputed"
    assert people.of_user(namespace.engine, "campus", "lti13", 1) is not None


def test_a_record_called_like_an_id_that_nobody_has_is_named_before_it_is_let_go(namespace: Namespace) -> None:
    namespace.enter("7", "A1", 1)
    with pytest.raises(persons.PersonRefused, match="--record 7 --namespace lti13, with the ID A1"):
        persons.release(namespace.engine, "campus", "7")
    assert [one.student_id for one in persons.release(namespace.engine, "campus", record="7")] == ["A1"]


def test_an_id_of_two_people_lets_go_of_neither(namespace: Namespace) -> None:
    namespace.enter("7", "A1", 1)
    namespace.enter("7", "A1", 2, Kind.LTI11)
    for named in ({"student_id": "A1"}, {"record": "7"}):
        with pytest.raises(persons.PersonRefused, match="--record 7 --namespace lti11") as refused:
            persons.release(namespace.engine, "campus", **named)
        assert "--record 7 --namespace lti13" in str(refused.value)
    assert [one.user_id for one in persons.release(namespace.engine, "campus", record="7", namespace="lti11")] == [2]
    assert people.of_user(namespace.engine, "campus", "lti13", 1) is not None


def test_one_person_who_comes_by_two_namespaces_is_let_go_of_at_both(namespace: Namespace) -> None:
    namespace.enter("7", "A1", 1)
    namespace.enter("u-7", "A1", 1, Kind.LTI11)
    assert len(persons.release(namespace.engine, "campus", "A1")) == 2


def test_letter_case_makes_nobody_another_person_where_it_does_not_count(namespace: Namespace) -> None:
    namespace.keep_by_roster("r1", "ABC-9", 1)
    namespace.ignore_case = True
    assert [namespace.enter("r1", sent, 1) for sent in ("abc-9", "ABC-9")] == ["", ""]
    assert namespace.enter("r1", "aBc-9", 2) == ""
    assert namespace.ledger.is_from_roster(namespace.identity("r1", "abc-9"))
    namespace.ignore_case = False
    assert namespace.enter("r1", "abc-9X", 3) == "identity_changed"
    assert not namespace.ledger.is_from_roster(namespace.identity("r1", "AbC-9"))


@pytest.mark.parametrize("renamed", [False, True])
def test_an_id_that_no_roster_named_is_no_roster_s_word(namespace: Namespace, renamed: bool) -> None:
    namespace.keep_by_roster("r1", "A1", 1)
    if renamed:
        people.rename(namespace.engine, "campus", 1, "B2", now=namespace.now)
    else:
        assert namespace.enter("r1", "B2", 1) == ""
    assert not namespace.ledger.is_from_roster(namespace.identity("r1", "B2"))
    assert people.listed(namespace.engine, "campus", user_id=1)[0].origin == ("administrator" if renamed else "launch")


def test_a_roster_s_word_holds_though_ottolearn_moved_the_id(namespace: Namespace) -> None:
    namespace.keep_by_roster("r1", "A1", 1)
    assert namespace.enter("r1", "A1", 9) == ""
    assert namespace.ledger.is_from_roster(namespace.identity("r1", "A1"))


def test_who_is_refused_has_changed_nothing(namespace: Namespace) -> None:
    namespace.enter("r1", "A1", 1)
    namespace.enter("r2", "B2", 2)
    before = people.listed(namespace.engine, "campus", student_id="A1", record="r2")
    stale = msgspec.structs.replace(before[0], bound_at=0.5)
    for wanted, known in ((person("r2", "A1", 1), before[1]), (person("r3", "A1", 1), None), (before[0], stale)):
        assert not people.bind(namespace.engine, wanted, known)
    assert people.listed(namespace.engine, "campus", student_id="A1", record="r2") == before
