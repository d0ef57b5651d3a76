"""What an LMS administrator types, pastes and clicks to install the bridge: one description for text, JSON and page.

An adapter fills a `SetupGuide`; nothing in one may be secret. Standard library only: adapters stand on this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from bridge.presentation.brand import Brand

TITLE = "OttoLearn"
DESCRIPTION = "Opens OttoLearn for the person who is signed in."
"""What the tool is called in an LMS."""
INTO_LTI13 = "Enter these into the connection in config.yaml, under lti13."


class Entry(NamedTuple):
    """One field of the LMS, and what to put into it."""

    label: str
    """The field's name in the LMS."""
    value: str
    """What to paste, or to choose; several lines for a document."""
    note: str = ""
    copied: bool = True
    """Whether the value is to be pasted; otherwise it says what to choose, or where to look."""


class Section(NamedTuple):
    """One form, or one step."""

    title: str
    text: str
    """Where in the LMS this is, and what to do there."""
    entries: tuple[Entry, ...] = ()


class SetupGuide(NamedTuple):
    """Everything for one connection, in the order in which it is done."""

    title: str
    sections: tuple[Section, ...]


def claimed_section(student_id: str) -> Section:
    """What a `student_id` means that stands only in a custom field."""
    return Section(
        "Who can write the student ID",
        f"{student_id} comes in a custom field, and whoever may edit a course can set custom fields of its links: such "
        "an ID is only claimed, and is refused, unless the connection "
        "says accepts: [signed, confirmed, asserted, claimed]. Choose a student_id that the LMS fills by itself where "
        "there is one.",
    )


def bring_back_section(names: Mapping[str, str], text: str = INTO_LTI13) -> Section:
    """What an administrator takes from the LMS into `lti13`: each key, and what the LMS calls it."""
    entries = tuple(Entry(key, name, copied=False) for key, name in names.items())
    return Section("What to bring back", text, entries)


class RegistrationRequest(NamedTuple):
    """What dynamic registration asks a platform for, beyond what every tool asks."""

    custom: Mapping[str, str]
    """Custom parameters: the variables that carry the student ID."""
    where: str
    """Where in the LMS an administrator pastes the invitation's address."""
    claims: tuple[str, ...]
    """Claims about the person."""
    extra: Mapping[str, Any]
    """Members of the platform's own for the tool configuration."""
    placements: tuple[str, ...] = ()
    """Where in the LMS the tool is offered for a launch; the platform's own choice where empty."""
    choosing: tuple[str, ...] = ()
    """Where it is offered to a teacher who picks a course; the platform's own choice where empty."""
    hosts: tuple[str, ...] = ()
    """Domains of the platform's maker: an issuer there may have its addresses on any host below them."""


class PackageOrder(NamedTuple):
    """What a package is to be."""

    format: str
    """One of the adapter's `package_formats`."""
    connection: str
    public_url: str
    title: str
    window: str = "frame"
    """Where OttoLearn opens: in the course's `frame`, or in a `window` of its own."""
    token: str = ""
    """Under which the package is registered."""
    language: str = ""
    """The title's, and the page's where the LMS says none of the learner's; empty: nobody said."""
    brand: Brand | None = None
    """How its page looks."""
    probe: bool = False
    """Whether it shows what the LMS passes, and launches nothing."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The bridge's addresses for one connection."""

    public_url: str
    connection: str
    courses: bool = False
    """Whether there are courses for a teacher to pick."""
    grades: bool = False
    """Whether OttoLearn tells us of progress (`bridge.progress_token`), so that the LMS can be given grades."""

    @property
    def host(self) -> str:
        """Host and port as a browser shows them: what LMSs call the tool's domain."""
        return urlsplit(self.public_url).netloc

    @property
    def login(self) -> str:
        """Where an LTI 1.3 login begins."""
        return f"{self.public_url}/lti/{self.connection}/login"

    @property
    def launch(self) -> str:
        """Where LTI launches of both versions arrive."""
        return f"{self.public_url}/lti/{self.connection}/launch"

    @property
    def consent(self) -> str:
        """Where the browser ends that has consented to the use of an API (the redirect URI of the OAuth client)."""
        return f"{self.public_url}/setup/{self.connection}/consent"

    @property
    def keys(self) -> str:
        """Our public keys."""
        return f"{self.public_url}/lti/jwks.json"

    @property
    def icon(self) -> str:
        """A picture for the tool."""
        return f"{self.public_url}/static/icon.svg"


def to_text(guide: SetupGuide) -> str:
    """`guide` for a terminal."""
    lines = [guide.title]
    for section in guide.sections:
        lines += ["", section.title, "-" * len(section.title), section.text, *map(_entry_text, section.entries)]
    return "\n".join(lines)


def _entry_text(entry: Entry) -> str:
    note = f"    ({entry.note})" if entry.note else ""
    if "\n" in entry.value.strip():
        return f"\n{entry.label}:{note}\n\n{entry.value.rstrip()}"
    return f"\n{entry.label}:\n    {entry.value}{note}"


def to_document(guide: SetupGuide) -> dict[str, Any]:
    """`guide` for machines."""
    sections = [
        {"title": section.title, "text": section.text, "entries": [entry._asdict() for entry in section.entries]}
        for section in guide.sections
    ]
    return {"title": guide.title, "sections": sections}
