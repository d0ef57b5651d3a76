"""Whatever becomes of one answer in the middle of a list, nobody is missing, inactive or somebody else without a word.

Every member of an answer is taken away and replaced, by each kind of value, for every source; so are the whole body and
the status. What a source could truly say as well is named in `UNKNOWABLE`: limits, `must_include` and grace are for it.
"""

from __future__ import annotations

import copy
import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bridge.contracts import RECORD, RosterEnd
from bridge.errors import OttoBridgeError
from tests.adapters.sources import FILES, PEOPLE, SOURCES, Source
from tests.fakes.serving import Reply, Request

GONE = object()
VALUES = (GONE, None, "", "x", 0, 1, True, [], {}, 1.5)
BODIES = (b"", b"<!doctype html><title>Sign in</title>", b'{"a": [', b"null", b"ok", b"\xff\xfe", b"[" * 50_000)
STATUSES = (204, 302, 304, 400, 401, 403, 404, 410, 418)
INACTIVE: dict[str, tuple[object, ...]] = {
    "docebo": (0,),
    "absorb": (1,),
    "cornerstone": ("x", 0, 1, True),
    "moodle": (1,),
}
"""Values for which a person is truly inactive; Cornerstone's are not known, so that any but `active` is."""
UNKNOWABLE: dict[str, tuple[tuple[Any, ...], ...]] = {
    "brightspace": (("Items", 0),),
    "cornerstone": (("data", 0), ("nextPageToken",)),
    "canvas list": ((0,),),
    "canvas enrollments": ((0,), (0, "user", "id")),
    "canvas course": ((0,), (0, "id")),
    "moodle": ((0, "confirmed"),),
}
"""Places where somebody may be taken away so that the answer could be true: there is no total to compare with, the same
person may come twice in a Canvas course, and whoever has not confirmed an account in Moodle is not on its roster."""
Change = Callable[[Reply], Reply]


class Attacked:
    """A source of which one page is changed on its way, mostly the second."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._answer = source.server.answer
        self.pages: list[Reply] = []
        """Of the last reading, as they were before the change."""
        self.change: Change = lambda reply: reply
        source.server.answer = self.answer

    def answer(self, request: Request) -> Reply:
        reply = self._answer(request)
        if not self.source.is_page(request):
            return reply
        self.pages.append(reply)
        return self.change(reply) if len(self.pages) == self.source.attacked else reply

    def read(self) -> dict[str, tuple[str, bool]]:
        """Everybody by record: the student ID, and whether they are active."""
        self.pages.clear()
        found: dict[str, tuple[str, bool]] = {}
        end: RosterEnd | None = None
        read = self.source.adapter.read_roster
        assert read is not None
        for page in read(self.source.settings, self.source.context()):
            assert end is None
            if isinstance(page, RosterEnd):
                end = page
            else:
                found |= {one.fields[RECORD]: (one.student.student_id, one.active) for one in page}
        assert end is not None
        assert end.total == len(found)
        return found

    def suffered(self, change: Change) -> dict[str, tuple[str, bool]] | None:
        """What is read with a change; None where it is refused in words."""
        self.change = change
        try:
            return self.read()
        except OttoBridgeError:
            return None


@pytest.fixture(params=[*SOURCES, *FILES])
def attacked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Attacked]]:
    with (SOURCES | FILES)[request.param](tmp_path) as source:
        yield request.param, Attacked(source)


@pytest.fixture(params=SOURCES)
def paged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Attacked]:
    with SOURCES[request.param](tmp_path) as source:
        yield Attacked(source)


def places(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, of a list only the first one."""
    inner = document.items() if isinstance(document, dict) else enumerate(document[:1])
    for name, value in inner:
        yield (*above, name)
        if isinstance(value, dict | list):
            yield from places(value, (*above, name))


def put(place: tuple[Any, ...], value: object) -> Change:
    def change(reply: Reply) -> Reply:
        document = json.loads(reply.body)
        at = document
        for name in place[:-1]:
            at = at[name]
        if value is GONE:
            del at[place[-1]]
        else:
            at[place[-1]] = value
        return reply._replace(body=json.dumps(document).encode())

    return change


def alter(tag: str, value: object) -> Change:
    """The same for the first element of a name in XML."""

    def change(reply: Reply) -> Reply:
        root = etree.fromstring(reply.body)
        element = next(root.iter(tag))
        above = element.getparent()
        if value is GONE and above is not None:
            above.remove(element)
        elif value == [] and above is not None:
            above.append(copy.deepcopy(element))
        else:
            for child in element:
                element.remove(child)
            element.text = str(value)
        return reply._replace(body=etree.tostring(root))

    return change


def rewrite(column: int, value: object, rows: slice) -> Change:
    """The same for a column of CSV."""

    def change(reply: Reply) -> Reply:
        table = list(csv.reader(io.StringIO(reply.body.decode())))
        for row in table[rows]:
            row[column : column + 1] = [] if value is GONE else [str(value)]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(table)
        return reply._replace(body=text.getvalue().encode())

    return change


