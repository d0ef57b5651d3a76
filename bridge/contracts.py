"""The types that the bridge and its adapters share: launches, rosters, connections, and the adapter itself.

Standard library only, and no import of other modules of the bridge at run time. docs/glossary.md explains each name.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, NewType, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.install.guide import Addresses, PackageOrder, RegistrationRequest, SetupGuide
    from bridge.net.http import Outbound
    from bridge.presentation.brand import Brand
    from bridge.presentation.support import Support
    from bridge.roster.authorization_code import AuthorizationCodeClient
    from bridge.roster.services import ConnectionState, LtiServices, Pushes
    from bridge.roster.settings import LookUpPolicy

S = TypeVar("S")
State = Literal["ok", "look", "failed"]
"""The result of a check of `ottobridge doctor`; `look`: it works, but an administrator should look at it."""
FIRST_NAME = "firstName"  # SEEN
LAST_NAME = "lastName"  # ASSUMED
"""OttoLearn's attributes that hold the name of a user."""


class Student(NamedTuple):
    """A person as the LMS names them. Names are for display, never for matching."""

    student_id: str
    first_name: str
    last_name: str

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.first_name, self.last_name)))


class Learner(NamedTuple):
    """A person's record in OttoLearn."""

    user_id: int
    active: bool
    attributes: Mapping[str, str]
    """Every attribute by its name in OttoLearn (`firstName`, `username`, ...), as text."""

    @property
    def name(self) -> str:
        first, last = self.attributes.get(FIRST_NAME, ""), self.attributes.get(LAST_NAME, "")
        return f"{clean(first)} {clean(last)}".strip()


class Match(NamedTuple):
    """The learner who has a student ID, and the most trusted of the Username attributes that say so."""

    learner: Learner
    attribute: str
    by_link: bool = False
    """Whether an administrator has linked the ID with this user; `attribute` is then just one that is filled."""


class Kind(enum.StrEnum):
    """The way a launch came in."""

    LTI13 = "lti13"
    LTI11 = "lti11"
    SCORM12 = "scorm12"
    SCORM2004 = "scorm2004"
    AICC = "aicc"
    CMI5 = "cmi5"


ASKING = frozenset({Kind.SCORM12, Kind.SCORM2004})
"""Kinds whose page polls the bridge for progress; to the LMS of any other kind the bridge reports it."""


class Assurance(enum.StrEnum):
    """Who vouches for the student ID; a connection's `accepts` decides by it."""

    SIGNED = "signed"
    """The LMS signed it (LTI)."""
    CONFIRMED = "confirmed"
    """The LMS answered our server (AICC, cmi5)."""
    CLAIMED = "claimed"
    """It came in a signed launch, but in a field that a course author can write, and in no other."""
    ASSERTED = "asserted"
    """Only the learner's browser says so (SCORM)."""


VOUCHED = frozenset({Assurance.SIGNED, Assurance.CONFIRMED})
"""The LMS itself vouches for the student ID."""
ACCEPTED = frozenset(Assurance) - {Assurance.CLAIMED}
"""What a connection takes that says nothing of it."""


