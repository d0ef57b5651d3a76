"""JSON as systems really send it: what belongs to an answer is read, everything else is told for what it is."""

from __future__ import annotations

import msgspec
import pytest

from bridge.net import answers

GOOD = b'{"users":[{"id":1}]}'
NOTICE = b"<br />\n<b>Deprecated</b>:  Optional parameter in <b>/srv/x/lib.php</b> on line <b>7</b><br />\n"
WAF = b"<!DOCTYPE html><title>Just a moment...</title>"


class Person(msgspec.Struct):
    name: str = ""


PEOPLE = msgspec.json.Decoder(list[Person])


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert answers.read(answers.BOM + GOOD) == {"users": [{"id": 1}]}
    assert answers.read_as(PEOPLE, answers.BOM + b'[{"name": "x"}]') == [Person("x")]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (NOTICE + GOOD, answers.BEFORE),
        (b"PHP Notice: x [1] in y\n" + GOOD, answers.BEFORE),
        (GOOD + b"\ndataflow/3.DEBUG: shutdown handler was called [] []\n", answers.AFTER),
        (GOOD + b"<script>1</script>", answers.AFTER),
        (GOOD[:-3], answers.CUT),
        (b"[" * 100_000, answers.CUT),
        (b"[" * 100_000 + b"x" + GOOD, answers.CUT),
        (WAF, answers.PAGE),
        (answers.BOM + b"\n <HTML>" + GOOD, answers.PAGE),
        (b"<!-- theme -->\n<html>", answers.PAGE),
        (b"", answers.EMPTY),
        (b" \n", answers.EMPTY),
        (b"\xff", answers.OTHER),
        (b'<?xml version="1.0"?><EXCEPTION/>', answers.OTHER),
        (b"debug: " + GOOD[:-3], answers.OTHER),
        (b"{ " * 1000 + GOOD + b"x", answers.CUT),
    ],
)
def test_nothing_is_cut_out_of_a_broken_answer(body: bytes, kind: str) -> None:
    with pytest.raises(answers.NotJson) as caught:
        answers.read(body)
    assert (caught.value.kind, str(caught.value)) == (kind, answers.WORDS[kind])


@pytest.mark.parametrize("body", [b"<!---->" * 600, b"<!--" * 1000, b"<!-- -->  " * 400, b" " * 5000])
def test_no_answer_is_looked_at_without_end(body: bytes) -> None:
    assert not answers.is_page(body)


def test_a_web_page_is_told_beside_its_status() -> None:
    assert "a firewall" in answers.body_excerpt(WAF)
    assert answers.body_excerpt(b'{"error": "<html>"}') == answers.body_excerpt(b"") == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"Jo \\ud83d"', "Jo \ufffd"),
        (b'"Jo \\udc4d x"', "Jo \ufffd x"),
        (b'"\\ud83d\\ud83d\\udc4d"', "\ufffd\U0001f44d"),
        (b'"\\\\ud83d \\ud83d"', "\\ud83d \ufffd"),
        (b'"Mu\xf1oz"', "Mu\ufffdoz"),
        (b'"\xed\xa0\xbd"', "\ufffd\ufffd\ufffd"),
    ],
)
def test_one_name_that_cannot_be_decoded_holds_nobody_up(written: bytes, read: str) -> None:
    body = b'[{"name": ' + written + b'}, {"name": "Ana"}]'
    assert answers.read(body) == [{"name": read}, {"name": "Ana"}]
    assert answers.read_as(PEOPLE, body) == [Person(read), Person("Ana")]


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_a_number_that_is_none_says_nothing(number: bytes) -> None:
    body = b'[{"name": ' + number + b', "id": 1.5}, {"name": "Ana"}]'
    assert answers.read(body) == [{"id": 1.5}, {"name": "Ana"}]
    assert answers.read_as(PEOPLE, body) == [Person(), Person("Ana")]


@pytest.mark.parametrize("body", [b'{"name": "x"}', b'[{"name": 5}]', b'[{"name": 5, "x": NaN}]', b"null"])
def test_json_of_another_shape_is_told_from_what_is_none(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        answers.read_as(PEOPLE, body)
