"""What an address is taken for: nobody's host may be mistaken for another's."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from bridge.config.settings import WebAddress, origin, origin_or_empty

AMBIGUOUS = [
    "https://evil.test\\@lms.test/",
    "https://evil.test\\.lms.test/",
    "https://evil.test@lms.test/",
    "https://@lms.test/",
    "https://u:p@lms.test/",
    "https://lms.test .evil.test/",
    "https://lms.test\u3000/",
    " https://lms.test/",
    "https://lms.test/\tx",
    "https://lms.\ntest/",
    "ht\rtps://lms.test/",
    "https://lms.test/\x00",
    "https://lms.test/\x7f",
]
PLAIN = [
    "https://lms.test/a b",
    "https://lms.test/\\@evil.test",
    "https://lms.test?to=https://u@evil.test",
    "https://LMS.test:443/users/a@b.test",
]


@pytest.mark.parametrize("url", AMBIGUOUS, ids=ascii)
def test_an_address_that_can_be_read_as_two_hosts_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match="allowed"):
        origin(url)
    assert origin_or_empty(url) == ""


@pytest.mark.parametrize("url", AMBIGUOUS, ids=ascii)
def test_an_address_that_can_be_read_as_two_hosts_is_a_mistake_in_the_configuration(url: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(WebAddress).validate_python(url)


@pytest.mark.parametrize("url", PLAIN, ids=ascii)
def test_what_stands_behind_the_host_does_not_change_it(url: str) -> None:
    assert origin(url) == "https://lms.test"