class Outcome(enum.StrEnum):
    """How a launch ended."""

    MATCHED = "matched"
    NO_MATCH = "no_match"
    AMBIGUOUS = "ambiguous"
    INACTIVE = "inactive"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Launch:
    """A verified wish of a student to enter OttoLearn: what every adapter's launch ends in."""

    student: Student
    kind: Kind
    assurance: Assurance
    return_url: str = ""
    """The way back to the LMS, http or https, or empty."""
    record: str = ""
    """The LMS's own lasting name of the person (LTI `sub` or `user_id`), or empty where it gives none."""
    roles: tuple[str, ...] = ()
    course: str = ""
    """The key of the OttoLearn course that the link in the LMS was made for, or empty."""
    other_case: str = ""
    """The student ID as another field of the launch has it, where that differs in ASCII letter case alone."""
    remark: str = ""
    """A remark for the launch record about an unusual launch that is let in; empty for none."""
    member_list: str = ""
    """Where an LTI platform lists the members of the course that the launch comes from, or empty."""
    package_token: str = field(default="", repr=False)
    """The token of our package, where the LMS itself passed it on; empty where it did not."""
    locale: str = ""
    """The language that the student reads, as the LMS says it: `de`, `pt_BR`, `en-US,fr-FR`, or empty."""
    channel: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the adapter needs to report progress to the LMS, in its own keys; empty where it cannot. Holds secrets."""

    @property
    def takes_progress(self) -> bool:
        """Whether the LMS gets to know of progress: a page asks for it, or there is a channel to tell it by."""
        return self.kind in ASKING or bool(self.channel)


class Report(NamedTuple):
    """What OttoLearn says of one visit, for the LMS: incomplete until mastered, then complete, passed, 100 percent."""

    progress: float
    """From 0 to 1."""
    mastered: bool
    seconds: int
    """Learning time of this visit so far."""
    new_seconds: int
    """The part of `seconds` that was not reported before, for LMSs that add up reports."""
    ends: bool
    """Whether this is the last report, after which the LMS may close the session."""
    time: float
    """When OttoLearn reported it, in seconds since 1970."""


SignedClaims = NewType("SignedClaims", Mapping[str, Any])
"""Claims of an LTI 1.3 id_token that passed every check of `bridge.lti.v13.verify`; only it makes one."""

SignedForm = NewType("SignedForm", Mapping[str, str])
"""Fields of an LTI 1.1 launch that passed every check of `bridge.lti.v11.verify`; only it makes one."""


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """One HTTP request as plain values, so that no protocol sees the web framework."""

    method: str
    url: str
    """The address as the LMS knows it (from `bridge.public_url`, never from the Host header), without query."""
    query: Sequence[tuple[str, str]] = ()
    """Decoded query parameters in their order, repeats kept."""
    form: Sequence[tuple[str, str]] = ()
    """Decoded form fields in their order, repeats kept; empty unless the body is a form."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    cookies: Mapping[str, str] = field(default_factory=dict)


PLACE, RECORD = "@place", "@record"


class RosterMember(NamedTuple):
    """One person of an LMS's roster.

    `fields` holds every id and detail under the LMS's own name for it (`idnumber`, `login_id`, `email`, ...);
    an absent key means that the LMS did not say, an empty string that it said "none".
    `PLACE`, where the source has such a thing, is the person's place in it (`People!A17`), for reports;
    `RECORD` is the source's own lasting name of this record, which it never gives to somebody else.
    """

    student: Student
    fields: Mapping[str, str]
    active: bool = True


class RosterEnd(NamedTuple):
    """The proof that a roster was read completely: absence means "gone" only after it."""

    total: int
    """How many members the source says there are, or how many were read where it does not say."""
    as_of: float | None = None
    """The source's own clock when the reading began, in seconds since 1970; None where it did not say."""
    guess: str = ""
    """What the reader guessed (columns, for example), to be confirmed before anything is written; empty for nothing.
    Equal texts mean the same guess. Never a name or an id of a person."""
    lacks: str = ""
    """The right that the source did not give ("the right to run reports"), so that it was read in a way that has less
    about people; empty for none. Where the last reading had the right, nobody gets access by this one."""


RosterPages = Iterator[Sequence[RosterMember] | RosterEnd]
"""Pages of members, then exactly one `RosterEnd`. A reader that reaches a limit raises, and never just ends."""


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """The dependencies of a roster reader that are not pure."""

    outbound: Outbound
    now: Callable[[], float]
    """Seconds since 1970."""
    sleep: Callable[[float], None]
    notice: Callable[[str], None]
    """Shows a sentence to the operator; it must hold no name and no id of a person."""
    services: Callable[[], LtiServices] | None = None
    """Called only by readers that ask an LTI platform; None where the bridge has no keys."""
    usernames: Sequence[str] = ()
    """OttoLearn's Username attributes: what fills one of them is an ID."""
    pushes: Pushes | None = None
    """What was pushed to the connection by SCIM; None for connections without it."""
    state: ConnectionState | None = None
    """None where nothing is kept between one reading and the next."""


