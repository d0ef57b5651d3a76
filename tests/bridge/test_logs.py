"""The log: one line for each event, which nobody outside can write, and which a machine can read."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from bridge import logs

LOG = logging.getLogger("bridge.of-a-test")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("bridge", "adapters", "gunicorn"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def written(shape: str, brief: tuple[type[BaseException], ...] = ()) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(shape, brief=brief, stream=stream)
    return stream


def test_a_line_has_a_time_with_its_zone_and_the_request_and_the_fields() -> None:
    stream = written("text")
    with logs.answering("of-this-request"):
        logs.event(LOG, "launch", connection="campus", outcome="matched", reason="", reference="7K3M-9QXT")
    (line,) = stream.getvalue().splitlines()
    assert datetime.fromisoformat(line.split()[0]).utcoffset() is not None
    assert line.split(" ", 1)[1] == (
        "INFO bridge.of-a-test request=of-this-request "
        "launch connection=campus outcome=matched reason=- reference=7K3M-9QXT"
    )


def test_a_machine_finds_each_field_by_its_name() -> None:
    stream = written("json")
    with logs.answering("of-this-request"):
        logs.event(LOG, "launch", connection="campus", ms=12, reference="7K3M-9QXT", level=logging.ERROR)
    line = json.loads(stream.getvalue())
    assert datetime.fromisoformat(line["time"]).utcoffset() is not None
    assert {name: line[name] for name in ("level", "request", "connection", "ms", "reference")} == {
        "level": "ERROR",
        "request": "of-this-request",
        "connection": "campus",
        "ms": 12,
        "reference": "7K3M-9QXT",
    }


@pytest.mark.parametrize("shape", logs.FORMATS)
@pytest.mark.parametrize("bad", ["a\nb outcome=matched", "a\x1b[2Jb", "a\u2028b", 'a" outcome="matched', "a b=c"])
def test_nobody_writes_a_line_or_a_field_of_their_own(shape: str, bad: str) -> None:
    stream = written(shape)
    logs.event(LOG, "request refused", asked=bad, outcome="rejected")
    LOG.warning("by hand: %s", bad)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u2028]", stream.getvalue().replace("\n", ""))
    if shape == "json":
        assert (json.loads(lines[0])["outcome"], json.loads(lines[0])["asked"]) == ("rejected", bad)
    else:
        assert "outcome=rejected" in lines[0].rpartition('"')[2]


@pytest.mark.parametrize("shape", logs.FORMATS)
def test_faults_of_other_systems_are_one_line_and_mistakes_of_ours_have_their_traceback(shape: str) -> None:
    stream = written(shape, brief=(ConnectionError,))
    for error in (ConnectionError("it is away\nwith a row that failed"), KeyError("ours")):
        LOG.error("it failed", exc_info=error)
    first, rest = stream.getvalue().split("\n", 1)
    assert "it is away" in first
    assert "row that failed" not in first
    assert "KeyError" not in first
    assert "KeyError" in (json.loads(rest)["traceback"] if shape == "json" else rest.split("\n", 1)[1])


def test_a_request_knows_whether_the_log_says_how_it_ended() -> None:
    written("text")
    assert not logs.is_logged()
    with logs.answering("one"):
        assert not logs.is_logged()
        logs.event(LOG, "launch")
        assert logs.is_logged()
    with logs.answering("another"):
        assert not logs.is_logged()


def test_other_libraries_only_warn() -> None:
    stream = written("text")
    logging.getLogger("urllib3").info("Starting new HTTPS connection: token=secret")
    LOG.info("ours")
    assert "secret" not in stream.getvalue()
    assert "ours" in stream.getvalue()
