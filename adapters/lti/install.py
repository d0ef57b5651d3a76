"""What the administrator of any LTI platform needs to know of the bridge, and what dynamic registration asks for."""

from __future__ import annotations

from adapters.lti.launch import BRIGHTSPACE
from adapters.lti.settings import Settings
from bridge.install.guide import (
    TITLE,
    Addresses,
    Entry,
    RegistrationRequest,
    Section,
    SetupGuide,
    bring_back_section,
    claimed_section,
)
from bridge.lti.grades import SCORE_SCOPE
from bridge.lti.student import CLAIM

FIELDS_13 = {
    "lis_person_sourcedid": f"{CLAIM}lis, member person_sourcedid",
    "user_id": "sub",
    "email": "email",
    "preferred_username": "preferred_username",
    "org_defined_id": f"{BRIGHTSPACE}, member org_defined_id",
    "d2l_username": f"{BRIGHTSPACE}, member username",
}
FIELDS_11 = {
    "lis_person_sourcedid": "lis_person_sourcedid",
    "user_id": "user_id",
    "email": "lis_person_contact_email_primary",
    "org_defined_id": "ext_d2l_orgdefinedid",
    "d2l_username": "ext_d2l_username",
}


def installation(settings: Settings, addresses: Addresses) -> SetupGuide:
    """The addresses and fields for the versions of LTI that the connection has; for LTI 1.3 where it has none yet."""
    sections: list[Section] = []
    if settings.lti13 or not settings.lti11:
        sections += [_tool(settings, addresses), _bring_back()]
    if settings.lti11:
        sections.append(_old_tool(settings, addresses))
    if settings.custom_name:
        sections.append(claimed_section(settings.student_id))
    return SetupGuide(f"LTI platform: {addresses.connection}", tuple(sections))


def registration_request(student_id: str, addresses: Addresses) -> RegistrationRequest:
    """What dynamic registration asks for. Which variable fills a custom field is the platform's own; its administrator
    enters it.
    """
    del addresses
    names = ("iss", "sub", "name", "given_name", "family_name")
    return RegistrationRequest(
        custom={},
        where="Paste it where your LMS asks for the registration (or initiation) URL of an LTI tool.",
        claims=(*names, "email") if student_id == "email" else names,
        extra={},
    )


def _tool(settings: Settings, addresses: Addresses) -> Section:
    custom = settings.custom_name
    place = f"{CLAIM}custom, member {custom}" if custom else FIELDS_13[settings.student_id]
    services = f"Assignment and Grade Services with the scope {SCORE_SCOPE}" if addresses.grades else "None"
    messages = "LtiResourceLinkRequest, LtiDeepLinkingRequest" if addresses.courses else "LtiResourceLinkRequest"
    return Section(
        "Tool (LTI 1.3)",
        "Platforms name these fields differently; each stands here under the name that the LTI specification gives it.",
        (
            Entry("Name", TITLE),
            Entry("Initiate login URL (OIDC initiation)", addresses.login),
            Entry("Redirect URI", addresses.launch),
            Entry("Target link URI (launch URL)", addresses.launch),
            Entry("Deep linking URL", addresses.launch)
            if addresses.courses
            else Entry("Deep linking URL", "", "None.", copied=False),
            Entry("JWKS URL (public keyset)", addresses.keys),
            Entry("Domain", addresses.host),
            Entry("Messages", messages, copied=False),
            Entry("Signature algorithm", "RS256", copied=False),
            Entry("Services", f"{services}; Names and Role Provisioning for a roster of the courses", copied=False),
            Entry(
                "Claims that must be sent",
                f"sub, given_name, family_name, {place}",
                "The last is the student ID.",
                copied=False,
            ),
            *_variable(custom),
            Entry(
                "Opens in", "New window", "In the LMS's frame many browsers keep OttoLearn signed out.", copied=False
            ),
        ),
    )


def _content_selection(addresses: Addresses) -> tuple[Entry, ...]:
    if not addresses.courses:
        return ()
    return (Entry("Content selection URL (ContentItemSelectionRequest)", addresses.launch),)


def _variable(custom: str) -> tuple[Entry, ...]:
    if not custom:
        return ()
    return (Entry("Custom parameter", f"{custom}=", "After the = put the platform's variable for the student ID."),)


def _bring_back() -> Section:
    return bring_back_section(
        {
            "issuer": "Platform ID, or issuer",
            "client_id": "Client ID",
            "deployment_ids": "Deployment ID",
            "auth_url": "Authentication request URL (OIDC authorization endpoint)",
            "token_url": "Access token URL",
            "jwks_url": "Public keyset URL",
        },
    )


def _old_tool(settings: Settings, addresses: Addresses) -> Section:
    custom = settings.custom_name
    place = (
        f"custom_{custom.lower()}" if custom else FIELDS_11.get(settings.student_id, "which LTI 1.1 has no field for")
    )
    return Section(
        "Tool (LTI 1.1)",
        "Key and secret stand in config.yaml; nothing else must be sent than what is named here.",
        (
            Entry("Name", TITLE),
            Entry("Launch URL", addresses.launch),
            *_content_selection(addresses),
            Entry(
                "Consumer key", f"connections.{addresses.connection}.lti11.consumer_key in config.yaml", copied=False
            ),
            Entry(
                "Shared secret", f"connections.{addresses.connection}.lti11.shared_secret in config.yaml", copied=False
            ),
            Entry(
                "Fields that must be sent",
                f"user_id, lis_person_name_given, lis_person_name_family, {place}",
                "The last is the student ID.",
                copied=False,
            ),
            *_variable(custom),
        ),
    )
