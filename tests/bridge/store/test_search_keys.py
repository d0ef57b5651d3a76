"""A search key that is lost, or comes back for somebody else, explains nothing to the administrator."""

from __future__ import annotations

import pytest

from bridge.contracts import Learner
from bridge.store import search_keys

NUMBER = 3_000


def somebody(number: int) -> Learner:
    return Learner(number, True, {"firstName": f"Given{number}", "lastName": "Family", "emailAddress": f"{number}@x"})


def test_hints_come_back_whole_and_in_order_whether_they_waited_in_memory_or_on_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_keys, "IN_MEMORY", 8)
    people = [somebody(number) for number in range(1, NUMBER + 1)]
    with search_keys.KeySorter() as sorter:
        for person in people:
            sorter.add(person, ["username"])
        found = [pair for batch in sorter.batches() for pair in batch]
    assert found == sorted(
        (key, person.user_id) for person in people for key in search_keys.of_learner(person, ["username"])
    )
    assert len(found) == 2 * NUMBER
