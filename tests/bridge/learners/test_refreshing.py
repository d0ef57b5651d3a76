"""The schedule on which the directory is read: by one process at a time, and never ended by a failure."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import Engine

from bridge.contracts import Learner
from bridge.errors import RemoteUnavailable
from bridge.learners.directory import Directory
from bridge.learners.refreshing import learner_list_reader, refresh_if_due


class World:
    def __init__(self, engine: Engine) -> None:
        self.now = 1000.0
        self.reads = 0
        self.failure: Exception | None = None
        self.engine = engine

    def read(self) -> list[Learner]:
        self.reads += 1
        if self.failure:
            raise self.failure
        return [Learner(1, True, {"username": "a"})]

    def process(self) -> Directory:
        return Directory(self.engine, ("username",), self.read, lambda: self.now, every=30)


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


def test_the_list_is_read_when_it_is_old_and_not_before(world: World) -> None:
    directory = world.process()
    assert refresh_if_due(directory, 3600)
    world.now += 3599
    assert not refresh_if_due(directory, 3600)
    world.now += 1
    assert refresh_if_due(directory, 3600)
    assert world.reads == 2


def test_of_several_processes_one_reads(world: World) -> None:
    one, other = world.process(), world.process()
    assert one.claim()
    assert not refresh_if_due(other, 3600)
    assert world.reads == 0


@pytest.mark.parametrize("failure", [RemoteUnavailable("down"), ValueError("a defect")])
def test_a_failure_is_logged_and_tried_again_a_little_later(world: World, failure: Exception, caplog) -> None:
    directory = world.process()
    world.failure = failure
    with caplog.at_level(logging.WARNING):
        assert not refresh_if_due(directory, 3600)
    assert "OttoLearn's users" in caplog.text
    world.failure = None
    assert not refresh_if_due(directory, 3600)
    world.now += 30
    assert refresh_if_due(directory, 3600)


def test_records_that_are_left_out_are_told_by_reason_without_their_content(caplog) -> None:
    class Api:
        def read_learners(self, skipped, *, timeout):
            skipped.add(1, "the id is not a whole number")
            skipped.add(2, "the id is not a whole number")
            yield Learner(1, True, {})

    with caplog.at_level(logging.WARNING):
        assert len(list(learner_list_reader(Api())())) == 1
    assert "2 record(s) left out: the id is not a whole number" in caplog.text
