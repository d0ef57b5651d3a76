from __future__ import annotations

from sqlalchemy import Engine

from bridge.store import connections
from bridge.store.connections import StoredConnection

ROW = StoredConnection("campus", "moodle", '{"student_id": "idnumber"}', 1_800_000_000.0)
HERE = ("https://lms.example.edu", "client-1")


def test_a_registered_connection_is_found_by_every_process(engine: Engine) -> None:
    assert connections.add(engine, ROW)
    assert connections.find(engine, "campus") == ROW
    assert connections.find(engine, "Campus") is None
    assert connections.every(engine) == [ROW]


def test_a_second_registration_does_not_replace_the_first(engine: Engine) -> None:
    connections.add(engine, ROW)
    assert not connections.add(engine, ROW._replace(adapter="canvas"))
    assert connections.find(engine, "campus") == ROW


def test_a_removed_connection_leaves_no_deployment_for_a_later_one(engine: Engine) -> None:
    connections.add(engine, ROW)
    connections.learn_deployment(engine, "campus", HERE, "7", 1.0)
    assert connections.remove(engine, "campus")
    assert connections.find(engine, "campus") is None
    assert connections.deployments(engine, "campus") == []
    assert not connections.remove(engine, "campus")


def test_a_deployment_is_new_once(engine: Engine) -> None:
    learned = [connections.learn_deployment(engine, "campus", HERE, "7", float(now)) for now in range(3)]
    assert learned == [True, False, False]
    assert connections.deployments(engine, "campus") == ["7"]


def test_what_was_learned_of_one_platform_is_not_believed_of_another(engine: Engine) -> None:
    connections.learn_deployment(engine, "campus", HERE, "7", 1.0)
    assert connections.learn_deployment(engine, "campus", ("https://other.example.edu", "client-1"), "7", 2.0)
    assert connections.learn_deployment(engine, "campus", (HERE[0], "client-2"), "7", 3.0)
    assert connections.learn_deployment(engine, "other", HERE, "7", 4.0)


def test_a_deployment_cannot_borrow_letters_from_a_client_id(engine: Engine) -> None:
    connections.learn_deployment(engine, "campus", (HERE[0], "client-1"), "7", 1.0)
    assert connections.learn_deployment(engine, "campus", (HERE[0], "client-"), "17", 2.0)


def test_deployments_are_told_apart_letter_by_letter(engine: Engine) -> None:
    for number, deployment in enumerate(("1:a", "1:A", "11:a")):
        assert connections.learn_deployment(engine, "campus", HERE, deployment, float(number))
    assert connections.deployments(engine, "campus") == ["1:a", "1:A", "11:a"]
