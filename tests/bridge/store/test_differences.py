"""A list that is read again: only what differs is written, and nobody can tell by looking people up."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import Engine, event, text

from bridge.contracts import Learner
from bridge.store import differences, directory_snapshots, identity_lookup, learners, search_keys
from bridge.store.engine import autocommit

NAMES = ("username", "employeeId")
ANA = Learner(1, True, {"username": "Ana", "employeeId": "E-1", "firstName": "Ana", "lastName": "Lee"})
BO = Learner(2, False, {"username": "bo", "employeeId": "", "emailAddress": "bo@example.com"})
CY = Learner(3, True, {"username": "cy", "firstName": "Cy"})
SERVED = {
    "learner": "user_id, active, attributes",
    "username": "folded, user_id, attribute, value",
    "hint": "key, user_id",
}


def content(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is served, whatever the number of the generation."""
    found = {}
    with autocommit(engine) as connection:
        for table, columns in SERVED.items():
            rows = connection.execute(text(f"SELECT {columns} FROM {table}"))
            found[table] = sorted(tuple(map(str, row)) for row in rows)
        left = connection.execute(text("SELECT count(*) FROM generation")).scalar_one()
    return {**found, "generations": [(left,)]}


def writes(engine: Engine, act: Callable[[], object]) -> list[str]:
    """The tables that statements of `act` wrote rows of people into."""
    found: list[str] = []

    def note(*arguments: object) -> None:
        words = str(arguments[2]).replace('"', "").split()
        table = words[2] if words[0] in {"INSERT", "DELETE"} else words[1]
        if words[0] != "SELECT" and table in SERVED:
            found.append(f"{words[0]} {table}")

    event.listen(engine, "after_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "after_cursor_execute", note)
    return found


def test_a_list_that_has_not_changed_is_not_written_again(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA, BO], NAMES, now=5.0)
    before = content(engine)
    again = [BO, ANA._replace(attributes=dict(reversed(ANA.attributes.items())))]
    assert writes(engine, lambda: directory_snapshots.replace(engine, again, NAMES, now=6.0)) == ["DELETE hint"]
    assert content(engine) == before
    assert learners.state(engine) == (6.0, 2, True)


def test_of_a_list_with_one_change_one_learner_is_written(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA, BO, CY], NAMES, now=5.0)
    changed = ANA._replace(attributes={**ANA.attributes, "username": "Anna", "lastName": "Wu"})
    with autocommit(engine) as connection:
        connection.execute(text("UPDATE learner SET attributes = attributes || ' ' WHERE user_id <> 1"))
    directory_snapshots.replace(engine, [changed, BO, CY], NAMES, now=6.0)
    assert identity_lookup.candidates(engine, "ana") == []
    assert [c.learner for c in identity_lookup.candidates(engine, "anna")] == [changed]
    assert learners.by_search_key(engine, search_keys.name_key("Ana", "Lee"), 5) == []
    assert learners.by_search_key(engine, search_keys.name_key("Ana", "Wu"), 5) == [changed]
    with autocommit(engine) as connection:
        untouched = (
            "SELECT count(*) FROM learner WHERE attributes LIKE '% ' AND generation = (SELECT current FROM directory)"
        )
        assert connection.execute(text(untouched)).scalar_one() == 2


def test_whoever_is_set_inactive_in_ottolearn_is_inactive_here(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA, CY], NAMES, now=5.0)
    directory_snapshots.replace(engine, [ANA._replace(active=False), CY], NAMES, now=6.0)
    assert learners.learner(engine, 1) == ANA._replace(active=False)


def test_whoever_left_is_not_even_recognised(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA, BO, CY], NAMES, now=5.0)
    assert directory_snapshots.replace(engine, [ANA, BO], NAMES, now=6.0) == 2
    assert (learners.learner(engine, 3), identity_lookup.candidates(engine, "cy")) == (None, [])
    assert learners.by_search_key(engine, search_keys.name_key("Cy", ""), 5) == []


