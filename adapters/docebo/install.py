"""What a Docebo administrator enters. Fields whose name in Docebo has no source have that of LTI."""

from __future__ import annotations

from typing import Final

from adapters.docebo.launch import CLAIMS, FIELDS
from adapters.docebo.settings import Settings
from bridge.install.guide import TITLE, Addresses, Entry, Section, SetupGuide, bring_back_section

_NEW: Final = "In Docebo: Admin menu, Content, Central repository, add an LTI object (LTI 1.3)."
_OLD: Final = "In Docebo: Admin menu, E-learning, Courses, the course, Training material, Add, LTI."
_APP: Final = (
    "In Docebo: Admin menu, API and SSO, Manage, API credentials, Add OAuth2 app. It signs in as a Superadmin: a Power "
    "User sees only the users assigned to them, and the list calls that everybody."
)


def installation(settings: Settings, addresses: Addresses) -> SetupGuide:
    """The launches that the connection has, LTI 1.3 where it has none yet, and the app of the API."""
    sections: list[Section] = []
    if settings.lti13 or not settings.lti11:
        sections += [_tool(settings, addresses), _bring_back()]
    if settings.lti11:
        sections.append(_old_tool(settings, addresses))
    return SetupGuide(f"Docebo: {addresses.connection}", (*sections, _app(addresses)))


def _tool(settings: Settings, addresses: Addresses) -> Section:
    return Section(
        "LTI object (LTI 1.3)",
        _NEW,
        (
            Entry("Title", TITLE),
            Entry("Initiate login URL (OIDC initiation)", addresses.login),
            Entry("Redirect URI, and target link URI", addresses.launch),
            Entry("Public keyset URL", addresses.keys),
            Entry("Claim with the student ID", CLAIMS.get(settings.student_id, "none"), copied=False),
        ),
    )


def _bring_back() -> Section:
    return bring_back_section(
        {
            "issuer": "the address of the platform, or its own domain",
            "client_id": "Client ID, a small number",
            "deployment_ids": "Deployment ID",
            "auth_url": "Authentication request URL (OIDC authorization endpoint)",
            "token_url": "Access token URL; it ends with /learn/v1/lti/advantage/tokens",
            "jwks_url": "Public keyset URL",
        },
    )


def _old_tool(settings: Settings, addresses: Addresses) -> Section:
    where = f"connections.{addresses.connection}.lti11"
    return Section(
        "Training material (LTI 1.1)",
        _OLD,
        (
            Entry("Title", TITLE),
            Entry("Launch URL", addresses.launch),
            Entry("Consumer key", f"{where}.consumer_key in config.yaml", copied=False),
            Entry("Shared secret", f"{where}.shared_secret in config.yaml", copied=False),
            Entry("Field with the student ID", FIELDS.get(settings.student_id, "none"), copied=False),
        ),
    )


def _app(addresses: Addresses) -> Section:
    return Section(
        "OAuth2 app for the roster",
        _APP,
        (
            Entry("App name", TITLE),
            Entry(
                "Client ID and client secret", f"connections.{addresses.connection}.api in config.yaml", copied=False
            ),
            Entry("Grant types", "Client credentials; or Resource owner password, or JWT bearer", copied=False),
        ),
    )