class Observation(NamedTuple):
    """One check of `ottobridge doctor` that an adapter makes: what was checked, the result, and what to do."""

    what: str
    state: State
    detail: str = ""
    advice: str = ""


class Memory(NamedTuple):
    """What the bridge keeps for an adapter between one request and the next, for one connection alone."""

    look: Callable[[str], str]
    """The value stored under this key; empty where there is none, or it has expired."""
    keep: Callable[[str, str, float], None]
    """Store a value under a key for so many seconds, unless the key has a value already."""


@dataclass(frozen=True, slots=True)
class CallbackContext:
    """The dependencies of an adapter that calls the LMS for a launch: to verify it, or to report progress."""

    outbound: Outbound
    now: Callable[[], float]
    """Seconds since 1970."""
    memory: Memory


@dataclass(frozen=True, kw_only=True)
class Adapter(Generic[S]):
    """The functions of one LMS or package format. What it cannot do is None, not a function that raises.

    The functions take plain values and raise only what `bridge.errors` names.
    """

    name: str
    """The word after `adapter:` in the configuration."""
    title: str
    """Its name on pages."""
    settings: type[S]
    """A frozen pydantic model: the keys of a connection of this kind."""
    presets: Callable[[], Mapping[str, str]] | None = None
    """The values of the setting `preset`, each with the name of the LMS that it describes."""
    read_claims: Callable[[SignedClaims, S], Launch] | None = None
    """LTI 1.3: which claim is what."""
    read_course: Callable[[SignedClaims, S], str] | None = None
    """LTI 1.3: where the platform lists the members of the course that a launch comes from, or empty."""
    read_form: Callable[[SignedForm, S], Launch] | None = None
    """LTI 1.1: which field is what."""
    read_page: Callable[[LaunchRequest, S], Launch] | None = None
    """SCORM: what the page inside a package posted."""
    read_aicc: Callable[[LaunchRequest, S, CallbackContext], Launch] | None = None
    """AICC: ask the LMS back who the session belongs to."""
    read_cmi5: Callable[[LaunchRequest, S, CallbackContext], Launch] | None = None
    """cmi5: trade the fetch URL for a token and ask the LMS back."""
    report: Callable[[Mapping[str, str], Report, S, CallbackContext], None] | None = None
    """Tell the LMS of progress, given the `channel` of the launch."""
    read_roster: Callable[[S, ReaderContext], RosterPages] | None = None
    """All people of the LMS, a page at a time."""
    read_changes: Callable[[S, ReaderContext, float], RosterPages] | None = None
    """The people changed after a time by the LMS's clock, with their RECORD, and inactive where they left. The
    RosterEnd proves that these were all changes; it says nothing about other people."""
    look_up: Callable[[S, ReaderContext, str], Sequence[RosterMember]] | None = None
    """The people whom the LMS has with this student ID now, asked at once and with few calls; empty if nobody has it,
    more than one where the ID is doubled. A learner waits for it: it does not wait out what the LMS asks to wait for.
    Members are as `read_roster` yields them, `fields` and RECORD included, and without people whom the filters
    of `read_roster` exclude. Raises what `bridge.errors` names."""
    look_up_lacks: Callable[[S], str] = lambda _: ""
    """What a connection lacks, so that nobody can be looked up there, in words for the operator; empty for nothing."""
    record_of_launch: Callable[[S, ReaderContext, str, str], str] | None = None
    """The RECORD in rosters of the person whom launches of this `Kind` call by this `Launch.record`, as the LMS says
    now; empty where it cannot say. None: their names have nothing to do with each other, or are the same by
    `roster_namespace`."""
    examine: Callable[[S, ReaderContext], Iterator[Observation]] | None = None
    """The checks of `ottobridge doctor` for this LMS alone; they change nothing there."""
    tells_changes: Callable[[S], bool] = lambda _: True
    """Whether the source of a connection has `read_changes`, where the adapter has several kinds of sources."""
    fingerprint: Callable[[S], str] | None = None
    """A digest of the file that the roster is read from, empty where there is none: a plan holds while it stays so."""
    correct: Callable[[S, Sequence[str], Path, Sequence[tuple[str, int, str, str]], bool], int] | None = None
    """Write a copy of the file that the roster is read from, which says what to correct in it; how many mistakes there
    are. Given OttoLearn's Username attributes, where to write, what is wrong besides (place, row, what, allowed) and
    whether to write a copy without mistakes. Raises RosterIncomplete for the source, OSError for the copy."""
    installation: Callable[[S, Addresses], SetupGuide] | None = None
    """What the LMS's administrator enters to install the bridge."""
    consent: Callable[[S], AuthorizationCodeClient | None] | None = None
    """The OAuth client for which an administrator must consent once, by `ottobridge setup`, before the API can be read;
    None where the connection needs no consent."""
    registration_request: Callable[[str, Addresses], RegistrationRequest] | None = None
    """LTI dynamic registration: what to ask for, given the `student_id` setting."""
    overlap: float = 86_400.0
    """Seconds of changes that `read_changes` is asked for again: sources stamp a change before it can be seen, in local
    time, or by the day. What has not changed since costs only its reading."""
    takes_pushes: bool = False
    """Whether people are pushed to the bridge (SCIM), so that the roster is what the bridge itself has kept of that."""
    roster_namespace: str = "roster"
    """Whose records the roster names: a `Kind`, where they are the same as those of its launches."""
    package_formats: tuple[str, ...] = ()
    """The formats of which `build_package` makes packages."""
    build_package: Callable[[PackageOrder], bytes] | None = None
    """The zip that an administrator imports into an LMS. Raises ValueError with a sentence for an unusable title."""
    claims_roster: Callable[[S], bool] = lambda _: False
    """Whether the student IDs of the roster are in fields that a course author can write: they are only `claimed`."""


