"""Every deliberate error, sorted by who can act.

OttoBridgeError
├── LaunchRejected        not a launch we may trust; `reason` is a row of bridge/reasons.py
├── LearnerNotFound       nobody in OttoLearn has the student ID        (OttoLearn's administrator)
│   └── LearnerIncomplete and cannot be made: OttoLearn requires what the LMS does not say   (the operator)
├── LearnerAmbiguous      several people have it                        (OttoLearn's administrator)
├── LearnerInactive       the user who has it is inactive               (OttoLearn's administrator)
├── RemoteUnavailable     another system did not answer; later may help (nobody, then the operator)
├── RemoteRefused         another system refused; later will not help   (the operator)
├── RegistrationRefused   an LMS could not be registered; the message tells why (the LMS administrator)
└── RosterIncomplete      a roster was not read completely              (the LMS administrator)
ConfigError               a wrong configuration, outside the family so that no handler swallows it
"""

from __future__ import annotations

from collections.abc import Sequence


class OttoBridgeError(Exception):
    """Anything the bridge foresees going wrong at run time."""


class LaunchRejected(OttoBridgeError):
    """A launch that failed a check.

    `reason` is a stable word from `bridge.reasons.REASONS`; `detail` is for the operator and must hold no secret.
    `return_url` is set only where the request was verified first, so that it may be trusted.
    """

    def __init__(self, reason: str, detail: str = "", *, return_url: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.return_url = return_url


class LearnerNotFound(OttoBridgeError):
    """No Username attribute of any OttoLearn user holds the student ID."""


class LearnerIncomplete(LearnerNotFound):
    """Nobody has the student ID, and nobody can be made: OttoLearn requires what the LMS does not say."""


class LearnerAmbiguous(OttoBridgeError):
    """Several OttoLearn users hold the student ID."""

    def __init__(self, user_ids: Sequence[int]) -> None:
        super().__init__(f"held by the OttoLearn users {', '.join(map(str, user_ids))}")
        self.user_ids = tuple(user_ids)


class LearnerInactive(OttoBridgeError):
    """The OttoLearn user who holds the student ID is inactive."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"OttoLearn user {user_id} is inactive")
        self.user_id = user_id


class RemoteUnavailable(OttoBridgeError):
    """Another system could not be reached, was too slow, or answered 429 or 5xx. Names host and status only."""

    def __init__(
        self, message: str, *, status: int = 0, retry_after: float | None = None, lasting: bool = False
    ) -> None:
        super().__init__(message)
        self.lasting = lasting
        """Whether somebody must fix it first, such as a certificate, and nothing was sent: not to be asked again at
        once."""
        self.status = status
        """429 or 5xx, or 0 where there was no answer: only after a 429 is it known that nothing was done."""
        self.retry_after = retry_after
        """Seconds to wait before another try, where the system named them."""


class RemoteRefused(OttoBridgeError):
    """Another system refused, or its answer was invalid. Names host and status only."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class RegistrationRefused(OttoBridgeError):
    """Dynamic registration failed. The message is a sentence for the LMS administrator."""


class RosterIncomplete(OttoBridgeError):
    """A roster could not be read to its end; nobody may be deactivated."""


class ConfigError(Exception):
    """A wrong configuration: every mistake found, each with file and line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