def test_a_change_that_breaks_off_is_not_half_there(engine: Engine) -> None:
    def broken() -> Iterator[Learner]:
        yield ANA._replace(active=False)
        yield Learner(9, True, {"username": "new"})
        raise ConnectionError

    directory_snapshots.replace(engine, [ANA, BO], NAMES, now=5.0)
    before = content(engine)
    with pytest.raises(ConnectionError):
        directory_snapshots.replace(engine, broken(), NAMES, now=6.0)
    assert content(engine) == before
    assert learners.state(engine).refreshed_at == 5.0


def test_a_changed_choice_of_username_attributes_reaches_people_who_have_not_changed(engine: Engine) -> None:
    directory_snapshots.replace(engine, [ANA], ("username",), now=5.0)
    directory_snapshots.replace(engine, [ANA], NAMES, now=6.0)
    assert [c.attribute for c in identity_lookup.candidates(engine, "e-1")] == ["employeeId"]


def test_a_new_version_finds_people_by_its_own_rules(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    directory_snapshots.replace(engine, [ANA], NAMES, now=5.0)
    with autocommit(engine) as connection:
        connection.execute(text("DELETE FROM username"))  # an older version knew no such rule
    monkeypatch.setattr(directory_snapshots, "__version__", "later")
    directory_snapshots.replace(engine, [ANA], NAMES, now=6.0)
    assert len(identity_lookup.candidates(engine, "ana")) == 1


def some_people(chosen: random.Random) -> list[Learner]:
    """A list with people who come, go, change and share values; some of them stand in it twice."""
    people = []
    for user_id in chosen.sample(range(1, 60), 40):
        name = chosen.choice(["Ana", "Bo", "Cy"])
        attributes = {"username": f"u{user_id}", "firstName": name, "emailAddress": f"{name}{user_id % 7}@example.com"}
        people.append(Learner(user_id, chosen.random() < 0.9, attributes))
    return people + [person._replace(active=not person.active) for person in chosen.sample(people, 5)]


def some_changes(chosen: random.Random, people: Sequence[Learner]) -> list[Learner]:
    kept = [person for person in people if chosen.random() < 0.95]
    return [
        person._replace(attributes={**person.attributes, "username": f"v{person.user_id}"})
        if chosen.random() < 0.1
        else person
        for person in kept
    ]


@pytest.mark.parametrize("most", [0, 2, 20, 1000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_readings_one_after_the_other_leave_what_the_last_one_alone_would(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, most: int, seed: int
) -> None:
    monkeypatch.setattr(differences, "MOST", most)
    monkeypatch.setattr(differences, "COMPARED", 7)
    chosen = random.Random(seed)
    people = some_people(chosen)
    for turn in range(3):
        people = some_changes(chosen, people) if turn else people
        count = directory_snapshots.replace(engine, people, NAMES, now=float(turn))
        assert count == len({person.user_id for person in people})
    found = content(engine)
    with autocommit(engine) as connection:
        connection.execute(text("UPDATE generation SET made_with = ''"))
    directory_snapshots.replace(engine, people, NAMES, now=9.0)  # written whole
    assert content(engine) == found


def test_learners_written_while_lists_are_compared_keep_what_was_written_last(
    engine: Engine, in_threads: Callable
) -> None:
    """Of each user a thread writes ever higher numbers; the lists name older ones, and users who are gone."""
    everybody = [Learner(n, True, {"username": f"u{n}", "number": "0"}) for n in range(1, 13)]
    directory_snapshots.replace(engine, everybody, NAMES, now=0.0)
    last = dict.fromkeys(range(1, 13), 0)

    def act(thread: int) -> None:
        chosen = random.Random(thread)
        for turn in range(1, 15):
            if thread == 0:
                # asked from OttoLearn now: nothing older than what was written before it was asked
                listed = chosen.sample(sorted(last), 12)
                people = (Learner(n, True, {"username": f"u{n}", "number": str(last[n])}) for n in listed)
                directory_snapshots.replace(engine, people, NAMES, now=float(turn))
            else:
                mine = [n for n in last if n % 3 == thread - 1]
                written = [Learner(n, True, {"username": f"u{n}", "number": str(turn)}) for n in mine]
                chosen.shuffle(written)
                directory_snapshots.put(engine, written, NAMES)
                last.update(dict.fromkeys(mine, turn))

    in_threads(4, act)
    assert {n: int(found.attributes["number"]) for n in last if (found := learners.learner(engine, n))} == last