@dataclass(frozen=True)
class Connection(Generic[S]):
    """One configured LMS installation. A person's key is (connection, student ID)."""

    name: str
    adapter: Adapter[S]
    settings: S
    accepts: frozenset[Assurance] = ACCEPTED
    """Which assurances a launch may have."""
    id_rules: Sequence[Any] = ()
    """`bridge.learners.students.Rule`s, which `shape` applies."""
    provisioning: Mapping[str, str] | None = None
    """The attributes of users created for unknown students, where the LMS has no value; None: none is created."""
    look_up: LookUpPolicy | None = None
    """How unknown students are looked up in the LMS at a launch; None: they are not."""
    ignore_case: bool = False
    """Whether student IDs that differ in ASCII letter case alone are the same."""
    replaces_ids: bool = False
    """Whether a roster may replace what it did not write in a Username attribute."""
    follows_ids: bool = False
    """Whether a roster sync takes a person's changed student ID over; otherwise an administrator does."""
    roster_connection: str = ""
    """The connection whose roster knows the people who launch here; empty where it is this one, or none."""
    support: Support | None = None
    """The support contact of its learners; None: `bridge.support`."""
    brand: Brand | None = None
    """The brand of its pages; None: `bridge.brand`."""

    def shape(self, student_id: str) -> str:
        """The ID to look up, of one that the LMS sends."""
        for rule in self.id_rules:
            student_id = rule.apply(student_id)
        return student_id

    @property
    def step_up(self) -> Any:
        """The settings by which learners prove at a provider who they are; None where nobody must."""
        return getattr(self.settings, "step_up", None)


def clean(text: object) -> str:
    """Text as it is stored: Unicode NFC, trimmed, control characters out; anything but text or a number is empty.

    A number is written as digits (Canvas sends numeric ids as JSON integers); a boolean is not a number here.
    """
    if isinstance(text, str) and text.isprintable():  # nearly always, and rosters clean millions of texts
        return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()
    if text is None or isinstance(text, bool) or not isinstance(text, str | int):
        return ""
    if isinstance(text, int):
        return str(text)
    kept = "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cs"} or c in "\t\n\r")
    return unicodedata.normalize("NFC", kept).strip()