def changes(body: bytes) -> Iterator[tuple[tuple[Any, ...], object, Change]]:
    if body.startswith(b"canvas_user_id,"):
        for column, name in enumerate(body.decode().partition("\n")[0].split(",")):
            yield from (((name,), value, rewrite(column, value, slice(1, 2))) for value in VALUES)
            yield (name, "column"), "renamed", rewrite(column, "renamed", slice(1))
            yield (name, "column"), GONE, rewrite(column, GONE, slice(None))
    elif body.startswith(b"<"):
        tags = {str(element.tag): None for element in etree.fromstring(body).iter()}
        yield from (((tag,), value, alter(tag, value)) for tag in tags for value in VALUES)
    else:
        for place in places(json.loads(body)):
            yield from ((place, value, put(place, value)) for value in VALUES)


def test_a_changed_member_of_a_page_makes_nobody_gone_inactive_or_another(attacked: tuple[str, Attacked]) -> None:
    name, source = attacked
    truth = source.read()
    assert len(truth) == PEOPLE
    harmed = []
    for place, value, change in changes(source.pages[source.source.attacked - 1].body):
        found = source.suffered(change)
        if found is None or found == truth or (place in UNKNOWABLE.get(name, ()) and found.items() <= truth.items()):
            continue
        renamed = len(found) == len(truth) and len(found.items() - truth.items()) == 1
        active = all(is_active for _, is_active in found.values())
        if not renamed or not (active or value in INACTIVE.get(name, (False,))):
            harmed.append((place, value, found.items() ^ truth.items()))
    assert not harmed, harmed


def test_another_body_or_status_is_no_page(attacked: tuple[str, Attacked]) -> None:
    _, source = attacked
    truth = source.read()
    for body in BODIES:
        assert source.suffered(lambda reply, body=body: reply._replace(body=body)) is None, body  # type: ignore[misc]
    for status in STATUSES:
        found = source.suffered(lambda reply, status=status: reply._replace(status=status))  # type: ignore[misc]
        assert found in (None, truth), status


def test_a_page_that_comes_again_in_place_of_the_next_is_noticed(paged: Attacked) -> None:
    paged.read()
    first = paged.pages[0]
    assert paged.suffered(lambda _: first) is None


def test_pages_that_become_smaller_in_the_middle_leave_nobody_out_unnoticed(paged: Attacked) -> None:
    truth = paged.read()

    def shrink(reply: Reply) -> Reply:
        setattr(paged.source.server, paged.source.size, paged.source.smaller)
        return reply

    assert paged.suffered(shrink) in (None, truth)


def test_headers_that_a_proxy_drops_end_no_list(attacked: tuple[str, Attacked]) -> None:
    _, source = attacked
    truth = source.read()
    assert source.suffered(lambda reply: reply._replace(headers={})) in (None, truth)


def looked_up(source: Source, student_id: str) -> list[tuple[str, str, bool]]:
    """Who has the ID, each by record, ID and whether they are active."""
    assert source.adapter.look_up is not None
    found = source.adapter.look_up(source.settings, source.context(), student_id)
    return [(one.fields[RECORD], one.student.student_id, one.active) for one in found]


def test_a_changed_answer_to_a_look_up_is_one_person_or_told(attacked: tuple[str, Attacked]) -> None:
    """Never an error that nobody foresaw, while a learner waits, and never two people of one."""
    _, whole = attacked
    source, plain = whole.source, whole._answer
    record, (student_id, _) = sorted(whole.read().items())[-1]
    if source.adapter.look_up_lacks(source.settings):
        assert looked_up(source, student_id) == []
        return
    truth, replies = [(record, student_id, True)], list[Reply]()

    def keep(request: Request) -> Reply:
        replies.append(plain(request))
        return replies[-1]

    source.server.answer = keep
    assert looked_up(source, student_id) == truth
    harmed = []
    for number, reply in enumerate(list(replies)):
        attempts = [(place, value, change) for place, value, change in changes_of(reply)]
        attempts += [("body", body, lambda old, body=body: old._replace(body=body)) for body in BODIES]
        attempts += [("status", status, lambda old, status=status: old._replace(status=status)) for status in STATUSES]
        for place, value, change in attempts:
            count = itertools.count()
            source.server.answer = lambda request, count=count, change=change, number=number: (
                change(plain(request)) if next(count) == number else plain(request)
            )
            try:
                found = looked_up(source, student_id)
            except OttoBridgeError:
                continue
            if len(found) > 1:
                harmed.append((number, place, value, found))
    assert not harmed, harmed


def changes_of(reply: Reply) -> Iterator[tuple[Any, object, Change]]:
    try:
        yield from changes(reply.body)
    except (ValueError, etree.XMLSyntaxError):
        return
