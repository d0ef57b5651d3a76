"""What a Moodle administrator enters, and what dynamic registration asks Moodle for.

The fields are those of Moodle 4.5, in the order of its form (Site administration, Plugins, Activity modules, External
tool, Manage tools, configure a tool manually).
"""

from __future__ import annotations

from adapters.moodle.settings import Settings
from bridge.install.guide import (
    DESCRIPTION,
    TITLE,
    Addresses,
    Entry,
    RegistrationRequest,
    Section,
    SetupGuide,
    bring_back_section,
)
from bridge.lti.settings import Lti11

NEEDS_EMAIL = {"email"}
ESCAPED = "&<"
"""Moodle 4.5 looks for the key of a grade as HTML would have it (format_string in mod/lti/OAuthBody.php)."""
NO_USE = "Do not use this service"
SYNC = "Use this service for grade sync only"
GRADED = Entry(
    "Accept grades from the tool",
    "Always",
    "Or Delegate to teacher, who then ticks Allow OttoLearn to add grades in the gradebook in each activity.",
    copied=False,
)
WHERE = (
    "In Moodle: Site administration, Plugins, Activity modules, External tool, Manage tools, then configure a tool "
    "manually. Fields that are not named here stay as they are."
)


def installation(settings: Settings, addresses: Addresses) -> SetupGuide:
    """The form's fields for the versions of LTI that the connection has; for LTI 1.3 where it has none yet."""
    sections: list[Section] = []
    if settings.lti13 or not settings.lti11:
        sections += [
            Section("External tool configuration (LTI 1.3)", WHERE, _fields(settings, addresses, _new_keys(addresses))),
            _bring_back(),
        ]
    if settings.lti11:
        old = _fields(settings, addresses, _old_keys(settings.lti11, addresses), service=False)
        sections.append(Section("External tool configuration (LTI 1.1)", WHERE, old))
    return SetupGuide(f"Moodle: {addresses.connection}", (*sections, _activity(addresses)))


def registration_request(student_id: str, addresses: Addresses) -> RegistrationRequest:
    """What dynamic registration asks for. Each of the four ids comes by itself; only an e-mail address is a claim."""
    del addresses
    names = ("iss", "sub", "name", "given_name", "family_name")
    return RegistrationRequest(
        custom={},
        where=(
            "In Moodle: Site administration, Plugins, Activity modules, External tool, Manage tools. Paste it as Tool "
            "URL, choose Add LTI Advantage, then Activate on the new tool's card."
        ),
        claims=(*names, "email") if student_id in NEEDS_EMAIL else names,
        extra={},
    )


def _fields(
    settings: Settings, addresses: Addresses, keys: tuple[Entry, ...], *, service: bool = True
) -> tuple[Entry, ...]:
    """`service`: whether grades go by the service of LTI 1.3; by LTI 1.1 they go by Basic Outcomes, which need none."""
    email = "Always" if settings.student_id in NEEDS_EMAIL else "Never"
    return (
        Entry("Tool name", TITLE),
        Entry("Tool URL", addresses.launch),
        Entry("Tool description", DESCRIPTION),
        *keys,
        Entry("Custom parameters", "", "Leave it empty.", copied=False),
        Entry("Tool configuration usage", "Show in activity chooser and as a preconfigured tool", copied=False),
        Entry(
            "Default launch container",
            "New window",
            "In Moodle's frame many browsers keep OttoLearn signed out.",
            copied=False,
        ),
        *_choosing(addresses),
        Entry("Icon URL", addresses.icon, "Under Show more."),
        Entry("IMS LTI Assignment and Grade Services", SYNC if addresses.grades and service else NO_USE, copied=False),
        Entry("IMS LTI Names and Role Provisioning", NO_USE, copied=False),
        Entry("Tool Settings", NO_USE, copied=False),
        Entry("Share launcher's name with tool", "Always", copied=False),
        Entry("Share launcher's email with tool", email, copied=False),
        GRADED if addresses.grades else Entry("Accept grades from the tool", "Never", copied=False),
        Entry(
            "Force SSL",
            "Yes" if addresses.public_url.startswith("https:") else "No",
            "No on a Moodle whose own address begins with http: grades would go astray.",
            copied=False,
        ),
    )


def _new_keys(addresses: Addresses) -> tuple[Entry, ...]:
    return (
        Entry("LTI version", "LTI 1.3", copied=False),
        Entry("Public key type", "Keyset URL", copied=False),
        Entry("Public keyset", addresses.keys),
        Entry("Initiate login URL", addresses.login),
        Entry("Redirection URI(s)", addresses.launch),
    )


def _old_keys(lti11: Lti11, addresses: Addresses) -> tuple[Entry, ...]:
    escaped = any(letter in lti11.consumer_key for letter in ESCAPED)
    note = "It holds & or <: Moodle takes no grades by such a key. Choose another." if escaped else ""
    return (
        Entry("LTI version", "LTI 1.0/1.1", copied=False),
        Entry(
            "Consumer key", f"connections.{addresses.connection}.lti11.consumer_key in config.yaml", note, copied=False
        ),
        Entry("Shared secret", f"connections.{addresses.connection}.lti11.shared_secret in config.yaml", copied=False),
    )


def _choosing(addresses: Addresses) -> tuple[Entry, ...]:
    if not addresses.courses:
        return (Entry("Supports Deep Linking (Content-Item Message)", "No", copied=False),)
    return (
        Entry("Supports Deep Linking (Content-Item Message)", "Yes", copied=False),
        Entry("Content Selection URL", addresses.launch),
    )


def _bring_back() -> Section:
    return bring_back_section(
        {
            "issuer": "Platform ID",
            "client_id": "Client ID",
            "deployment_ids": "Deployment ID",
            "auth_url": "Authentication request URL",
            "token_url": "Access token URL",
            "jwks_url": "Public keyset URL",
        },
        "In Manage tools, click the magnifier on the tool's card (View configuration details) and enter what it "
        "shows into the connection in config.yaml, under lti13.",
    )


def _activity(addresses: Addresses) -> Section:
    pick = " Select content shows the OttoLearn courses to pick from." if addresses.courses else ""
    return Section(
        "Activity",
        f"In a course, with editing switched on: Add an activity or resource, {TITLE}, save.{pick}",
    )
