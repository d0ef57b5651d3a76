"""The keys of a connection with `adapter: scorm`."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from adapters.scorm.callback import is_plain_host
from bridge.config.settings import Frozen, Origin, WebAddress


def _callable(url: str) -> str:
    """An address that a request may make us call."""
    if not is_plain_host(urlsplit(url).hostname or "") or "\\" in url or not url.isascii() or not url.isprintable():
        raise ValueError("allowed: a host name in ASCII letters (xn--… for others) or an ordinary IP address")
    return url


def _prefix(url: str) -> str:
    parts = urlsplit(url)
    if not parts.path.endswith("/") or parts.query:
        raise ValueError("allowed: an address that ends with / and has no query; everything under it may be called")
    return url


Callback = Annotated[WebAddress, AfterValidator(_callable)]


class Aicc(Frozen):
    """Where AICC launches may ask us to call back."""

    allowed_urls: tuple[Callback, ...] = Field(min_length=1)
    """Whole AICC_URLs, query included: a request chooses among them and adds nothing to them."""


class Cmi5(Frozen):
    """Where cmi5 launches may ask us to call back."""

    allowed_urls: tuple[Annotated[Callback, AfterValidator(_prefix)], ...] = Field(min_length=1)
    """What `fetch` and `endpoint` must begin with: `https://lms.example.com/xapi/`."""


class StepUp(Frozen):
    """The customer's OpenID provider, where a learner of a SCORM package signs in before they get in."""

    issuer: Callback
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    claim: str = Field(default="preferred_username", min_length=1)
    """The claim that holds a Username value of OttoLearn's."""


class Settings(Frozen):
    """An LMS that plays packages."""

    student_id: Literal["learner_id"] = "learner_id"
    """`cmi.core.student_id`, `cmi.learner_id`, AICC's `Student_ID`, or the name of cmi5's account."""
    package_origins: tuple[Origin, ...] = ()
    """Sites of the LMS that are approved from the start; others are learned, and approved by a command."""
    step_up: StepUp | None = None
    """None: what a learner's browser says is believed as far as `accepts` goes."""
    aicc: Aicc | None = None
    """None: no AICC launch is taken."""
    cmi5: Cmi5 | None = None
    """None: no cmi5 launch is taken."""
